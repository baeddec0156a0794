"""Phase 3: teach a class from one to a few pictures, scored over all classes.

A lesson is the step that training takes: a copy of the checkpoint's learner observes the new class. What is added is a
policy about its offset. It is lowered where the newcomer would claim more of the old classes than a lesson may cost,
judged on features that nothing was fitted to; and it is raised as far as the taught pictures need to be recognised,
whatever that costs. What a lesson did cost is measured crosswise: each half of those features by the offset that the
other half allows. Undoing a lesson is going back to the checkpoint that was taught, which stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo
from cfer.emotions import EXPRESSIONS, Kind
from cfer.evaluation.stream import prototypes
from cfer.learners.base import Head, LinearLearner, Step
from cfer.lessons.effect import Effect, effect_of
from cfer.lessons.names import LessonError, clean_name, same_name

FALSE_ALARMS = 0.05
"""Share of the old classes that a new class may claim: what a lesson may cost. A policy, not a fit."""

MARGIN = 0.1
"""By how much a taught picture's own class leads the next one, in units of the logit."""


@dataclass(frozen=True)
class Policy:
    """How a new class is placed beside the old ones.

    Attributes:
        false_alarms: Share of the old classes' check features, each class counting alike, that it may claim.
        recognise: Whether the taught pictures are recognised afterwards, whatever that costs.
    """

    false_alarms: float = FALSE_ALARMS
    recognise: bool = True


def constituents_for(name: str, chosen: tuple[str, ...], known: Sequence[str]) -> tuple[str, ...]:
    """The constituents a class is taught with: those chosen, or the vocabulary's where the model knows both.

    Raises:
        LessonError: A chosen constituent is not known to the model.
    """
    meant = [same_name(part, known) for part in chosen]
    for part, name_of_part in zip(chosen, meant, strict=True):
        if name_of_part is None:
            raise LessonError(f"{part!r} is not a class of this model.")
    if chosen:
        return tuple(dict.fromkeys(part for part in meant if part))
    entry = EXPRESSIONS.get(name)
    return entry.constituents if entry and all(p in known for p in entry.constituents) else ()


def teach(
    checkpoint: Checkpoint,
    name: str,
    shots: Tensor,
    *,
    pictures: Tensor | None = None,
    held_out: Tensor | None = None,
    constituents: tuple[str, ...] = (),
    policy: Policy = Policy(),
) -> tuple[Checkpoint, Effect]:
    """Teach one class; the checkpoint given is left as it was.

    Args:
        checkpoint: A model with its learner.
        name: The new class's.
        shots: Features (n, C) of its pictures, n >= 1, as the learner observes them.
        pictures: Features (m, C) of the same pictures as they are read, which must be recognised; the shots by default.
        held_out: Features (m, C) of further pictures of the class, to measure with. Without them, and with at least
            two shots, each shot is measured by a lesson from the others.
        constituents: The basics it blends, if the person knows them.
        policy: How the class is placed.

    Raises:
        LessonError: The name or a constituent will not do, or there is no picture.
    """
    name = clean_name(name, checkpoint.names)
    constituents = constituents_for(name, constituents, checkpoint.names)
    if not len(shots):
        raise LessonError("A lesson needs at least one picture.")
    pictures = shots if pictures is None else pictures
    kind = EXPRESSIONS[name].kind if name in EXPRESSIONS else Kind.TAUGHT
    new = ClassInfo(name, kind, constituents)
    learner, head = observed(checkpoint, name, shots, constituents)
    seen = pictures if policy.recognise else None
    taught = checkpoint.with_class(new, learner, offset_for(head, checkpoint, seen, policy.false_alarms))
    lessons = {**(checkpoint.facts.lessons or {}), name: len(shots)}
    taught = replace(taught, facts=replace(taught.facts, lessons=lessons))

    if held_out is not None and len(held_out):
        right = [bool(hit) for hit in F.linear(held_out, *taught.head).argmax(1) == len(checkpoint.names)]
    else:
        right = _each_without_itself(checkpoint, name, shots, pictures, constituents, policy) if len(shots) > 1 else []
    halves = [offset_for(head, checkpoint, seen, policy.false_alarms, part=part) for part in (0, 1)]
    return taught, effect_of(checkpoint, name, len(shots), head, halves, right)


def observed(
    checkpoint: Checkpoint, name: str, shots: Tensor, constituents: tuple[str, ...]
) -> tuple[LinearLearner, Head]:
    """A copy of a checkpoint's learner that has seen one more class, and its calibrated head without a policy."""
    count = len(checkpoint.names)
    index = tuple(checkpoint.names.index(p) for p in constituents)
    neutral = checkpoint.names.index("neutral") if "neutral" in checkpoint.names else None
    labels = torch.full((len(shots),), count)
    units = checkpoint.model.action_units
    step = Step(
        len(checkpoint.heads),
        range(count, count + 1),
        count + 1,
        shots if checkpoint.shift is None else shots - checkpoint.shift,
        labels,
        (index,),
        neutral,
        prototypes=prototypes((name,), units) if units else None,
    )
    learner = checkpoint.learner.copy()
    learner.observe(step, torch.Generator().manual_seed(checkpoint.facts.seed * 1000 + step.number))
    return learner, checkpoint.with_room().folded(learner.head())


def offset_for(
    head: Head, checkpoint: Checkpoint, pictures: Tensor | None, false_alarms: float, part: int | None = None
) -> float:
    """What is added to the new class's logit, the last of a calibrated head.

    Args:
        head: With the new class, as the learner has it.
        checkpoint: Whose check features the old classes are judged on.
        pictures: Features (m, C) that must be recognised afterwards, or None for none.
        false_alarms: See `Policy`.
        part: Judge on every other check feature, the even (0) or the odd (1) ones; None for all.
    """
    chosen = slice(None) if part is None else slice(part, None, 2)
    x, y = checkpoint.check_features[chosen], checkpoint.checks.y[chosen]
    offset = min(0.0, _allowed(room(head, x), y, false_alarms)) if len(x) else 0.0
    if pictures is not None and len(pictures):
        offset = max(offset, float(room(head, pictures).max()) + MARGIN)
    return offset


def room(head: Head, x: Tensor) -> Tensor:
    """By how much (N,) the best old class leads the last one: the offset above which a row is claimed."""
    logits = F.linear(x, *head)  # (N, K + 1)
    return logits[:, :-1].amax(1) - logits[:, -1]


def _allowed(margin: Tensor, y: Tensor, false_alarms: float) -> float:
    """The largest offset at which no more than a share of the rows, each class counting alike, is claimed."""
    share = 1 / torch.bincount(y).float()[y]
    order = margin.argsort()
    taken = (share[order] / share.sum()).cumsum(0)
    within = int((taken <= false_alarms).sum())
    return float(margin[order[min(within, len(order) - 1)]]) - 1e-4


def _each_without_itself(
    checkpoint: Checkpoint, name: str, shots: Tensor, pictures: Tensor, constituents: tuple[str, ...], policy: Policy
) -> list[bool]:
    """Whether each picture is recognised after a lesson from the other ones."""
    found = []
    for i in range(len(shots)):
        rest = [j for j in range(len(shots)) if j != i]
        _, head = observed(checkpoint, name, shots[rest], constituents)
        seen = pictures[rest] if policy.recognise else None
        offset = offset_for(head, checkpoint, seen, policy.false_alarms)
        found.append(bool(room(head, pictures[[i]]) < offset))
    return found
