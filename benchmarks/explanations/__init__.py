"""Which maps are right, faithful and fast."""
