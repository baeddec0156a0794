"""A linear head tuned step by step with an exemplar memory: what the rehearsal methods have in common.

The head of step 0 is fitted to the base classes unless one is given; from then on a method says how a new class is
learned and which exemplars are kept. The budget is the same for every class, old or new.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Head
from cfer.learning.heads import HeadFit, fit_head, widen
from cfer.learning.learners.base import Linear
from cfer.learning.memory import ExemplarMemory
from cfer.learning.stream import Step


class Rehearsal(Linear):
    """Head and memory; `learn` is the method.

    State: `weight` (K, C), `bias` (K,), `memory_x` (M, C), `memory_y` (M,).
    """

    def __init__(self, per_class: int, start: Head | None = None, fit: HeadFit = HeadFit()) -> None:  # noqa: B008
        """Keep `per_class` exemplars of each class; start from a head for step 0, or fit one."""
        self.per_class, self.start, self.fit = per_class, start, fit
        self.state: dict[str, Tensor] = {}

    def head(self) -> tuple[Tensor, Tensor]:
        """The current weight and bias."""
        return self.state["weight"], self.state["bias"]

    @property
    def memory(self) -> ExemplarMemory:
        """The exemplars."""
        return ExemplarMemory(self.state["memory_x"], self.state["memory_y"])

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Learn a step, then choose what to keep of it."""
        if step.number == 0:
            head = self.start or self.fitted(step.x, step.y, len(step.new), generator)
            self._set(head.weight.clone(), head.bias.clone())
            self.clear(step.x.shape[1])
        else:
            self._set(*self.learn(step, generator))
        self.remember(step, generator)

    def learn(self, step: Step, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The head (K, C), (K,) after a step later than the first."""
        raise NotImplementedError

    def select(self, x: Tensor, label: int, generator: torch.Generator) -> Tensor:
        """Which of a class's pictures (N, C) to keep, best first; at random by default."""
        return torch.randperm(len(x), generator=generator)[: self.per_class]

    def clear(self, width: int) -> None:
        """Begin with a memory of no exemplars of this many features."""
        empty = ExemplarMemory.empty(width)
        self.state |= {"memory_x": empty.features, "memory_y": empty.labels}

    def remember(self, step: Step, generator: torch.Generator) -> None:
        """Add the new classes' exemplars."""
        memory = self.memory
        for label in step.new:
            mine = step.x[step.y == label]
            memory = memory.with_class(label, mine[self.select(mine, label, generator)])
        self.state |= {"memory_x": memory.features, "memory_y": memory.labels}

    def fitted(self, x: Tensor, y: Tensor, classes: int, generator: torch.Generator) -> Head:
        """A head fitted from scratch by cross-entropy."""
        weight, bias = widen(torch.empty(0, x.shape[1]), torch.empty(0), classes, generator)
        loss = self._cross_entropy(y)
        return Head(*fit_head(weight, bias, x, loss, generator, self.fit))

    @staticmethod
    def _cross_entropy(y: Tensor):
        return lambda logits, index: F.cross_entropy(logits, y[index])

    def _set(self, weight: Tensor, bias: Tensor) -> None:
        self.state |= {"weight": weight, "bias": bias}

    def widened(self, step: Step, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """The current head with fresh rows for a step's classes."""
        return widen(*self.head(), len(step.new), generator)

    def balanced(self, step: Step) -> tuple[Tensor, Tensor, Tensor]:
        """Memory and new rows, the new ones repeated to half of all: what a batch of half and half amounts to.

        Returns:
            Features (N, C), labels (N,) and whether each row is new (N,).
        """
        memory = self.memory
        picks = torch.arange(max(len(memory.labels), len(step.x))) % len(step.x)
        x, y = torch.cat([memory.features, step.x[picks]]), torch.cat([memory.labels, step.y[picks]])
        return x, y, torch.arange(len(x)) >= len(memory.labels)
