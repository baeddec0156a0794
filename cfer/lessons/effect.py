"""Effect of a lesson on the old classes, measured on features that nothing was fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.evaluation.metrics import harmonic_mean
from cfer.learners.base import Head
from cfer.lessons.record import Lesson

COSTLY, COLLISION = 0.02, 0.15
"""Mean loss of the old classes, and loss of one of them to the new class, from which on a lesson is called so."""


class Verdict(StrEnum):
    """Verdict on a lesson."""

    FINE = "fine"
    COSTS = "costs"
    COLLIDES = "collides"


@dataclass(frozen=True)
class Effect:
    """Effect of a lesson.

    Attributes:
        name: The new class.
        shots: How many pictures it was taught from.
        old: The old classes' names, those that can be measured.
        before: Recall of each on the check features before the lesson.
        after: The same afterwards, with the new class among the possible answers; each half of the features by a
            placement that was set without it.
        lost: Share of each one's check features that are now called the new class.
        recognised: Share of the taught pictures that are recognised; None where there were none.
        new_recall: Share of further pictures of the new class that are recognised among all classes; None if there
            were none to measure with.
        new_measured: How many such pictures.
        nearest: Old classes by cosine of their discriminant with the new one's, centred; nearest first.
        was_called: What the taught pictures were called before, and how many of them.
        notes: Sentences about pictures that were not counted.
    """

    name: str
    shots: int
    old: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    lost: tuple[float, ...]
    recognised: float | None
    new_recall: float | None
    new_measured: int
    nearest: tuple[tuple[str, float], ...]
    was_called: tuple[tuple[str, int], ...] = ()
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

    @property
    def most_hurt(self) -> tuple[str, float]:
        """The old class of which most is called the new one now, and how much, 0 to 1."""
        worst = max(range(len(self.old)), key=lambda k: self.lost[k])
        return self.old[worst], self.lost[worst]

    @property
    def most_lost(self) -> tuple[str, float, float]:
        """The old class whose recall fell most, and its recall before and after."""
        worst = self.worst_first[0]
        return self.old[worst], self.before[worst], self.after[worst]

    @property
    def worst_first(self) -> list[int]:
        """Places of the old classes by how far their recall fell, of equal ones by how many are called the new one."""
        return sorted(range(len(self.old)), key=lambda k: (self.after[k] - self.before[k], -self.lost[k]))

    @property
    def verdict(self) -> Verdict:
        """Verdict: fine, costly on average, or at one old class's expense."""
        if self.most_hurt[1] >= COLLISION:
            return Verdict.COLLIDES
        return Verdict.COSTS if self.old_before - self.old_after >= COSTLY else Verdict.FINE

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the verdict, what each old class lost, and how the new one is recognised."""
        rows = zip(self.old, self.before, self.after, self.lost, strict=True)
        return {
            "expression": self.name,
            "pictures": self.shots,
            "verdict": self.verdict.value,
            "old_before": round(self.old_before, 4),
            "old_after": round(self.old_after, 4),
            "most_hurt": self.most_hurt[0],
            "old": {
                name: {"before": round(before, 4), "after": round(after, 4), "called_the_new_one": round(lost, 4)}
                for name, before, after, lost in rows
            },
            "recognised": self.recognised,
            "new_recall": self.new_recall,
            "new_measured": self.new_measured,
            "nearest": [name for name, _ in self.nearest[:5]],
            "notes": list(self.notes),
        }


def effect_of(
    before: Checkpoint, after: Checkpoint, lesson: Lesson, halves: Sequence[Head], right: Sequence[bool]
) -> Effect:
    """Measure a lesson.

    Args:
        before: The checkpoint without it.
        after: The checkpoint with it; its classes may stand in another order.
        lesson: What was taught.
        halves: The head with the lesson placed by the even and by the odd check features.
        right: Whether further pictures of the new class were recognised, one by one.
    """
    x, y = before.check_features, before.checks.y
    own = after.names.index(lesson.name)
    moved = torch.tensor([after.names.index(name) for name in before.names])  # an old class's place afterwards
    was = F.linear(x, *before.head).argmax(1)
    now = torch.empty_like(was)
    now[0::2] = F.linear(x[0::2], *halves[1]).argmax(1)  # set on the odd ones
    now[1::2] = F.linear(x[1::2], *halves[0]).argmax(1)
    measured = [k for k in range(len(before.names)) if bool((y == k).any())]

    def share(condition: Tensor) -> tuple[float, ...]:
        return tuple(float(condition[y == k].float().mean()) for k in measured)

    centre = after.head.weight.mean(0)
    alike = F.cosine_similarity(after.head.weight[moved] - centre, after.head.weight[own] - centre)
    ranked = alike.argsort(descending=True).tolist()
    recognised, called = None, ()
    if len(lesson.seen):
        recognised = float((F.linear(lesson.seen, *after.head).argmax(1) == own).float().mean())
        names = [before.names[k] for k in F.linear(lesson.seen, *before.head).argmax(1).tolist()]
        called = tuple((name, names.count(name)) for name in dict.fromkeys(names))
    return Effect(
        name=lesson.name,
        shots=len(lesson.shots),
        old=tuple(before.names[k] for k in measured),
        before=share(was == y),
        after=share(now == moved[y]),
        lost=share(now == own),
        recognised=recognised,
        new_recall=sum(right) / len(right) if right else None,
        new_measured=len(right),
        nearest=tuple((before.names[k], float(alike[k])) for k in ranked),
        was_called=called,
    )
