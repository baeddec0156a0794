"""Class means with one shrunk covariance: linear discriminants that never forget and need no training.

The within-class covariance comes from the basic phase alone, so a class adds its mean and nothing else: the head
after the last step is the same for any class order, and a class may be left out without a trace.
"""

import torch
from torch import Tensor

from cfer.learning.learners.base import Linear, class_sums
from cfer.learning.stream import Step

SHRINKAGE = 0.5
"""Share of the isotropic target in the covariance, chosen on validation pictures of the basic classes."""


class ClosedForm(Linear):
    """Linear discriminant analysis (Fisher; Hastie et al., Elements of Statistical Learning, sec. 4.3).

    State: `means` (K, C), `counts` (K,), `covariance` (C, C) unshrunk.
    """

    def __init__(self, shrinkage: float = SHRINKAGE) -> None:
        """Start empty."""
        self.shrinkage = shrinkage
        self.state: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add the means of a step's classes; step 0 also fixes the covariance."""
        sums, found = class_sums(step)
        means, counts = sums / found[:, None], found.float()  # (new, C), (new,)
        if step.number == 0:
            residual = step.x.double() - means[step.y - step.new.start]  # (N, C)
            weighted = residual if step.weights is None else residual * step.weights[:, None]
            covariance = residual.T @ weighted / max(1, len(residual) - len(means))
            self.state = {"means": means.float(), "counts": counts, "covariance": covariance.float()}
        else:
            self.state["means"] = torch.cat([self.state["means"], means.float()])
            self.state["counts"] = torch.cat([self.state["counts"], counts])

    def head(self) -> tuple[Tensor, Tensor]:
        """See `discriminants`."""
        return discriminants(self.state["means"], shrink(self.state["covariance"], self.shrinkage))


def shrink(covariance: Tensor, share: float) -> Tensor:
    """(1 - share) S + share tr(S)/C I: the form of Ledoit & Wolf (2004) with a given share."""
    size = len(covariance)
    return (1 - share) * covariance + share * covariance.trace() / size * torch.eye(size, dtype=covariance.dtype)


def discriminants(means: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    """Linear discriminants of Gaussian classes with equal priors and one covariance S.

    w_k = S^-1 m_k and b_k = -m_k' S^-1 m_k / 2.

    Args:
        means: (K, C).
        covariance: (C, C), positive definite.

    Returns:
        Weight (K, C) and bias (K,).
    """
    factor = torch.linalg.cholesky(covariance.double())
    weight = torch.cholesky_solve(means.double().T, factor).T  # (K, C)
    bias = -0.5 * (weight * means.double()).sum(1)
    return weight.float(), bias.float()
