"""Compositional Gaussian heads: a compound's class is guessed from its constituents before a picture of it is seen.

See `docs/method.md`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cfer.learning.learners.base import Linear, class_sums
from cfer.learning.learners.closed_form import shrink
from cfer.learning.stream import Step


@dataclass(frozen=True)
class Composition:
    """Settings, chosen on rendered people that no report uses (`benchmarks/composition.py`).

    Attributes:
        share: How much of each constituent's departure from neutral a compound shows.
        pictures: What the guess is worth, in pictures.
        shrinkage: Share of the isotropic target in the covariance.
    """

    share: float = 0.6
    pictures: float = 2.0
    shrinkage: float = 0.5


class Compositional(Linear):
    """Linear discriminants with a compositional prior on the means and offsets that allow for few pictures.

    State: `means` (K, C), `doubt` (K,) variance of each mean in units of the covariance, `scatter` (C, C), `freedom`
    (1,), `origin` (C,) what expressions depart from.
    """

    def __init__(self, settings: Composition = Composition()) -> None:
        """Start empty."""
        self.settings = settings
        self.state: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add a step's classes."""
        sums, counts = class_sums(step)
        if step.number == 0:
            means, doubt = sums / counts[:, None], 1 / counts
            self.state["origin"] = (means[step.neutral] if step.neutral is not None else means.mean(0)).float()
        else:
            worth = self.settings.pictures
            guess = torch.stack([self.guess(parts) for parts in step.parts]).double()
            means, doubt = (sums + worth * guess) / (counts + worth)[:, None], 1 / (counts + worth)
        own = sums / counts.clamp(min=1)[:, None]
        residual = step.x.double() - own[step.y - step.new.start]
        weighted = residual if step.weights is None else residual * step.weights[:, None]
        scatter, freedom = (residual.T @ weighted).float(), (counts - 1).clamp(min=0).sum()[None].float()
        if step.number:
            scatter, freedom = self.state["scatter"] + scatter, self.state["freedom"] + freedom
            means = torch.cat([self.state["means"], means.float()])
            doubt = torch.cat([self.state["doubt"], doubt.float()])
        self.state |= {"means": means.float(), "doubt": doubt.float(), "scatter": scatter, "freedom": freedom}

    def guess(self, parts: tuple[int, ...]) -> Tensor:
        """The mean (C,) of a class before any picture of it: the origin and a share of each constituent's departure."""
        origin = self.state["origin"]
        if not parts:
            return self.state["means"].mean(0)
        return origin + self.settings.share * (self.state["means"][list(parts)] - origin).sum(0)

    def head(self) -> tuple[Tensor, Tensor]:
        """Discriminants whose offset is unbiased: -E|x - m|^2 / 2 grows with the doubt about m, and is put right."""
        covariance = shrink(
            self.state["scatter"].double() / self.state["freedom"].clamp(min=1), self.settings.shrinkage
        )
        factor = torch.linalg.cholesky(covariance)
        means = self.state["means"].double()
        weight = torch.cholesky_solve(means.T, factor).T
        # trace of S_shrunk^-1 S: how many directions of noise the metric really sees
        seen = torch.cholesky_solve(self.state["scatter"].double() / self.state["freedom"].clamp(min=1), factor).trace()
        bias = -0.5 * (weight * means).sum(1) + 0.5 * seen * self.state["doubt"].double()
        return weight.float(), bias.float()
