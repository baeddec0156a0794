"""Pages of docs/, written from results."""
