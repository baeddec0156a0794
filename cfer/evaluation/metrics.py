"""Scores from counts: everything is derived from a (true x predicted) table."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def count_table(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts (K, K), rows true and columns predicted, from two (N,) index arrays."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (true, predicted), 1)
    return table


def accuracy(counts: np.ndarray) -> float:
    """Share of all rows on the diagonal; nan for an empty table."""
    return float(np.trace(counts) / counts.sum()) if counts.sum() else float("nan")


def recalls(counts: np.ndarray) -> np.ndarray:
    """Recall of each class (K,); nan for a class that does not occur."""
    totals = counts.sum(1)
    return np.divide(np.diag(counts), totals, out=np.full(len(counts), np.nan), where=totals > 0)


def macro_recall(counts: np.ndarray) -> float:
    """Mean recall over the classes that occur (balanced accuracy)."""
    return float(np.nanmean(recalls(counts))) if counts.sum() else float("nan")


def harmonic_mean(first: float, second: float) -> float:
    """2ab / (a + b), and 0 where both are 0."""
    return 2 * first * second / (first + second) if first + second > 0 else 0.0


def expected_calibration_error(probabilities: np.ndarray, true: np.ndarray, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al., ICML 2017, eq. 3).

    Args:
        probabilities: (N, K), rows summing to 1.
        true: (N,) class indices.
        bins: Number of bins over [0, 1].
    """
    from torchmetrics.functional.classification import multiclass_calibration_error

    # torchmetrics works in single precision, and counts a confidence of exactly 1 in a bin of its own beyond the last
    below_one = float(np.nextafter(np.float32(1), np.float32(0)))
    chances, labels = torch.from_numpy(probabilities).float().clamp(max=below_one), torch.from_numpy(true)
    return float(multiclass_calibration_error(chances, labels, probabilities.shape[1], n_bins=bins, norm="l1"))


@dataclass(frozen=True)
class StreamScores:
    """Scores of a class-incremental run, from its count tables.

    Attributes:
        step_accuracy: Accuracy over all seen classes after each step, the basic step included.
        step_macro: The same as macro recall.
        average_incremental: Mean of `step_accuracy`: the metric behind the paper's 74.28 %.
        last: Accuracy after the last step.
        base_recall: Macro recall of the first step's classes after the last step.
        new_recall: Macro recall of all later classes after the last step.
        harmonic: Harmonic mean of the two.
        forgetting: Mean over old classes of best earlier recall minus last recall (Chaudhry et al., ECCV 2018).
        backward_transfer: Mean over old classes of last recall minus recall when learned (Lopez-Paz & Ranzato, 2017).
    """

    step_accuracy: tuple[float, ...]
    step_macro: tuple[float, ...]
    average_incremental: float
    last: float
    base_recall: float
    new_recall: float
    harmonic: float
    forgetting: float
    backward_transfer: float


def stream_scores(tables: list[np.ndarray]) -> StreamScores:
    """Scores of a run from one count table a step, each over the classes seen by then, old ones first."""
    per_step = [recalls(t) for t in tables]
    seen_when = [next(s for s, t in enumerate(tables) if len(t) > k) for k in range(len(tables[-1]))]
    last = per_step[-1]
    old = [k for k, s in enumerate(seen_when) if s < len(tables) - 1 and not np.isnan(last[k])]
    best = [max(per_step[s][k] for s in range(seen_when[k], len(tables) - 1)) for k in old]
    base = len(tables[0])
    base_recall = float(np.nanmean(last[:base]))
    new_recall = float(np.nanmean(last[base:])) if len(last) > base else float("nan")
    steps = tuple(accuracy(t) for t in tables)
    return StreamScores(
        step_accuracy=steps,
        step_macro=tuple(macro_recall(t) for t in tables),
        average_incremental=float(np.mean(steps)),
        last=steps[-1],
        base_recall=base_recall,
        new_recall=new_recall,
        harmonic=harmonic_mean(base_recall, new_recall),
        forgetting=float(np.mean([b - last[k] for b, k in zip(best, old, strict=True)])) if old else 0.0,
        backward_transfer=float(np.mean([last[k] - per_step[seen_when[k]][k] for k in old])) if old else 0.0,
    )


def fit_temperature(logits: Tensor, true: Tensor) -> float:
    """The temperature (1/8 to 32) that minimises the negative log-likelihood of logits (N, K) at labels (N,)."""
    grid = torch.logspace(-3, 5, 321, base=2.0)
    losses = torch.stack([F.cross_entropy(logits / t, true) for t in grid])
    return float(grid[losses.argmin()])
