"""What all benchmarks share: how a result is written and what it is of."""
