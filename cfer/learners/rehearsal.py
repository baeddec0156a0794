"""A linear head tuned step by step with an exemplar memory: what the rehearsal methods have in common.

The head of step 0 is fitted to the base classes; from then on a method says how a new class is learned and which
exemplars are kept. The budget is the same for every class, old or new, and a class of which there are fewer exemplars
is rehearsed as often as the others.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head, LinearLearner, Step
from cfer.learners.heads import HeadFit, fit_head, widen
from cfer.learners.memory import ExemplarMemory, levelled


class Rehearsal(LinearLearner):
    """Head and memory; `new_head` is the method.

    Fitted: `weight` (K, C), `bias` (K,), `memory_x` (M, C), `memory_y` (M,).
    """

    def __init__(self, per_class: int, fit: HeadFit = HeadFit()) -> None:  # noqa: B008 - frozen
        """Keep `per_class` exemplars of each class."""
        super().__init__()
        self.per_class, self.fit = per_class, fit

    def head(self) -> Head:
        """The current head, also in the middle of a step."""
        return Head(self.fitted["weight"], self.fitted["bias"])

    def solved_head(self) -> Head:
        """The head as it was tuned."""
        return self.head()

    @property
    def memory(self) -> ExemplarMemory:
        """The exemplars."""
        return ExemplarMemory(self.fitted["memory_x"], self.fitted["memory_y"])

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Learn a step, then choose what to keep of it."""
        if step.number == 0:
            self.set_head(self.fitted_head(step.x, step.y, len(step.new), generator))
            self.clear(step.x.shape[1])
        else:
            self.set_head(self.new_head(step, generator))
        self.remember(step, generator)

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """The head after a step later than the first."""
        raise NotImplementedError

    def select(self, x: Tensor, label: int, generator: torch.Generator) -> Tensor:
        """Indices of a class's pictures (N, C) to keep, best first; at random by default."""
        return torch.randperm(len(x), generator=generator)[: self.per_class]

    def clear(self, width: int) -> None:
        """Begin with a memory of no exemplars of this many features."""
        empty = ExemplarMemory.empty(width)
        self.fitted = self.fitted | {"memory_x": empty.features, "memory_y": empty.labels}

    def remember(self, step: Step, generator: torch.Generator) -> None:
        """Add the new classes' exemplars."""
        memory = self.memory
        for label in step.new:
            mine = step.x[step.y == label]
            memory = memory.with_class(label, mine[self.select(mine, label, generator)])
        self.fitted = self.fitted | {"memory_x": memory.features, "memory_y": memory.labels}

    def fitted_head(self, x: Tensor, y: Tensor, classes: int, generator: torch.Generator) -> Head:
        """A head fitted from scratch by cross-entropy."""
        fresh = widen(Head(torch.empty(0, x.shape[1]), torch.empty(0)), classes, generator)
        return fit_head(fresh, x, cross_entropy(y), generator, self.fit)

    def set_head(self, head: Head) -> None:
        """Keep a head."""
        self.fitted = self.fitted | {"weight": head.weight, "bias": head.bias}

    def widened(self, step: Step, generator: torch.Generator) -> Head:
        """The current head with fresh rows for a step's classes."""
        return widen(self.head(), len(step.new), generator)

    def rehearsed(self) -> Tensor:
        """Row numbers of the memory, every class as often as the commonest."""
        return levelled(self.memory.labels)

    def balanced(self, step: Step) -> tuple[Tensor, Tensor, Tensor]:
        """Memory and new rows, the new ones repeated to half of all: what a batch of half and half amounts to.

        Returns:
            Features (N, C), labels (N,) and the memory's row number of each row, -1 for a new one (N,).
        """
        memory, old = self.memory, self.rehearsed()
        picks = torch.arange(max(len(old), len(step.x))) % len(step.x)
        x = torch.cat([memory.features[old], step.x[picks]])
        y = torch.cat([memory.labels[old], step.y[picks]])
        return x, y, torch.cat([old, torch.full((len(picks),), -1)])


def cross_entropy(y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy with labels (N,), as `fit_head` wants it."""
    return lambda logits, index: F.cross_entropy(logits, y[index])
