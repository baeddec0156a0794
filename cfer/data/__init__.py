"""Pictures with labels: one table, readers for the layouts in use, splits, and a plain-words check."""
