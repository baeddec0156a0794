"""Compositional Gaussian heads: a compound's class is guessed from its constituents before a picture of it is seen.

See `docs/method.md`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cfer.learning.learners.base import Linear
from cfer.learning.learners.closed_form import shrink
from cfer.learning.stream import Step


@dataclass(frozen=True)
class Composition:
    """Settings, chosen (`derived` aside) on rendered people that no report uses; see `docs/method.md`.

    Attributes:
        share: How much of each constituent's departure from neutral a compound shows.
        inside: What the guess is worth, in pictures, along the directions in which the base classes differ.
        outside: The same across all other directions, where a single picture mostly shows whose face it is.
        shrinkage: Share of the isotropic target in the covariance, less than 1.
        derived: Weight of a data set whose label of a compound is derived from split votes, beside one that is meant.
    """

    share: float = 0.5
    inside: float = 0.5
    outside: float = 3.0
    shrinkage: float = 0.2
    derived: float = 0.18


class Compositional(Linear):
    """Linear discriminants with a compositional prior on the means, and offsets that allow for few pictures.

    Data sets that share the base classes may be learned together: what sets them apart (a drawing style, a camera) is
    measured on the base classes, taken out of later classes' means and put into the covariance as noise.

    State: `means` (K, C); `doubt` (K, 2) variance of each mean in units of the covariance, inside and outside the
    base classes' subspace; `scatter` (S, C, C) within classes of each data set and `freedom` (S,) their degrees of
    freedom; `between` (S K0, C) rows whose products sum to the scatter of a base class's means over data sets, none for
    one data set; `offset` (S, C) where each data set lies; `base` (K0, C) the means of step 0; `origin` (C,) what
    expressions depart from.
    """

    def __init__(self, settings: Composition = Composition()) -> None:
        """Start empty."""
        self.settings = settings
        self.state: dict[str, Tensor] = {}
        self._solved: tuple[Tensor, Tensor, Tensor] | None = None

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add a step's classes."""
        found, counts = self._set_means(step)  # (new, S, C), (new, S)
        self._widen(step, found, counts)
        there = (counts > 0).double()
        if step.number == 0:
            means = (found * there[..., None]).sum(1) / there.sum(1)[:, None]  # every data set counts alike
            apart = (found - means[:, None]) * there[..., None]
            self.state["offset"] = (apart.sum(0) / there.sum(0)[:, None]).float()
            rows = (apart / there.sum(1).sqrt()[:, None, None]).flatten(0, 1)
            self.state["between"] = rows[: 0 if there.shape[1] == 1 else None].float()
            neutral = means.mean(0) if step.neutral is None else means[step.neutral]
            self.state |= {"base": means.float(), "origin": neutral.float(), "means": means.float()}
            self.state["doubt"] = (1 / counts.sum(1))[:, None].expand(-1, 2).float()
            return
        trust = there * self._trust(step)
        centred = found - self.state["offset"].double()
        own = (centred * trust[..., None]).sum(1) / trust.sum(1).clamp(min=1e-9)[:, None]
        means, doubts = [], []
        for place, parts in enumerate(step.parts or ((),) * len(step.new)):
            count = float(counts[place].sum())
            guess = self.guess(parts).double()
            gap = own[place] - guess if count else torch.zeros_like(guess)
            within = self._inside(gap)
            inside, outside = (count / (count + w) for w in (self.settings.inside, self.settings.outside))
            means.append(guess + inside * within + outside * (gap - within))
            doubts.append(torch.tensor([inside**2, outside**2]) / max(count, 1))
        self.state["means"] = torch.cat([self.state["means"], torch.stack(means).float()])
        self.state["doubt"] = torch.cat([self.state["doubt"], torch.stack(doubts).float()])

    def _set_means(self, step: Step) -> tuple[Tensor, Tensor]:
        """Means (new, S, C) and counts (new, S) of a step's classes in each data set."""
        sets = len(self.state["offset"]) if step.number else 1 + _largest(step.sources)
        place = (step.y - step.new.start) * sets + (0 if step.sources is None else step.sources)
        sums = torch.zeros(len(step.new) * sets, step.x.shape[1], dtype=torch.double).index_add_(
            0, place, step.x.double()
        )
        counts = torch.bincount(place, minlength=len(sums)).double()
        shape = (len(step.new), sets)
        return (sums / counts.clamp(min=1)[:, None]).unflatten(0, shape), counts.unflatten(0, shape)

    def _trust(self, step: Step) -> Tensor:
        """How much each data set (S,) says about a step's classes."""
        sets = len(self.state["offset"])
        if step.derived is None or step.sources is None:
            return torch.ones(sets, dtype=torch.double)
        weak = torch.stack([step.derived[step.sources == s].any() for s in range(sets)])
        return torch.where(weak, self.settings.derived, 1.0).double()

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

    def _widen(self, step: Step, found: Tensor, counts: Tensor) -> None:
        """Add to each data set's scatter."""
        freedom = (counts - 1).clamp(min=0).sum(0).float()  # (S,)
        if step.number and not float(freedom.sum()):  # single pictures have no scatter
            return
        scatter = torch.zeros(len(freedom), step.x.shape[1], step.x.shape[1])
        for s in range(len(freedom)):
            mine = slice(None) if step.sources is None else step.sources == s
            residual = step.x[mine].double() - found[step.y[mine] - step.new.start, s]
            scatter[s] = (residual.T @ residual).float()
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

        The noise seen in a subspace is the trace of the shrunk covariance's inverse times the unshrunk one there. For
        the whole space it follows from the trace of the inverse alone, the metric being the covariance shrunk and
        widened.
        """
        if self._solved is None:
            each = self.state["scatter"].double() / self.state["freedom"].clamp(min=1)[:, None, None]
            covariance = each.mean(0)  # every data set counts alike
            share, between = self.settings.shrinkage, self.state["between"].double()
            factor = torch.linalg.cholesky(shrink(covariance, share) + between.T @ between)
            base = self.state["base"].double()
            span = (base[1:] - base[:1]).T
            target = covariance.trace() / len(covariance) * torch.cholesky_inverse(factor).trace()
            widened = (between * torch.cholesky_solve(between.T, factor).T).sum()
            whole = (len(covariance) - share * target - widened) / (1 - share)
            against = torch.cholesky_solve(span, factor)
            part = torch.linalg.solve(span.T @ against, against.T @ covariance @ against).trace()
            self._solved = factor, span, torch.stack([part, whole - part])
        return self._solved


def _largest(numbers: Tensor | None) -> int:
    return 0 if numbers is None else int(numbers.max())
