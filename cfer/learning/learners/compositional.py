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
        inside: What the guess is worth, in pictures, along the directions in which the base classes differ.
        outside: The same across all other directions, where a single picture mostly shows whose face it is.
        shrinkage: Share of the isotropic target in the covariance.
    """

    share: float = 0.5
    inside: float = 0.5
    outside: float = 3.0
    shrinkage: float = 0.3


class Compositional(Linear):
    """Linear discriminants with a compositional prior on the means, and offsets that allow for few pictures.

    State: `means` (K, C); `doubt` (K, 2) variance of each mean in units of the covariance, inside and outside the
    base classes' subspace; `scatter` (C, C) within classes and `freedom` (1,) its degrees of freedom; `base` (K0, C)
    the means of step 0; `origin` (C,) what expressions depart from.
    """

    def __init__(self, settings: Composition = Composition()) -> None:
        """Start empty."""
        self.settings = settings
        self.state: dict[str, Tensor] = {}
        self._solved: tuple[Tensor, Tensor, Tensor] | None = None

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add a step's classes."""
        sums, counts = class_sums(step)
        own = sums / counts.clamp(min=1)[:, None]  # (new, C)
        self._widen(step, own, counts)
        if step.number == 0:
            neutral = own.mean(0) if step.neutral is None else own[step.neutral]
            self.state |= {"base": own.float(), "origin": neutral.float(), "means": own.float()}
            self.state["doubt"] = (1 / counts)[:, None].expand(-1, 2).float()
            return
        means, doubts = [], []
        for place, parts in enumerate(step.parts or ((),) * len(step.new)):
            count = float(counts[place])
            guess = self.guess(parts).double()
            gap = own[place] - guess if count else torch.zeros_like(guess)
            within = self._inside(gap)
            inside, outside = (count / (count + w) for w in (self.settings.inside, self.settings.outside))
            means.append(guess + inside * within + outside * (gap - within))
            doubts.append(torch.tensor([inside**2, outside**2]) / max(count, 1))
        self.state["means"] = torch.cat([self.state["means"], torch.stack(means).float()])
        self.state["doubt"] = torch.cat([self.state["doubt"], torch.stack(doubts).float()])

    def guess(self, parts: tuple[int, ...]) -> Tensor:
        """The mean (C,) of a class before any picture of it: the origin and a share of each constituent's departure."""
        origin = self.state["origin"]
        if not parts:
            return self.state["base"].mean(0)
        return origin + self.settings.share * (self.state["means"][list(parts)] - origin).sum(0)

    def head(self) -> tuple[Tensor, Tensor]:
        """Discriminants with unbiased offsets.

        An estimated mean is farther from its own class's pictures than the true one, by the trace of its covariance;
        without putting that right a class known from one picture would lose to those known from hundreds.
        """
        factor, _, seen = self._solve()
        means = self.state["means"].double()
        weight = torch.cholesky_solve(means.T, factor).T  # (K, C)
        bias = -0.5 * (weight * means).sum(1) + 0.5 * self.state["doubt"].double() @ seen
        return weight.float(), bias.float()

    def _widen(self, step: Step, own: Tensor, counts: Tensor) -> None:
        residual = step.x.double() - own[step.y - step.new.start]
        freedom = (counts - 1).clamp(min=0).sum()[None].float()
        if not float(freedom):  # single pictures have no scatter
            return
        weighted = residual if step.weights is None else residual * step.weights[:, None]
        scatter = (residual.T @ weighted).float()
        if step.number:
            scatter, freedom = self.state["scatter"] + scatter, self.state["freedom"] + freedom
        self.state |= {"scatter": scatter, "freedom": freedom}
        self._solved = None

    def _inside(self, gap: Tensor) -> Tensor:
        """The part of a vector (C,) along the differences of the base means, orthogonal by the covariance's inverse."""
        factor, span, _ = self._solve()
        against = torch.cholesky_solve(span, factor)  # (C, K0 - 1)
        return span @ torch.linalg.solve(span.T @ against, against.T @ gap)

    def _solve(self) -> tuple[Tensor, Tensor, Tensor]:
        """Cholesky factor (C, C) of the covariance, span (C, K0 - 1) of the base means, noise seen inside and outside.

        The noise seen in a subspace is the trace of the shrunk covariance's inverse times the unshrunk one there.
        """
        if self._solved is None:
            covariance = self.state["scatter"].double() / self.state["freedom"].clamp(min=1)
            factor = torch.linalg.cholesky(shrink(covariance, self.settings.shrinkage))
            base = self.state["base"].double()
            span = (base[1:] - base[:1]).T
            whole = torch.cholesky_solve(covariance, factor).trace()
            against = torch.cholesky_solve(span, factor)
            part = torch.linalg.solve(span.T @ against, against.T @ covariance @ against).trace()
            self._solved = factor, span, torch.stack([part, whole - part])
        return self._solved
