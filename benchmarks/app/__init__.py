"""How fast the page and batches are, and what the page shows of results."""
