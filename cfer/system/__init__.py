"""Foundations of every part: files, output folders, processes, provenance, seeds, the package's own data."""
