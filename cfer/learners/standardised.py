"""Standardise features by the base phase's pictures, before any learner and folded into its head.

As scikit-learn's pipeline of a scaler and an estimator: the scale is part of the fitted state, and a linear head comes
out as one on the features as they are.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Self

import torch
from torch import Tensor

from cfer.learners.base import Head, Learner, LinearLearner, Step, source_weights

FLOOR = 0.1
"""Least scale of a feature, as a share of the median one. Chosen as the settings of `Composition` are."""
_INNER = "inner."


class Standardised(Learner):
    """A learner behind a scaler.

    Fitted: `mean` (C,) and `scale` (C,) of step 0's rows, each data set counting alike in every class, and the inner
    learner's own under "inner.".
    """

    takes_sources = True  # the inner learner decides

    def __init__(self, inner: Learner, floor: float = FLOOR) -> None:
        """Wrap a fresh learner."""
        super().__init__()
        self.inner = inner
        self.floor = floor

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Fit the scale to step 0, then hand the scaled rows on."""
        if step.number == 0:
            self.fitted = scale_of(step, self.floor)
        scale = self.fitted["scale"]
        readout = None if step.side.readout is None else step.side.readout * scale
        elsewhere = None if step.side.elsewhere is None else step.side.elsewhere / scale
        side = replace(step.side, readout=readout, elsewhere=elsewhere)
        inner = replace(step, x=self.scaled(step.x), side=side)
        self.inner.observe(inner, generator)

    def scaled(self, x: Tensor) -> Tensor:
        """Features (B, C), standardised."""
        return (x - self.fitted["mean"]) / self.fitted["scale"]

    def logits(self, x: Tensor) -> Tensor:
        """See `Learner.logits`."""
        return self.inner.logits(self.scaled(x))

    def state(self) -> dict[str, Tensor]:
        """See `Learner.state`."""
        return self.fitted | {_INNER + name: value for name, value in self.inner.state().items()}

    def from_state(self, state: Mapping[str, Tensor]) -> Self:
        """See `Learner.from_state`."""
        other = copy.copy(self)
        other.fitted = {name: value for name, value in state.items() if not name.startswith(_INNER)}
        own = {name.removeprefix(_INNER): value for name, value in state.items() if name.startswith(_INNER)}
        other.inner = self.inner.from_state(own)
        other.solve()
        return other

    def copy(self) -> Self:
        """See `Learner.copy`."""
        other = super().copy()
        other.inner = self.inner.copy()
        return other


class StandardisedLinear(Standardised, LinearLearner):
    """A linear learner behind a scaler; its head takes the features as they are."""

    inner: LinearLearner

    def solved_head(self) -> Head:
        """Fold the scale into the inner head: W / s, and b - (W / s) m."""
        weight, bias = (t.double() for t in self.inner.head())
        weight = weight / self.fitted["scale"].double()
        return Head(weight.float().contiguous(), (bias - weight @ self.fitted["mean"].double()).float())

    def logits(self, x: Tensor) -> Tensor:
        """See `Learner.logits`."""
        return LinearLearner.logits(self, x)


def standardised(inner: Learner, floor: float = FLOOR) -> Learner:
    """A learner behind a scaler, linear if it is."""
    return StandardisedLinear(inner, floor) if isinstance(inner, LinearLearner) else Standardised(inner, floor)


def scale_of(step: Step, floor: float = FLOOR) -> dict[str, Tensor]:
    """Mean (C,) and standard deviation (C,) of a step's rows, each data set counting alike in every class.

    A feature that hardly varies over the base classes, but does over later ones, would be blown up to hundreds of
    standard deviations there and drown the others: no scale is less than a share of the median one.

    Args:
        step: Step 0.
        floor: That share.
    """
    weights = source_weights(step.y, step.side.sources)[:, None]
    mean = (weights * step.x).sum(0) / len(step.x)
    spread = (weights * (step.x - mean).square()).sum(0) / max(1, len(step.x) - 1)
    scale = spread.sqrt()
    return {"mean": mean, "scale": scale.clamp(min=max(1e-6, floor * float(scale.median())))}
