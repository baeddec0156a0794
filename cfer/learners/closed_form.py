"""Class means with one shrunk covariance: linear discriminants that never forget and need no training.

The within-class covariance comes from the basic phase alone, so a class adds its mean and nothing else: the head
after the last step is the same for any class order, and a class may be left out without a trace.
"""

import torch
from torch import Tensor

from cfer.learners.base import Head, LinearLearner, Step, class_means, source_weights, symmetric

SHRINKAGE = 0.5
"""Share of the isotropic target in the covariance, chosen on validation pictures of the basic classes."""


class ClosedForm(LinearLearner):
    """Linear discriminant analysis (Fisher; Hastie et al., Elements of Statistical Learning, sec. 4.3).

    Fitted: `means` (K, C), `counts` (K,), `covariance` (C, C) unshrunk.
    """

    takes_sources = True

    def __init__(self, shrinkage: float = SHRINKAGE) -> None:
        """Set the share of the isotropic target."""
        super().__init__()
        self.shrinkage = shrinkage

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add the means of a step's classes; step 0 also fixes the covariance."""
        means, counts = class_means(step)  # (new, C), (new,)
        if step.number == 0:
            residual = step.x.double() - means[step.y - step.new.start]  # (N, C)
            weighted = residual * source_weights(step.y, step.side.sources)[:, None]
            covariance = symmetric(residual.T @ weighted) / max(1, len(residual) - len(means))
            self.fitted = {"means": means.float(), "counts": counts.float(), "covariance": covariance.float()}
        else:
            self.fitted = self.fitted | {
                "means": torch.cat([self.fitted["means"], means.float()]),
                "counts": torch.cat([self.fitted["counts"], counts.float()]),
            }

    def solved_head(self) -> Head:
        """See `discriminants`."""
        return discriminants(self.fitted["means"], shrink(self.fitted["covariance"], self.shrinkage))


def shrink(covariance: Tensor, share: float) -> Tensor:
    """(1 - share) S + share tr(S)/C I: the form of Ledoit & Wolf (2004) with a given share."""
    size = len(covariance)
    return (1 - share) * covariance + share * covariance.trace() / size * torch.eye(size, dtype=covariance.dtype)


def discriminants(means: Tensor, covariance: Tensor) -> Head:
    """Linear discriminants of Gaussian classes with equal priors and one covariance S.

    w_k = S^-1 m_k and b_k = -m_k' S^-1 m_k / 2.

    Args:
        means: (K, C).
        covariance: (C, C), positive definite.
    """
    factor = torch.linalg.cholesky(covariance.double())
    weight = torch.cholesky_solve(means.double().T, factor).T  # (K, C)
    bias = -0.5 * (weight * means.double()).sum(1)
    return Head(weight.float(), bias.float())
