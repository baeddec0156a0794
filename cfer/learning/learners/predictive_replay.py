"""The paper's method, repaired, on fixed features (Maiden & Nakisa, arXiv 2308.06197).

Repairs against the published code: the distillation teacher is the previous step's model and speaks of the old
classes only; the memory has the same number of exemplars for every class and is chosen by probability among all
pictures of a class; nothing is stopped or chosen on the part that is reported. The backbone stays as phase 1 left it
(the paper also tunes its last stage), so the head is what is learned.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learning.losses import distillation
from cfer.learning.memory import ExemplarMemory, predictive_sorting
from cfer.learning.stream import Step

PER_CLASS = 62  # the paper's: 30 % of 4,347 pictures over 21 classes
EPOCHS = 60
BATCH = 32
LEARNING_RATE = 1e-3
KEEP = 0.5  # weight of the distillation against the cross-entropy


class PredictiveReplay:
    """Head, widened a class at a time, with replay and distillation.

    State: `weight` (K, C), `bias` (K,), `memory_x` (M, C), `memory_y` (M,).
    """

    def __init__(self, weight: Tensor, bias: Tensor, per_class: int = PER_CLASS) -> None:
        """Start from the basic phase's head, weight (7, C) and bias (7,)."""
        self.per_class = per_class
        memory = ExemplarMemory.empty(weight.shape[1])
        self.state: dict[str, Tensor] = {
            "weight": weight.detach().clone(),
            "bias": bias.detach().clone(),
            "memory_x": memory.features,
            "memory_y": memory.labels,
        }

    def head(self) -> tuple[Tensor, Tensor]:
        """The current weight and bias."""
        return self.state["weight"], self.state["bias"]

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Learn the new class from a balanced set; step 0 only fills the memory, its head is phase 1's."""
        memory = ExemplarMemory(self.state["memory_x"], self.state["memory_y"])
        if step.number:
            (label,) = step.new
            picks = torch.randperm(len(step.x), generator=generator)[: self.per_class]
            x = torch.cat([memory.features, step.x[picks]])
            y = torch.cat([memory.labels, torch.full((len(picks),), label)])
            self._learn(x, y, generator)
        for label in step.new:
            mine = step.x[step.y == label]
            best = predictive_sorting(self._logits(mine), label, self.per_class)
            memory = memory.with_class(label, mine[best])
        memory = memory.trimmed(self.per_class)
        self.state |= {"memory_x": memory.features, "memory_y": memory.labels}

    def _logits(self, x: Tensor) -> Tensor:
        return F.linear(x, self.state["weight"], self.state["bias"])

    def _learn(self, x: Tensor, y: Tensor, generator: torch.Generator) -> None:
        teacher = self._logits(x)  # (N, K_old)
        old, width = self.state["weight"].shape
        limit = (6 / (width + old + 1)) ** 0.5  # Glorot, as the paper's Keras head
        row = (torch.rand(1, width, generator=generator) * 2 - 1) * limit
        weight = torch.cat([self.state["weight"], row]).requires_grad_()
        bias = torch.cat([self.state["bias"], torch.zeros(1)]).requires_grad_()
        optimizer = torch.optim.Adam([weight, bias], LEARNING_RATE)
        for _ in range(EPOCHS):
            for index in torch.randperm(len(x), generator=generator).split(BATCH):
                logits = F.linear(x[index], weight, bias)  # (B, K_old + 1)
                loss = (1 - KEEP) * F.cross_entropy(logits, y[index]) + KEEP * distillation(logits, teacher[index])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        self.state |= {"weight": weight.detach(), "bias": bias.detach()}
