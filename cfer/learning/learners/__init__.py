"""Continual learners, one method a file: pooled features in, a linear head out.

A learner is fed one `Step` after another and keeps whatever it needs in `state`, plain tensors that can be saved.
`REGISTRY` is the only list of methods.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from cfer.learning.learners.closed_form import ClosedForm
from cfer.learning.learners.predictive_replay import PredictiveReplay
from cfer.learning.stream import Step


class Learner(Protocol):
    """A class-incremental learner over fixed features."""

    state: dict[str, Tensor]

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Learn a step's new classes; old indices never move."""
        ...

    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (K, C) and bias (K,) of the classes seen, balanced: no class prior in it."""
        ...


REGISTRY: dict[str, Callable[[Tensor, Tensor], Learner]] = {
    "closed-form": lambda weight, bias: ClosedForm(),
    "predictive-replay": PredictiveReplay,
}
"""Factories by name; each takes the basic phase's head, weight (7, C) and bias (7,)."""
