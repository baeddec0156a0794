"""Experience replay and what came of it, on a linear head: ER, ER-ACE, DER++, LwF, WA, GDumb, fine-tuning, joint.

Each is a loss or a rule of a few lines over `Rehearsal`; sources stand with each.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head, Step
from cfer.learners.heads import HeadFit, fit_head
from cfer.learners.losses import distillation
from cfer.learners.rehearsal import Rehearsal, cross_entropy


class FineTuning(Rehearsal):
    """Cross-entropy on the new class alone: the lower bound."""

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """See `Rehearsal.new_head`."""
        return fit_head(self.widened(step, generator), step.x, cross_entropy(step.y), generator, self.fit)


class ER(Rehearsal):
    """ER: cross-entropy on half new and half remembered rows (Chaudhry et al., arXiv 1902.10486)."""

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """See `Rehearsal.new_head`."""
        x, y, _ = self.balanced(step)
        return fit_head(self.widened(step, generator), x, cross_entropy(y), generator, self.fit)


class ERACE(Rehearsal):
    """ER-ACE: new rows compete among the new classes only, remembered ones among all (Caccia et al., ICLR 2022).

    With one class a step the new rows' own loss is nothing; as in the online method the new class is learned because
    its exemplars enter the memory before the step's updates.
    """

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """See `Rehearsal.new_head`."""
        x, y, row = self.balanced(step)
        new = row < 0
        picks = torch.randperm(len(step.x), generator=generator)[: max(1, self.per_class)]
        inserted = step.x[picks[torch.arange(max(1, self.per_class)) % len(picks)]]
        x = torch.cat([x, inserted])
        y = torch.cat([y, torch.full((len(inserted),), step.new.start)])
        new = torch.cat([new, torch.zeros(len(inserted), dtype=torch.bool)])

        def loss(logits: Tensor, index: Tensor) -> Tensor:
            fresh = new[index]
            blocked = fresh[:, None] & (torch.arange(logits.shape[1]) < step.new.start)
            return F.cross_entropy(logits.masked_fill(blocked, -1e9), y[index])

        return fit_head(self.widened(step, generator), x, loss, generator, self.fit)


class DERpp(Rehearsal):
    """DER++: replay with labels and with the logits of the time (Buzzega et al., NeurIPS 2020, eq. 6).

    The head grows, so a stored row of logits is as wide as the head was; newer columns take no part in its loss.

    Fitted: that of `Rehearsal` and `memory_logits` (M, K), nan where there was no class yet.
    """

    def __init__(self, per_class: int, fit: HeadFit = HeadFit(), alpha: float = 0.3) -> None:  # noqa: B008 - frozen
        """Weigh the logits' mean squared error with alpha; remembered labels weigh as much as new ones."""
        super().__init__(per_class, fit)
        self.alpha = alpha

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """See `Rehearsal.new_head`."""
        x, y, row = self.balanced(step)
        stored = torch.full((len(x), step.seen), torch.nan)
        old = self.fitted["memory_logits"]
        stored[row >= 0, : old.shape[1]] = old[row[row >= 0]]

        def loss(logits: Tensor, index: Tensor) -> Tensor:
            wanted = stored[index]
            known = ~wanted.isnan()
            gap = torch.where(known, logits - wanted.nan_to_num(), 0.0)
            return F.cross_entropy(logits, y[index]) + self.alpha * gap.square().sum() / known.sum().clamp(min=1)

        return fit_head(self.widened(step, generator), x, loss, generator, self.fit)

    def remember(self, step: Step, generator: torch.Generator) -> None:
        """Store logits with the exemplars."""
        before = len(self.fitted["memory_y"])
        super().remember(step, generator)
        fresh = self.logits(self.fitted["memory_x"][before:])
        grown = torch.full((len(self.fitted["memory_y"]), fresh.shape[1]), torch.nan)
        if before:
            old = self.fitted["memory_logits"]
            grown[:before, : old.shape[1]] = old
        grown[before:] = fresh
        self.fitted = self.fitted | {"memory_logits": grown}


class LwF(Rehearsal):
    """LwF: no memory; the previous head's answers on the new pictures are kept (Li & Hoiem, ECCV 2016)."""

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """See `Rehearsal.new_head`."""
        teacher = self.logits(step.x)

        def loss(logits: Tensor, index: Tensor) -> Tensor:
            return F.cross_entropy(logits, step.y[index]) + distillation(logits, teacher[index], temperature=2.0)

        return fit_head(self.widened(step, generator), step.x, loss, generator, self.fit)


class WA(Rehearsal):
    """WA: replay with distillation, then new rows brought to the old ones' norm (Zhao et al., CVPR 2020, eq. 6-8)."""

    def new_head(self, step: Step, generator: torch.Generator) -> Head:
        """See `Rehearsal.new_head`."""
        x, y, _ = self.balanced(step)
        teacher = self.logits(x)
        keep = step.new.start / step.seen

        def loss(logits: Tensor, index: Tensor) -> Tensor:
            known = distillation(logits, teacher[index], temperature=2.0)
            return (1 - keep) * F.cross_entropy(logits, y[index]) + keep * known

        weight, bias = fit_head(self.widened(step, generator), x, loss, generator, self.fit)
        norms, old = weight.norm(dim=1), step.new.start
        aligned = weight[old:] * (norms[:old].mean() / norms[old:].mean())
        return Head(torch.cat([weight[:old], aligned]), bias)


class GDumb(Rehearsal):
    """GDumb: nothing but a fresh head on the balanced memory after every step (Prabhu et al., ECCV 2020)."""

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Fill the memory, then fit it from scratch."""
        if step.number == 0:
            self.clear(step.x.shape[1])
        self.remember(step, generator)
        memory, rows = self.memory, self.rehearsed()
        self.set_head(self.fitted_head(memory.features[rows], memory.labels[rows], step.seen, generator))


class Joint(GDumb):
    """All pictures of all steps at once: the upper bound for a linear head fitted this way."""

    def select(self, x: Tensor, label: int, generator: torch.Generator) -> Tensor:
        """Everything."""
        return torch.arange(len(x))
