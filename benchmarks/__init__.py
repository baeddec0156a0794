"""Benchmarks: scripts by subject, their results as JSON in results/, and the pages that are written from those."""
