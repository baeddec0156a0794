"""Compositional Gaussian heads: a compound's class is expected from its constituents before a picture of it is seen.

See `docs/method.md`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

import torch
from torch import Tensor

from cfer.learners.base import Head, LinearLearner, Step, symmetric
from cfer.learners.closed_form import shrink
from cfer.learners.unit_prior import patterns, unit_scale


@dataclass(frozen=True)
class Composition:
    """Settings, chosen (`derived` and `unguided` aside) on rendered people that no report uses; see `docs/method.md`.

    `unseen` was looked at on validation pictures of FER+, too.

    Attributes:
        share: How much of each constituent's departure from neutral a compound shows.
        prototype: How far the guess is moved from there to the published prototype's action units.
        inside: What the prior mean is worth, in pictures, along the directions in which the base classes differ.
        outside: The same across all other directions, where a single picture mostly shows whose face it is.
        unseen: By how much a boundary favours a class that is only guessed: the share of the way from midway to the
            nearest base class's mean.
        unguided: The same as outside, for a class of which neither constituents nor action units are known.
        shrinkage: Share of the isotropic target in the covariance, less than 1.
        elsewhere: How much evidence at places where nothing moved counts as noise, beside the spread within classes.
        derived: Weight of a data set whose label of a compound is derived from split votes, beside one that is meant.
    """

    share: float = 0.5
    prototype: float = 0.5
    inside: float = 0.5
    outside: float = 10.0
    unseen: float = 0.5
    unguided: float = 8.0
    shrinkage: float = 0.2
    elsewhere: float = 1.0
    derived: float = 0.18


_SETTING = "settings."


@dataclass(frozen=True)
class _Solved:
    """Solution of a step's systems: all of it follows from the fitted state.

    Attributes:
        covariance: (C, C) within classes, data sets counting by their trust.
        factor: Cholesky factor (C, C) of the covariance, shrunk and widened.
        span: Differences (C, K0 - 1) of the base means.
        noise: What a mean's noise of one unit adds to a squared distance, inside and outside the base subspace (2,).
    """

    covariance: Tensor
    factor: Tensor
    span: Tensor
    noise: Tensor


class Compositional(LinearLearner):
    """Linear discriminants with a compositional prior on the means, and offsets that allow for few pictures.

    Data sets that share the base classes may be learned together: what sets them apart (a drawing style, a camera) is
    measured on the base classes, taken out of later classes' means and put into the covariance as noise. Rows of
    which nobody says where they are from are taken to be from the data set that they lie nearest to.

    Fitted: `means` (K, C); `mean_variance` (K, 2) what the offset allows for each mean's error, in units of the
    covariance, inside and outside the base classes' subspace; `scatter` (S, C, C) within classes of each data set
    and `freedom` (S,) their degrees of freedom; `between` (R, C) rows whose products sum to what else counts as
    noise: the scatter of a base class's means over data sets, and evidence at places where nothing moved; `offset`
    (S, C) where each data set lies; `trust` (S,) how much its labels count; `base` (K0, C) the means of step 0;
    `origin` (C,) what expressions depart from. With a readout of action units also `units` (U, C), its rows;
    `unit_origin` (U,) and `unit_gain` (), how prototypes are read on its scale. Beside these the settings of step 0
    by their names, so that a learner that was saved goes on with them whatever the defaults of a later version are;
    one that was saved without any takes those given.
    """

    takes_sources = True

    def __init__(self, settings: Composition = Composition()) -> None:
        """Start with nothing learned."""
        super().__init__()
        self.settings = settings
        self._solved: _Solved | None = None

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add a step's classes."""
        sources = self._sources(step)
        found, counts = self._set_means(step, sources)  # (new, S, C), (new, S)
        if step.number == 0:
            self._learn_base(step, found, counts)
        self._widen(step, sources, found, counts)
        if step.number == 0:
            return
        trust = (counts > 0).double() * self._trust(step)
        centred = found - self.fitted["offset"].double()
        own = (centred * trust[..., None]).sum(1) / trust.sum(1).clamp(min=1e-9)[:, None]
        means, variances = [], []
        for place, constituents in enumerate(step.side.constituents or ((),) * len(step.new)):
            count = float(counts[place].sum())
            prototype = None if step.side.prototypes is None else step.side.prototypes[place]
            guided = bool(constituents) or self._has_units(prototype)
            prior = self.prior_mean(constituents, prototype).double()
            gap = own[place] - prior if count else torch.zeros_like(prior)
            within = self._inside(gap)
            beyond = self.settings.outside if guided else self.settings.unguided
            worth = torch.tensor([self.settings.inside, beyond], dtype=torch.double)
            share = count / (count + worth) if count else torch.zeros_like(worth)  # of the gap, inside and outside
            inside, outside = share
            means.append(prior + inside * within + outside * (gap - within))
            # the pictures' noise, as it moved the mean; a lesson is placed afterwards, and may be tried at all that is
            # unsure about its mean
            variance = 1 / (count + worth).clamp(min=1) if step.lesson else share.square() / max(count, 1)
            variance[0] += (1 - inside) ** 2 * self._guesswork(prior)
            variances.append(variance)
        self.fitted = self.fitted | {
            "means": torch.cat([self.fitted["means"], torch.stack(means).float()]),
            "mean_variance": torch.cat([self.fitted["mean_variance"], torch.stack(variances).float()]),
        }

    def _learn_base(self, step: Step, found: Tensor, counts: Tensor) -> None:
        """Set the means of step 0's classes, what counts as noise, and the scale of action units."""
        there = (counts > 0).double()
        trust = there if step.side.trust is None else there * step.side.trust.double()
        means = (found * trust[..., None]).sum(1) / trust.sum(1)[:, None]
        apart = (found - means[:, None]) * there[..., None]
        share = (trust / trust.sum(1)[:, None]).sqrt()[..., None]  # of a class's scatter over data sets
        rows = (apart * share).flatten(0, 1)[: 0 if there.shape[1] == 1 else None]
        if step.side.elsewhere is not None and self.settings.elsewhere:
            rows = torch.cat([rows, self.settings.elsewhere**0.5 * step.side.elsewhere.double()])
        origin = means.mean(0) if step.side.neutral is None else means[step.side.neutral]
        self.fitted = {
            "offset": (apart.sum(0) / there.sum(0)[:, None]).float(),
            "between": rows.float(),
            "base": means.float(),
            "origin": origin.float(),
            "means": means.float(),
            "mean_variance": (1 / counts.sum(1))[:, None].expand(-1, 2).float().contiguous(),
            "trust": (torch.ones(there.shape[1]) if step.side.trust is None else step.side.trust).float(),
        }
        kept = asdict(self.settings).items()
        self.fitted |= {_SETTING + name: torch.tensor(value, dtype=torch.double) for name, value in kept}
        if step.side.readout is not None and step.side.prototypes is not None:
            known = ~step.side.prototypes.isnan().any(1)
            scale = unit_scale(means[known] @ step.side.readout.double().T, step.side.prototypes[known].double())
            units = {"units": step.side.readout, "unit_origin": scale.origin, "unit_gain": scale.gain}
            self.fitted |= {name: value.float() for name, value in units.items()}

    def _sources(self, step: Step) -> Tensor:
        """The data set (N,) of every row, guessed for each class where it is not said and there are several."""
        if step.side.sources is not None:
            return step.side.sources
        sources = torch.zeros(len(step.y), dtype=torch.long)
        sets = len(self.fitted["offset"]) if step.number else 1
        if sets > 1 and len(step.x):
            known = self.fitted["offset"][:, None] + self.fitted["base"]  # (S, K0, C)
            for k in step.new:
                mine = step.y == k
                if mine.any():
                    gap = torch.cdist(step.x[mine].mean(0)[None], known.flatten(0, 1))  # (1, S K0)
                    sources[mine] = int(gap.unflatten(1, known.shape[:2])[0].amin(1).argmin())
        return sources

    def _set_means(self, step: Step, sources: Tensor) -> tuple[Tensor, Tensor]:
        """Means (new, S, C) and counts (new, S) of a step's classes in each data set."""
        sets = len(self.fitted["offset"]) if step.number else 1 + int(sources.max())
        place = (step.y - step.new.start) * sets + sources
        sums = torch.zeros(len(step.new) * sets, step.x.shape[1], dtype=torch.double).index_add_(
            0, place, step.x.double()
        )
        counts = torch.bincount(place, minlength=len(sums)).double()
        shape = (len(step.new), sets)
        return (sums / counts.clamp(min=1)[:, None]).unflatten(0, shape), counts.unflatten(0, shape)

    def _trust(self, step: Step) -> Tensor:
        """Weight of each data set (S,) for a step's classes."""
        sets = len(self.fitted["offset"])
        if step.side.derived is None or step.side.sources is None:
            return torch.ones(sets, dtype=torch.double)
        weak = torch.stack([step.side.derived[step.side.sources == s].any() for s in range(sets)])
        return torch.where(weak, self.settings.derived, 1.0).double()

    def prior_mean(self, constituents: tuple[int, ...], prototype: Tensor | None = None) -> Tensor:
        """The mean (C,) of a class before any picture.

        The origin and a share of each constituent's departure from it; from there, if its action units (U,) are
        published, a part of the way to where they would be read.
        """
        origin = self.fitted["origin"]
        if constituents:
            guess = origin + self.settings.share * (self.fitted["means"][list(constituents)] - origin).sum(0)
        else:
            guess = self.fitted["base"].mean(0)
        if prototype is None or not self._has_units(prototype):
            return guess
        wanted = self.fitted["unit_origin"] + self.fitted["unit_gain"] * prototype
        gap = (wanted - self.fitted["units"] @ guess).double()
        systems = self._systems()
        moved = patterns(self.fitted["units"].double(), systems.covariance) @ gap
        return guess + self.settings.prototype * moved.float()

    def _guesswork(self, prior: Tensor) -> Tensor:
        """Allowance in the offset of a class for a mean (C,) that is only guessed, in units of `_Solved.noise` inside.

        A share of its squared distance from the nearest base class, so that on no data, however near its classes lie to
        each other, a guess claims a base class's mean.
        """
        solved = self._systems()
        apart = (prior - self.fitted["base"].double()).T  # (C, K0)
        nearest = (apart * torch.cholesky_solve(apart, solved.factor)).sum(0).min()
        return self.settings.unseen * nearest / solved.noise[0].clamp(min=1e-9)

    def _has_units(self, prototype: Tensor | None) -> bool:
        """True if a class's action units are known and can be read."""
        return prototype is not None and "units" in self.fitted and not bool(prototype.isnan().any())

    def solved_head(self) -> Head:
        """Discriminants whose offsets allow for few pictures.

        Noise that pictures have brought into a mean puts it farther from all faces alike, its own class's too, by the
        trace of its covariance; without putting that right a class known from one picture would lose to those known
        from hundreds. What shrinking towards the guess has kept out of the mean needs no such allowance: it is farther
        from its own faces then, but nearer to those of other classes.
        """
        solved, means = self._systems(), self.fitted["means"].double()
        weight = torch.cholesky_solve(means.T, solved.factor).T  # (K, C)
        bias = -0.5 * (weight * means).sum(1) + 0.5 * self.fitted["mean_variance"].double() @ solved.noise
        return Head(weight.float(), bias.float())

    def _widen(self, step: Step, sources: Tensor, found: Tensor, counts: Tensor) -> None:
        """Add to each data set's scatter."""
        freedom = (counts - 1).clamp(min=0).sum(0).float()  # (S,)
        if step.lesson or (step.number and not float(freedom.sum())):  # single pictures have no scatter
            return
        scatter = step.x.new_zeros(len(freedom), step.x.shape[1], step.x.shape[1])
        for s in range(len(freedom)):
            mine = sources == s
            residual = step.x[mine].double() - found[step.y[mine] - step.new.start, s]
            scatter[s] = symmetric(residual.T @ residual).float()
        if step.number:
            scatter, freedom = self.fitted["scatter"] + scatter, self.fitted["freedom"] + freedom
        self.fitted = self.fitted | {"scatter": scatter, "freedom": freedom}
        self._solved = None

    def _inside(self, gap: Tensor) -> Tensor:
        """The part of a vector (C,) along the differences of the base means, orthogonal by the covariance's inverse."""
        solved = self._systems()
        against = torch.cholesky_solve(solved.span, solved.factor)  # (C, K0 - 1)
        return solved.span @ torch.linalg.solve(solved.span.T @ against, against.T @ gap)

    def _systems(self) -> _Solved:
        """Factor the covariance, once for every state of the scatter.

        The noise of a mean seen in a subspace is the trace, there, of the inverse of what the discriminants take for
        the covariance (shrunk and widened) times the plain one.
        """
        if self._solved is None:
            each = self.fitted["scatter"].double() / self.fitted["freedom"].clamp(min=1)[:, None, None]
            trust = self.fitted["trust"].double()
            covariance = (each * (trust / trust.sum())[:, None, None]).sum(0)
            between, base = self.fitted["between"].double(), self.fitted["base"].double()
            factor = torch.linalg.cholesky(shrink(covariance, self.settings.shrinkage) + between.T @ between)
            whole = (torch.cholesky_inverse(factor) * covariance).sum()
            span = (base[1:] - base[:1]).T
            against = torch.cholesky_solve(span, factor)
            part = torch.linalg.solve(span.T @ against, against.T @ covariance @ against).trace()
            self._solved = _Solved(covariance, factor, span, torch.stack([part, whole - part]))
        return self._solved

    def from_state(self, state: Mapping[str, Tensor]) -> Self:
        """See `Learner.from_state`."""
        fresh = self.copy()
        fresh._solved = None
        known = (name for name in asdict(self.settings) if _SETTING + name in state)
        fresh.settings = replace(self.settings, **{name: float(state[_SETTING + name]) for name in known})
        return super(Compositional, fresh).from_state(state)
