"""The paper's method on fixed features, as coded and repaired (Maiden & Nakisa, arXiv 2308.06197).

The backbone stays as phase 1 left it and the head is linear (the paper also tunes its last stage, under a head of two
narrow sigmoid layers). Everything else is a switch:

- teacher: the basic phase's model for ever (as coded), or the previous step's; or no distillation;
- distillation over all classes with the teacher's missing logits padded by zeros (as coded), or over the classes that
  the teacher knows, with the factor T^2;
- its weight: 0.1 exp(-i / (1 + e)) at step i (as coded), or constant;
- exemplars: by the class's raw logit (as coded), by its probability (as the paper says), at random, or by herding.

The early stopping on the reported pictures that the published code does is not reproduced: a learner here never sees
them.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head, Step
from cfer.learners.heads import HeadFit, fit_head
from cfer.learners.losses import distillation, padded_distillation
from cfer.learners.memory import herding, predictive_sorting
from cfer.learners.rehearsal import Rehearsal

PER_CLASS = 62  # the paper's: 30 % of 4,347 pictures over 21 classes


@dataclass(frozen=True)
class Switches:
    """Repairs of the method that are made; the defaults make all of them.

    Attributes:
        teacher: Whose answers are kept.
        padded: Whether the teacher is padded with zeros for classes it has never seen.
        keep: Weight of the distillation, or None for the paper's schedule.
        choice: How exemplars are chosen.
    """

    teacher: Literal["basic", "previous", "none"] = "previous"
    padded: bool = False
    keep: float | None = 0.5
    choice: Literal["logit", "probability", "random", "herding"] = "probability"


AS_CODED = Switches("basic", padded=True, keep=None, choice="logit")
REPAIRED = Switches()


class PredictiveReplay(Rehearsal):
    """Predictive Sorting Memory Replay with distillation.

    Fitted: that of `Rehearsal`, and `basic_weight` (K0, C), `basic_bias` (K0,) where the basic model teaches.
    """

    def __init__(
        self,
        per_class: int = PER_CLASS,
        fit: HeadFit = HeadFit(),  # noqa: B008 - frozen
        switches: Switches = REPAIRED,
    ) -> None:
        """See `Rehearsal` and `Switches`."""
        super().__init__(per_class, fit)
        self.switches = switches

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """See `Rehearsal.learn`."""
        super().learn(step, generator)
        if step.number == 0 and self.switches.teacher == "basic":
            self.fitted = self.fitted | {"basic_weight": self.fitted["weight"], "basic_bias": self.fitted["bias"]}

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """Learn the new class from as many of its pictures as an old class has exemplars, or all if it has none."""
        memory, old = self.memory, self.rehearsed()
        wanted = self.per_class or len(step.x)
        drawn = torch.randperm(len(step.x), generator=generator)[:wanted]
        picks = drawn[torch.arange(wanted) % len(drawn)]  # few shots are repeated, as in the paper
        x = torch.cat([memory.features[old], step.x[picks]])
        y = torch.cat([memory.labels[old], step.y[picks]])
        switches = self.switches
        if switches.teacher == "basic":
            teacher = F.linear(x, self.fitted["basic_weight"], self.fitted["basic_bias"])
        else:
            teacher = self.logits(x)  # (N, K_old)
        keep = 0.1 * math.exp(-(step.number - 1) / (1 + math.e)) if switches.keep is None else switches.keep
        if switches.teacher == "none":
            keep = 0.0

        def loss(logits: Tensor, index: Tensor) -> Tensor:
            kept = padded_distillation if switches.padded else distillation
            return (1 - keep) * F.cross_entropy(logits, y[index]) + keep * kept(logits, teacher[index])

        return fit_head(self.widened(step, generator), x, loss, generator, self.fit)

    def select(self, x: Tensor, label: int, generator: torch.Generator) -> Tensor:
        """Choose exemplars among all pictures of a class."""
        choice = self.switches.choice
        if choice == "random":
            return super().select(x, label, generator)
        if choice == "herding":
            return herding(F.normalize(x), self.per_class)
        logits = self.logits(x)
        if choice == "logit":
            return logits[:, label].argsort(descending=True, stable=True)[: self.per_class]
        return predictive_sorting(logits, label, self.per_class)
