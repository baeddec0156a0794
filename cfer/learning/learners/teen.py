"""TEEN: few-shot prototypes drawn towards similar base classes (Wang et al., NeurIPS 2023, arXiv 2312.05229)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learning.learners.base import Linear, class_sums
from cfer.learning.stream import Step

SCALE, KEEP = 16.0, 0.5  # the paper's tau and alpha


class Teen(Linear):
    """Cosine to prototypes; a new one is mixed with the base prototypes, weighted by their similarity (eq. 5-7).

    State: `prototypes` (K, C) of unit length, `base` (K0, C) unnormalised means of step 0.
    """

    def __init__(self, scale: float = SCALE, keep: float = KEEP) -> None:
        """Set the softmax's scale and the share of a new prototype that is its own."""
        self.scale, self.keep = scale, keep
        self.state: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Add prototypes; those of later steps are calibrated."""
        sums, counts = class_sums(step)
        means = (sums / counts[:, None]).float()
        if step.number == 0:
            self.state = {"base": means, "prototypes": F.normalize(means)}
            return
        likeness = F.normalize(means) @ F.normalize(self.state["base"]).T  # (new, K0)
        borrowed = (self.scale * likeness).softmax(1) @ self.state["base"]
        mixed = F.normalize(self.keep * means + (1 - self.keep) * borrowed)
        self.state["prototypes"] = torch.cat([self.state["prototypes"], mixed])

    def head(self) -> tuple[Tensor, Tensor]:
        """Cosine times |x|, which changes no decision."""
        prototypes = self.state["prototypes"]
        return prototypes, torch.zeros(len(prototypes))
