"""Who learns compounds best, and what it costs."""
