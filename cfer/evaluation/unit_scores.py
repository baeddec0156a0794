"""Scores of action units on pictures without codes: by expressions that usually show a unit, and those that never do.

The published prototypes (Du, Tao & Martinez, PNAS 2014, Table 1) say which share of people show a unit with an
expression. Nobody coded the pictures, so this sees whether a readout points the right way on them, not how exact it is.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from cfer.emotions import BASICS, prototype

USUAL = 0.5
"""Share of people from which on an expression usually shows a unit."""
FEWEST = 20
"""Pictures that show a unit, and pictures that do not, from which on it is scored."""
COUNTS_AS = 30
"""A class with fewer pictures counts by its number, as if it had so many: a handful decides nothing."""


def unit_aucs(
    readings: Tensor | np.ndarray, labels: Sequence[str], units: Sequence[int], weights: np.ndarray | None = None
) -> dict[int, float]:
    """Area under the curve by which a unit's reading tells expressions that usually show it from those that never do.

    Args:
        readings: (N, U), any monotonous scale.
        labels: Basic expressions of N pictures.
        units: FACS numbers of the U units.
        weights: (N,) of the pictures; classes balanced by default.

    Returns:
        By unit, 0 to 1, chance is 0.5; units with too few pictures on either side are left out.
    """
    from sklearn.metrics import roc_auc_score

    values = np.asarray(readings, float)
    chosen = balanced_weights(labels) if weights is None else weights
    shares = np.array([[prototype(label).get(unit, 0.0) for unit in units] for label in BASICS])
    shown = shares[[BASICS.index(label) for label in labels]]  # (N, U)
    found: dict[int, float] = {}
    for place, unit in enumerate(units):
        usual, never = shown[:, place] >= USUAL, shown[:, place] == 0
        if min(usual.sum(), never.sum()) >= FEWEST:
            kept = usual | never
            found[unit] = float(roc_auc_score(usual[kept], values[kept, place], sample_weight=chosen[kept]))
    return found


def balanced_weights(labels: Sequence[str]) -> np.ndarray:
    """Weights (N,) by which classes count alike; those with few pictures by their number."""
    _, place, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    return 1 / np.maximum(counts, COUNTS_AS)[place]
