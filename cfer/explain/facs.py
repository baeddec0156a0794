"""Expectation of the coding manual: how much of their action units a compound and a basic share."""

from collections.abc import Sequence

import numpy as np
import scipy  # its parts are loaded when they are first asked for

from cfer.emotions import prototype
from cfer.explain.relation import SIX


def unit_overlap(compounds: Sequence[str], basics: Sequence[str] = SIX) -> np.ndarray:
    """Cosine (R, B) of the prototypes of some compounds and basics, 0 to 1."""
    units = sorted({unit for name in (*compounds, *basics) for unit in prototype(name)})
    rows = {name: np.array([prototype(name).get(u, 0.0) for u in units]) for name in (*compounds, *basics)}
    unit = {name: row / np.linalg.norm(row) for name, row in rows.items()}
    return np.array([[unit[c] @ unit[b] for b in basics] for c in compounds])


def agreement(found: np.ndarray, expected: np.ndarray, draws: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """Spearman's correlation of two matrices (R, B), and its 95 % interval from drawing rows again."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(found), size=(draws, len(found)))
    spread = [scipy.stats.spearmanr(found[rows].ravel(), expected[rows].ravel()).statistic for rows in picks]
    low, high = np.nanquantile(spread, (0.025, 0.975))
    return float(scipy.stats.spearmanr(found.ravel(), expected.ravel()).statistic), float(low), float(high)


def permuted_constituents(found: np.ndarray, expected: np.ndarray, draws: int = 2000, seed: int = 0) -> float:
    """Share of draws in which the manual's rows, dealt anew, agree with a matrix (R, B) as well as in their order.

    The test of which constituents a compound has, the basics' own likeness left as it is; the observed order counts as
    one draw. On faces that are performed by the same manual it says that the matrix follows them, not why.
    """
    rng = np.random.default_rng(seed)
    own = scipy.stats.spearmanr(found.ravel(), expected.ravel()).statistic
    as_good = 1
    for _ in range(draws):
        dealt = expected[rng.permutation(len(expected))]
        as_good += scipy.stats.spearmanr(found.ravel(), dealt.ravel()).statistic >= own - 1e-12
    return as_good / (draws + 1)
