"""FeCAM: a Mahalanobis distance of its own for every class (Goswami et al., NeurIPS 2023, arXiv 2309.14062)."""

import torch
from torch import Tensor

from cfer.learners.base import Learner, Step

ALPHA = 1.0  # the paper's gamma_1 = gamma_2 for many samples a class


class FeCam(Learner):
    """Class means and class covariances, shrunk, with correlations in place of covariances.

    The paper's Tukey transform is left out: it needs features that are never negative, and these are standardised.

    Fitted: `means` (K, C), `inverse` (K, C, C) of the normalised covariances.
    """

    def __init__(self, alpha: float = ALPHA) -> None:
        """Set how much of the average variance and covariance is added (eq. 8)."""
        super().__init__()
        self.alpha = alpha

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add mean and inverse correlation of each new class; with one picture all that is left is the identity."""
        means, inverses = [], []
        for k in step.new:
            x = step.x[step.y == k]
            means.append(x.mean(0))
            inverses.append(torch.linalg.inv(self._correlation(x)))
        mean, inverse = torch.stack(means), torch.stack(inverses)
        if self.fitted:
            mean = torch.cat([self.fitted["means"], mean])
            inverse = torch.cat([self.fitted["inverse"], inverse])
        self.fitted = {"means": mean, "inverse": inverse}

    def _correlation(self, x: Tensor) -> Tensor:
        size = x.shape[1]
        if len(x) < 2:
            return torch.eye(size)
        covariance = torch.cov(x.T)
        variance = covariance.diagonal().mean()
        off = (covariance.sum() - covariance.trace()) / (size * (size - 1))
        eye = torch.eye(size)
        shrunk = covariance + self.alpha * (variance * eye + off * (1 - eye))  # eq. 8
        scale = shrunk.diagonal().sqrt()
        return shrunk / scale / scale[:, None]  # eq. 9

    def logits(self, x: Tensor) -> Tensor:
        """Negative squared Mahalanobis distances (B, K)."""
        columns = []
        for mean, inverse in zip(self.fitted["means"], self.fitted["inverse"], strict=True):
            gap = x - mean
            columns.append(-((gap @ inverse) * gap).sum(1))
        return torch.stack(columns, 1)
