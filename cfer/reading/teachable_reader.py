"""Reader that is taught: lessons, what they cost, and the steps before."""

import operator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import torch

from cfer.checkpoint import Checkpoint
from cfer.lessons.effect import Effect
from cfer.lessons.lesson import taught, teach
from cfer.lessons.names import LessonError, clean_name
from cfer.lessons.record import DEFAULT_EAGER, Lesson
from cfer.network.modes import plain_numerics
from cfer.reading.adapt import unadapted
from cfer.reading.face import FaceReading
from cfer.reading.picture_reader import Picture, PictureReader
from cfer.reading.teaching import (
    check_brought_once,
    check_listed,
    for_camera,
    groups_named,
    lesson_from,
    without_copies,
)


class TeachableReader(PictureReader):
    """A checkpoint that reads pictures and can be taught. Immutable: a lesson gives another reader."""

    _base: Checkpoint | None = None
    _lessons: tuple[Lesson, ...] = ()
    _later: "tuple[Self, int] | None" = None  # the reader whose earlier step this is, and which

    @property
    def latest(self) -> Self:
        """The reader whose earlier step this is; itself where it stands at the last one."""
        return self._later[0] if self._later else self

    @plain_numerics()
    def at_step(self, step: int) -> Self:
        """The reader as it was after a step, for reading: it shares the backbone, so a face is read again for nothing.

        It cannot be taught, because the learner's state is not kept for every step.

        Raises:
            ValueError: There is no such step.
            TypeError: It is no whole number.
        """
        heads, step = self.checkpoint.heads, operator.index(step)
        if not 0 <= step < len(heads):
            raise ValueError(f"There is no step {step}; the last one is {len(heads) - 1}.")
        head = heads[step]
        classes = self.checkpoint.classes[: len(head.bias)]
        model = self.checkpoint.model.with_head(tuple(c.name for c in classes), head.weight, head.bias)
        then = self._over(replace(self.checkpoint, model=model, classes=classes, heads=heads[: step + 1]))
        then._later = (self, step) if step < len(heads) - 1 else None
        return then

    @property
    def base(self) -> Checkpoint:
        """The checkpoint without the lessons that this reader was given."""
        return self._base or self.checkpoint

    @property
    def lessons(self) -> tuple[Lesson, ...]:
        """The lessons that this reader was given, in the order in which they were."""
        return self._lessons

    @plain_numerics()
    def lesson(
        self,
        name: str,
        pictures: Sequence[FaceReading | Picture] = (),
        *,
        against: Sequence[FaceReading | Picture] = (),
        constituents: tuple[str, ...] = (),
        units: tuple[int, ...] = (),
        eager: str = DEFAULT_EAGER,
        already_cropped: bool = False,
        keep_crops: bool = True,
    ) -> Lesson:
        """Make a lesson from the largest face of each picture; nobody is taught it yet.

        Args:
            name: The new class's.
            pictures: Faces that were read, or pictures; none for a class that is known by its constituents or units.
            against: Pictures that are not it.
            constituents: The basics it blends, if they are known.
            units: Numbers of the action units that it shows, if they are known.
            eager: How hard it pulls; see `cfer.lessons.record.EAGER`.
            already_cropped: Take whole pictures for faces.
            keep_crops: Whether the lesson keeps the face crops in memory, so that they are read again when the reader
                is adapted to a camera. They are never written.

        Raises:
            LessonError: The name or a constituent will not do, there is nothing to learn from, one picture is brought
                as the class and as not it, or this reader is of an earlier step.
            PictureError: A picture cannot be used.
        """
        self._check_last_step(LessonError)
        shots, others = (self._faces(each, already_cropped) for each in (pictures, against))
        lesson = lesson_from(self.base, unadapted(self.base), name, shots, others, constituents, units, eager)
        return lesson if keep_crops else lesson.without_crops()

    @plain_numerics()
    def with_lessons(self, lessons: Sequence[Lesson]) -> Self:
        """A reader that knows these lessons and no others; their order decides nothing but how they are listed.

        Raises:
            LessonError: Two have one name or one picture, or one was made with another network.
        """
        self._check_last_step(LessonError)
        lessons = tuple(for_camera(lesson, self.base) for lesson in lessons)
        if not lessons:
            return self._over(self.base)
        return self._over(taught(self.base, lessons), self.base, lessons)

    @plain_numerics()
    def effect(self, lesson: Lesson, *, held_out: Sequence[FaceReading] = ()) -> Effect:
        """Effect of a lesson on everything else that this reader knows; see `cfer.lessons.lesson.teach`.

        Raises:
            LessonError: See there; or this reader is of an earlier step.
        """
        self._check_last_step(LessonError)
        faces = [self.reread(f) for f in held_out]
        further = torch.stack([f.features for f in faces]) if faces else None
        return teach(self.base, for_camera(lesson, self.base), self.lessons, further)

    def teach(
        self,
        name: str,
        pictures: Sequence[FaceReading | Picture] = (),
        *,
        against: Sequence[FaceReading | Picture] = (),
        held_out: Sequence[FaceReading | Picture] = (),
        already_cropped: bool = False,
        **given: Any,
    ) -> tuple[Self, Effect]:
        """Teach a class from the largest face of each picture.

        Args:
            name: The new class's.
            pictures: Faces that were read, or pictures.
            against: Pictures that are not it.
            held_out: Further ones of the class, to measure with.
            already_cropped: Take whole pictures for faces.
            given: What else `lesson` takes.

        Returns:
            A reader that knows the class, and what the lesson did; this reader stays as it was.

        Raises:
            LessonError: See `lesson` and `with_lessons`.
            PictureError: A picture cannot be used.
        """
        self._check_last_step(LessonError)
        known = clean_name(name, self.names)
        shots, others, further = (self._faces(each, already_cropped) for each in (pictures, against, held_out))
        check_brought_once(shots, others, further, known)
        groups = [*groups_named(shots), *groups_named(others, "Picture of something else")]
        groups += groups_named(further, "Check picture")
        shots, further, notes = without_copies(shots, further)
        lesson = self.lesson(name, shots, against=others, already_cropped=already_cropped, **given)
        effect = self.effect(lesson, held_out=further)
        before = [
            f"{count} of the pictures {'was' if count == 1 else 'were'} called {called}, which was taught before."
            for called, count in effect.was_called
            if called in (self.base.facts.lessons or {})
        ]
        return self.with_lessons((*self.lessons, lesson)), replace(effect, notes=(*groups, *notes, *before))

    def _check_last_step(self, kind: type[ValueError]) -> None:
        """See that this reader stands where its learner does.

        Raises:
            ValueError: It is of an earlier step; of the kind that is given.
        """
        if self._later is not None:
            raise kind(
                f"This reader is as the model was after step {self._later[1]}: it reads, and cannot be taught or "
                "adapted, because what was learned is kept for the last step alone. Use the reader that at_step was "
                "asked of."
            )

    def _faces(self, pictures: Sequence[FaceReading | Picture], already_cropped: bool) -> list[FaceReading]:
        """Faces as this reader reads them, and the largest faces of pictures."""
        check_listed(pictures)
        return [
            self.reread(p) if isinstance(p, FaceReading) else self.face(p, already_cropped=already_cropped)
            for p in pictures
        ]

    def _over(self, checkpoint: Checkpoint, base: Checkpoint | None = None, lessons: tuple[Lesson, ...] = ()) -> Self:
        """A reader of a checkpoint with the same backbone."""
        reader = type(self)(checkpoint)
        reader._neutral, reader._base, reader._lessons = self._neutral, base, lessons
        reader._origin, reader._loaded = self._origin, self._loaded
        return reader
