"""The exemplar memory: a few pictures of each old class, kept as pooled features."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ExemplarMemory:
    """Features of old classes' pictures, best first within a class.

    Attributes:
        features: (M, C).
        labels: (M,) class indices, in blocks.
    """

    features: Tensor
    labels: Tensor

    @staticmethod
    def empty(num_features: int) -> "ExemplarMemory":
        """A memory of nothing."""
        return ExemplarMemory(torch.empty(0, num_features), torch.empty(0, dtype=torch.long))

    def with_class(self, label: int, features: Tensor) -> "ExemplarMemory":
        """The memory and the chosen exemplars (m, C) of one more class."""
        labels = torch.full((len(features),), label, dtype=torch.long)
        return ExemplarMemory(torch.cat([self.features, features]), torch.cat([self.labels, labels]))


def predictive_sorting(logits: Tensor, label: int, count: int) -> Tensor:
    """Predictive Sorting (Maiden & Nakisa, arXiv 2308.06197): the pictures the model is surest of.

    The paper sorts by predicted probability; its code by the raw logit. This follows the paper.

    Args:
        logits: (N, K) of one class's pictures.
        label: That class.
        count: How many to keep.

    Returns:
        Indices (min(count, N),), surest first; ties in the pictures' order.
    """
    return logits.softmax(1)[:, label].argsort(descending=True, stable=True)[:count]


def herding(x: Tensor, count: int) -> Tensor:
    """Herding: exemplars whose running mean stays closest to the class mean (Rebuffi et al., CVPR 2017, alg. 4).

    Args:
        x: (N, C) of one class's pictures, normalised if iCaRL's own choice is wanted.
        count: How many to keep.

    Returns:
        Indices (min(count, N),) in the order they were chosen, without repetition.
    """
    mean, total = x.mean(0), torch.zeros_like(x[0])
    free = torch.ones(len(x), dtype=torch.bool)
    chosen: list[int] = []
    for size in range(1, min(count, len(x)) + 1):
        gap = (mean - (total + x) / size).norm(dim=1)
        best = int(torch.where(free, gap, torch.inf).argmin())
        chosen.append(best)
        free[best] = False
        total = total + x[best]
    return torch.tensor(chosen, dtype=torch.long)


def levelled(labels: Tensor) -> Tensor:
    """Row numbers in which rarer classes' rows are repeated up to the commonest's count.

    Rehearsing a memory that holds one picture of a class and sixty of another would unlearn the first.

    Args:
        labels: (M,) of the memory's rows.
    """
    if not len(labels):
        return torch.empty(0, dtype=torch.long)
    longest, rows = int(torch.bincount(labels).max()), []
    for k in labels.unique().tolist():
        mine = torch.nonzero(labels == k).squeeze(1)
        rows.append(mine[torch.arange(longest) % len(mine)])
    return torch.cat(rows)
