"""Streaming LDA: class means and one covariance of all classes so far (Hayes & Kanan, CVPR-W 2020, arXiv 1909.01520).

The covariance here is the exact pooled one, kept as a sum of outer products; the paper's running update is the same
but for rounding and the order of arrival. Unlike there, every class weighs the same in it, which a stream of one
class after another suggests, and the shrinkage is towards a scaled identity.
"""

import torch

from cfer.learners.base import Head, LinearLearner, Step, class_means, source_weights, symmetric
from cfer.learners.closed_form import SHRINKAGE, discriminants, shrink


class StreamingLda(LinearLearner):
    """Linear discriminants whose covariance goes on learning.

    Fitted: `means` (K, C), `scatter` (C, C) within classes, `freedom` (1,) its degrees of freedom.
    """

    takes_sources = True

    def __init__(self, shrinkage: float = SHRINKAGE) -> None:
        """Set the share of the isotropic target."""
        super().__init__()
        self.shrinkage = shrinkage

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add means and scatter of a step's classes; a single picture has no scatter."""
        means, counts = class_means(step)
        residual = step.x.double() - means[step.y - step.new.start]
        weighted = residual * source_weights(step.y, step.side.sources)[:, None]
        scatter = symmetric(residual.T @ weighted).float()
        freedom = (counts - 1).sum()[None].float()
        means = means.float()
        if self.fitted:
            means = torch.cat([self.fitted["means"], means])
            scatter, freedom = self.fitted["scatter"] + scatter, self.fitted["freedom"] + freedom
        self.fitted = {"means": means, "scatter": scatter, "freedom": freedom}

    def solved_head(self) -> Head:
        """See `discriminants`."""
        covariance = self.fitted["scatter"].double() / self.fitted["freedom"].clamp(min=1)
        return discriminants(self.fitted["means"], shrink(covariance, self.shrinkage))
