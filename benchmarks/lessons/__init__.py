"""What lessons bring and cost."""
