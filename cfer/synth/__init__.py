"""Rendered faces with ground truth."""
