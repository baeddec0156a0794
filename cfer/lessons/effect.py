"""What a lesson did to the old classes, measured on features that nothing was fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.evaluation.metrics import harmonic_mean
from cfer.learners.base import Head


@dataclass(frozen=True)
class Effect:
    """What a lesson did.

    Attributes:
        name: The new class.
        shots: How many pictures it was taught from.
        old: The old classes' names, those that can be measured.
        before: Recall of each on the check features before the lesson.
        after: The same afterwards, with the new class among the possible answers; each half of the features by an
            offset that was set without it.
        lost: Share of each one's check features that are now called the new class.
        new_recall: Share of further pictures of the new class that are recognised among all classes; None if there
            were none to measure with.
        new_measured: How many such pictures.
        nearest: Old classes by cosine of their discriminant with the new one's, centred; nearest first.
        notes: Sentences about pictures that were not counted.
    """

    name: str
    shots: int
    old: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    lost: tuple[float, ...]
    new_recall: float | None
    new_measured: int
    nearest: tuple[tuple[str, float], ...]
    notes: tuple[str, ...] = ()

    @property
    def old_before(self) -> float:
        """Mean recall of the old classes before."""
        return sum(self.before) / len(self.before)

    @property
    def old_after(self) -> float:
        """Mean recall of the old classes afterwards."""
        return sum(self.after) / len(self.after)

    @property
    def harmonic(self) -> float | None:
        """Harmonic mean of the old classes' recall afterwards and the new one's; None if that was not measured."""
        return None if self.new_recall is None else harmonic_mean(self.old_after, self.new_recall)


def effect_of(
    checkpoint: Checkpoint, name: str, shots: int, head: Head, offsets: Sequence[float], right: Sequence[bool]
) -> Effect:
    """Measure a lesson.

    Args:
        checkpoint: Before the lesson.
        name: The new class.
        shots: How many pictures it was taught from.
        head: Calibrated, with the new class last, without a policy's offset.
        offsets: The new class's for the even and for the odd check features, each set on the other ones' half.
        right: Whether further pictures of the new class were recognised, one by one.
    """
    x, y, new = checkpoint.check_features, checkpoint.checks.y, len(checkpoint.names)
    before = F.linear(x, *checkpoint.head).argmax(1)
    logits = F.linear(x, *head)
    logits[0::2, new] += offsets[1]  # set on the odd ones
    logits[1::2, new] += offsets[0]
    after = logits.argmax(1)
    measured = [k for k in range(new) if bool((y == k).any())]

    def share(condition: Tensor) -> tuple[float, ...]:
        return tuple(float(condition[y == k].float().mean()) for k in measured)

    centre = head.weight.mean(0)
    alike = F.cosine_similarity(head.weight[:new] - centre, head.weight[new] - centre)
    ranked = alike.argsort(descending=True).tolist()
    return Effect(
        name=name,
        shots=shots,
        old=tuple(checkpoint.names[k] for k in measured),
        before=share(before == y),
        after=share(after == y),
        lost=share(after == torch.tensor(new)),
        new_recall=sum(right) / len(right) if right else None,
        new_measured=len(right),
        nearest=tuple((checkpoint.names[k], float(alike[k])) for k in ranked),
    )
