"""Nearest class mean: what every learner with gradients has to beat (Janson et al., arXiv 2210.04428)."""

import torch
from torch import Tensor

from cfer.learning.learners.base import Linear, class_sums
from cfer.learning.stream import Step


class NearestMean(Linear):
    """Euclidean distance to the class means.

    State: `means` (K, C).
    """

    def __init__(self) -> None:
        """Start empty."""
        self.state: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add the means of a step's classes."""
        sums, counts = class_sums(step)
        means = (sums / counts[:, None]).float()
        self.state["means"] = torch.cat([self.state["means"], means]) if self.state else means

    def head(self) -> tuple[Tensor, Tensor]:
        """-|x - m|^2 / 2, but for the |x|^2 that all classes share."""
        means = self.state["means"]
        return means, -0.5 * means.square().sum(1)
