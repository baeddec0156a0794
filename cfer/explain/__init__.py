"""Where in the face the evidence for a class lies."""
