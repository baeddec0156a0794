"""Streaming LDA: class means and one covariance of all classes so far (Hayes & Kanan, CVPR-W 2020, arXiv 1909.01520).

The covariance here is the exact pooled one, kept as a sum of outer products; the paper's running update is the same
but for rounding and the order of arrival. Unlike there, every class weighs the same in it, which a stream of one
class after another suggests, and the shrinkage is towards a scaled identity.
"""

import torch
from torch import Tensor

from cfer.learning.learners.base import Linear, class_sums
from cfer.learning.learners.closed_form import SHRINKAGE, discriminants, shrink
from cfer.learning.stream import Step


class StreamingLda(Linear):
    """Linear discriminants whose covariance goes on learning.

    State: `means` (K, C), `scatter` (C, C) within classes, `freedom` (1,) its degrees of freedom.
    """

    def __init__(self, shrinkage: float = SHRINKAGE) -> None:
        """Start empty."""
        self.shrinkage = shrinkage
        self.state: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add means and scatter of a step's classes; a single picture has no scatter."""
        sums, counts = class_sums(step)
        means = sums / counts[:, None]
        residual = step.x.double() - means[step.y - step.new.start]
        scatter = (residual.T @ residual).float()
        freedom = (counts - 1).sum()[None].float()
        if self.state:
            means_so_far = torch.cat([self.state["means"], means.float()])
            scatter, freedom = self.state["scatter"] + scatter, self.state["freedom"] + freedom
        else:
            means_so_far = means.float()
        self.state = {"means": means_so_far, "scatter": scatter, "freedom": freedom}

    def head(self) -> tuple[Tensor, Tensor]:
        """See `discriminants`."""
        covariance = self.state["scatter"].double() / self.state["freedom"].clamp(min=1)
        return discriminants(self.state["means"], shrink(covariance, self.shrinkage))
