"""Phase 3: teach classes from no, one or a few pictures, scored over all classes.

A lesson is the step that training takes: a copy of the checkpoint's learner observes the new class; what is known of
the old ones, and of how classes scatter, stays as it is. Its offset starts from all that is unsure about the mean, and
`cfer.lessons.placement` then sets how hard the class pulls.
What a checkpoint with lessons knows is a function of the checkpoint and of the *set* of lessons: they are taught in the
order of their names, each placed against the checkpoint alone, so that removing one gives, to the last bit, what was
there without it.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo
from cfer.learners.base import Head, LinearLearner, SideInformation, Step
from cfer.lessons.effect import Effect, effect_of
from cfer.lessons.names import LessonError, clean_name
from cfer.lessons.placement import Place, place, placed, room
from cfer.lessons.record import EAGER, Lesson, constituents_for, contradict
from cfer.protocol.stream import prototypes
from cfer.system.draws import generator_of


def taught(base: Checkpoint, lessons: Sequence[Lesson]) -> Checkpoint:
    """A checkpoint that knows some lessons; the one given is left as it was.

    Args:
        base: A model with its learner.
        lessons: In any order.

    Raises:
        LessonError: Two lessons, or a lesson and a class of the model, have one name; features are of another network.
    """
    return _with_places(base, {lesson.name: (lesson, placement(base, lesson)) for lesson in _checked(base, lessons)})


def placement(base: Checkpoint, lesson: Lesson, part: int | None = None) -> Place:
    """Placement of a lesson's class beside those of a checkpoint.

    Args:
        base: The checkpoint, without the lesson.
        lesson: The lesson.
        part: Judge by every other check feature, the even (0) or the odd (1) ones; None for all.
    """
    _, head = observed(replace(base, shift=None), lesson)
    chosen = slice(None) if part is None else slice(part, None, 2)
    x, y = base.checks.x[chosen], base.checks.y[chosen]
    return place(head, x, y, lesson.seen, lesson.against, EAGER[lesson.eager])


def teach(base: Checkpoint, lesson: Lesson, others: Sequence[Lesson] = (), held_out: Tensor | None = None) -> Effect:
    """Teach a lesson to a checkpoint that knows some others.

    Args:
        base: The checkpoint, without any of the lessons.
        lesson: The one in question.
        others: Lessons that it already knows.
        held_out: Features (m, C) of further pictures of the class, to measure with, as the camera that was learned from
            would give them. Without them, and with at least two pictures, each is measured by a lesson from the others.

    Raises:
        LessonError: See `taught`.
    """
    known = [other for other in others if other.name != lesson.name]
    _checked(base, [*known, lesson])
    base = base.with_shift(None)  # all features here are of the camera that was learned from
    places = {other.name: (other, placement(base, other)) for other in known}
    before = _with_places(base, places)
    after = _with_places(base, places | {lesson.name: (lesson, placement(base, lesson))})
    halves = []
    for part in (0, 1):
        halves.append(_with_places(base, places | {lesson.name: (lesson, placement(base, lesson, part))}).head)
    if held_out is not None and len(held_out):
        own = after.names.index(lesson.name)
        right = [bool(hit) for hit in F.linear(held_out, *after.head).argmax(1) == own]
    else:
        right = _each_without_itself(base, lesson) if len(lesson.shots) > 1 else []
    return effect_of(before, after, lesson, halves, right)


def observed(base: Checkpoint, lesson: Lesson) -> tuple[LinearLearner, Head]:
    """A copy of a checkpoint's learner that has seen one more class, and its calibrated head without a placement."""
    learner = base.learner.copy()
    learner.observe(_step(base, lesson, len(base.names)), _generator(base, lesson))
    return learner, base.with_room().folded(learner.head())


def _with_places(base: Checkpoint, places: dict[str, tuple[Lesson, Place]]) -> Checkpoint:
    """The checkpoint with lessons at their places, in the order of their names."""
    found = base
    for name in sorted(places):
        lesson, where = places[name]
        learner = found.learner.copy()
        learner.observe(_step(base, lesson, len(found.names)), _generator(base, lesson))
        new = ClassInfo(name, lesson.kind, lesson.constituents)
        found = found.with_class(new, learner, where.offset, where.pull)
        known = {**(found.facts.lessons or {}), name: len(lesson.shots)}
        found = replace(found, facts=replace(found.facts, lessons=known))
    return found


def _step(base: Checkpoint, lesson: Lesson, count: int) -> Step:
    units, shots = base.model.action_units, lesson.shots
    shown = None
    if units:
        shown = prototypes((lesson.name,), units)
        if lesson.units:
            shown = torch.tensor([[float(unit in lesson.units) for unit in units]], dtype=torch.float32)
    return Step(
        len(base.heads) + count - len(base.names),
        range(count, count + 1),
        count + 1,
        shots,
        torch.full((len(shots),), count),
        side=SideInformation(
            constituents=(tuple(base.names.index(p) for p in lesson.constituents),),
            neutral=base.names.index("neutral") if "neutral" in base.names else None,
            prototypes=shown,
        ),
        lesson=True,
    )


def _generator(base: Checkpoint, lesson: Lesson) -> torch.Generator:
    """Chance that depends on the class's name alone, so that the order of lessons does not matter."""
    return generator_of(base.facts.seed, "lesson", lesson.name)


def _checked(base: Checkpoint, lessons: Sequence[Lesson]) -> Sequence[Lesson]:
    taken = list(base.names)
    for lesson in lessons:
        if clean_name(lesson.name, taken) != lesson.name:
            raise LessonError("{name!r} is not the name of a lesson.", name=lesson.name)
        constituents_for(lesson.name, lesson.constituents, base.names)
        width = base.model.num_features
        if any(len(f) and f.shape[1] != width for f in lesson.features) or _is_of_another(lesson, base):
            raise LessonError("The lesson {name!r} was made with another network.", name=lesson.name)
        taken.append(lesson.name)
    for one, other in combinations(lessons, 2):
        if contradict(one, other):
            raise LessonError(
                "One picture was brought as {one!r} and as {other!r}. Keep one of the two lessons, or bring another "
                "picture.",
                one=one.name,
                other=other.name,
            )
    return lessons


def _is_of_another(lesson: Lesson, base: Checkpoint) -> bool:
    """True if a lesson's features are known to be another backbone's."""
    return bool(lesson.backbone and base.facts.backbone) and lesson.backbone != base.facts.backbone


def _each_without_itself(base: Checkpoint, lesson: Lesson) -> list[bool]:
    """Flags: each picture is recognised after a lesson from the other ones."""
    found = []
    for i in range(len(lesson.shots)):
        rest = [j for j in range(len(lesson.shots)) if j != i]
        fewer = replace(lesson, shots=lesson.shots[rest], seen=lesson.seen[rest], crops=())
        head = placed(observed(base, fewer)[1], placement(base, fewer))
        found.append(bool(room(head, lesson.seen[[i]]) < 0))
    return found
