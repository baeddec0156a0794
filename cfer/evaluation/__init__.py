"""Scoring of learners: runs over streams, metrics, intervals, reports."""
