"""TEEN: few-shot prototypes drawn towards similar base classes (Wang et al., NeurIPS 2023, arXiv 2312.05229)."""

import torch
import torch.nn.functional as F

from cfer.learners.base import Head, LinearLearner, Step, class_means

SCALE, KEEP = 16.0, 0.5  # the paper's tau and alpha


class Teen(LinearLearner):
    """Cosine to prototypes; a new one is mixed with the base prototypes, weighted by their similarity (eq. 5-7).

    Fitted: `prototypes` (K, C) of unit length, `base` (K0, C) unnormalised means of step 0.
    """

    takes_sources = True

    def __init__(self, scale: float = SCALE, keep: float = KEEP) -> None:
        """Set the softmax's scale and the share of a new prototype that is its own."""
        super().__init__()
        self.scale, self.keep = scale, keep

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add prototypes; those of later steps are calibrated."""
        means = class_means(step)[0].float()
        if step.number == 0:
            self.fitted = {"base": means, "prototypes": F.normalize(means)}
            return
        base = self.fitted["base"]
        likeness = F.normalize(means) @ F.normalize(base).T  # (new, K0)
        borrowed = (self.scale * likeness).softmax(1) @ base
        mixed = F.normalize(self.keep * means + (1 - self.keep) * borrowed)
        self.fitted = self.fitted | {"prototypes": torch.cat([self.fitted["prototypes"], mixed])}

    def solved_head(self) -> Head:
        """Cosine times |x|, which changes no decision."""
        prototypes = self.fitted["prototypes"]
        return Head(prototypes, torch.zeros(len(prototypes)))
