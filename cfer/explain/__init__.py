"""Explanations: where in the face the evidence for a class lies, by which units, and how classes compare."""
