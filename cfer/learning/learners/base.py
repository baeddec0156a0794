"""What every learner is: fed one step after another, it scores features over all classes seen so far."""

from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learning.stream import Step


class Learner(Protocol):
    """A class-incremental learner over fixed features.

    Attributes:
        state: Everything it keeps, as plain tensors; assigning it to a new learner of the same kind resumes a stream.
    """

    state: dict[str, Tensor]

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Learn a step's new classes; old indices never move."""
        ...

    def logits(self, x: Tensor) -> Tensor:
        """Scores (B, K) of features (B, C) over the classes seen, balanced: no class prior in them."""
        ...


@runtime_checkable
class LinearLearner(Learner, Protocol):
    """A learner whose answer is a linear head, which is what a checkpoint and its maps need."""

    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (K, C) and bias (K,)."""
        ...


class Linear:
    """Logits for whoever has a head."""

    def head(self) -> tuple[Tensor, Tensor]:
        """Weight (K, C) and bias (K,)."""
        raise NotImplementedError

    def logits(self, x: Tensor) -> Tensor:
        """See `Learner.logits`."""
        return F.linear(x, *self.head())


def class_sums(step: Step) -> tuple[Tensor, Tensor]:
    """Sums (new, C), by the step's weights and in double precision, and counts (new,) of a step's classes."""
    x = step.x.double() if step.weights is None else step.x.double() * step.weights[:, None]
    sums = torch.stack([x[step.y == k].sum(0) for k in step.new])
    return sums, torch.stack([(step.y == k).sum() for k in step.new]).double()


def kept_bytes(learner: Learner) -> int:
    """Bytes of everything that a learner keeps."""
    return sum(t.numel() * t.element_size() for t in learner.state.values())
