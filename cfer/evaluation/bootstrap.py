"""The one bootstrap: whole groups are drawn again with replacement, and what is scored is scored on each draw."""

import numpy as np


def group_draws(groups: int, draws: int, seed: int = 0) -> np.ndarray:
    """Number of times that each group is drawn (D, G) when as many groups as there are are drawn with replacement."""
    picks = np.random.default_rng(seed).integers(groups, size=(draws, groups))
    return np.apply_along_axis(np.bincount, 1, picks, minlength=groups).astype(float)


def percentiles(spread: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The interval that holds the middle share of some draws (D,), nan left out."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(spread, (tail, 1 - tail))
    return float(low), float(high)


def bootstrap_interval(
    values: np.ndarray, groups: np.ndarray | None = None, *, draws: int = 1000, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Interval of the mean of some values when whole groups are drawn again with replacement.

    Args:
        values: (N,).
        groups: Number (N,) of each value's group; None for every value by itself.
        draws: How many times.
        seed: Seeds the draws.
        level: Share of the draws that the interval holds.
    """
    inverse = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums, sizes = np.bincount(inverse, weights=values), np.bincount(inverse)
    drawn = group_draws(len(sums), draws, seed)
    return percentiles(drawn @ sums / (drawn @ sizes), level)
