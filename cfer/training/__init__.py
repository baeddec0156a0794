"""Learning: the basic phase, class-incremental steps after it, and lessons from one picture."""
