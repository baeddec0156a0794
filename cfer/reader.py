"""Reader: a picture in, a reading out. The one door for the app, the command line and other programs.

A reader never changes and may be shared by threads; a lesson gives another reader, which shares all that does not
depend on the head.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from PIL import Image

from cfer.adapt import LEAST, Adaptation, adapt, camera_correction, unadapted, with_camera
from cfer.checkpoint import Checkpoint
from cfer.face_reading import FaceReading
from cfer.faces.crops import face_crops
from cfer.faces.detect import NO_FACE, TOO_SMALL
from cfer.faces.quality import Quality
from cfer.lessons.copies import Shown, first_same, mark_of
from cfer.lessons.effect import Effect
from cfer.lessons.lesson import taught, teach
from cfer.lessons.names import clean_name
from cfer.lessons.record import DEFAULT_EAGER, Lesson, constituents_for
from cfer.model import plain_numerics
from cfer.passes import Passes
from cfer.pictures import Decoded, PictureError, decode_picture
from cfer.yardsticks import Yardsticks

Picture = str | Path | bytes | Image.Image | np.ndarray | Decoded
"""What a picture may be given as; see `cfer.pictures.read_picture`."""


@dataclass(frozen=True)
class Reading:
    """What is read in a picture: no face, one or several, the largest first."""

    faces: tuple[FaceReading, ...]


class Reader(Yardsticks):
    """A checkpoint that reads pictures and can be taught. Immutable: a lesson gives another reader."""

    _base: Checkpoint | None = None
    _lessons: tuple[Lesson, ...] = ()

    def at_step(self, step: int) -> Self:
        """The reader as it was after a step, for reading: it shares the backbone, so a face is read again for nothing.

        It cannot be taught, because the learner's state is not kept for every step.

        Raises:
            ValueError: There is no such step.
        """
        heads = self.checkpoint.heads
        if not 0 <= step < len(heads):
            raise ValueError(f"There is no step {step}; the last one is {len(heads) - 1}.")
        head = heads[step]
        classes = self.checkpoint.classes[: len(head.bias)]
        model = self.checkpoint.model.with_head(tuple(c.name for c in classes), head.weight, head.bias)
        return self._over(replace(self.checkpoint, model=model, classes=classes, heads=heads[: step + 1]))

    def trio(self, face: FaceReading, name: str = "") -> list[str]:
        """What to show beside each other: the answer, or a class by name, in the middle.

        Left and right of a class with two known constituents stand these; of any other the likeliest other class that
        has no constituents, and the likeliest that has.
        """
        ranked = sorted(face.probabilities, key=lambda n: -face.probabilities[n])
        middle = name or ranked[0]
        parts = self.constituents(middle)
        if len(parts) == 2:
            return [parts[0], middle, parts[1]]
        others = [n for n in ranked if n != middle]
        left = next((n for n in others if self.is_basic(n)), others[0])
        return [left, middle, next((n for n in others if n != left and not self.is_basic(n)), others[-1])]

    @plain_numerics()
    def read(self, picture: Picture, *, already_cropped: bool = False) -> Reading:
        """Read all faces of a picture.

        Args:
            picture: A path, a file's bytes, a PIL image or an array; see `cfer.pictures.read_picture`.
            already_cropped: Take the whole picture for one face.

        Raises:
            PictureError: The picture cannot be used, or, with `already_cropped`, is far from square.
        """
        decoded = decode_picture(picture)
        mark = mark_of(decoded.pixels)
        found = face_crops(decoded, already_cropped=already_cropped)
        return Reading(
            tuple(
                self.read_crop(f.crop, box=f.box, score=f.score, tiny=f.tiny, mark=mark, quality=f.quality())
                for f in found
            )
        )

    def face(self, picture: Picture, *, already_cropped: bool = False) -> FaceReading:
        """Read the largest face of a picture.

        Raises:
            PictureError: The picture cannot be used, or its largest face is too small, or there is none.
        """
        faces = self.read(picture, already_cropped=already_cropped).faces
        if not faces:
            raise PictureError(NO_FACE)
        if faces[0].tiny:
            raise PictureError(TOO_SMALL)
        return faces[0]

    @plain_numerics()
    def read_crop(
        self,
        crop: np.ndarray,
        *,
        box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        score: float = 1.0,
        tiny: bool = False,
        mark: np.ndarray | None = None,
        quality: Quality | None = None,
    ) -> FaceReading:
        """Read one square crop (S, S, 3) uint8, with the mark of the picture that it is from if that is known."""
        passes = Passes(self.checkpoint.model, self.checkpoint.preprocessing, crop, mark)
        return FaceReading(self, passes, box, score, tiny, quality)

    @plain_numerics()
    def reread(self, face: FaceReading) -> FaceReading:
        """The same face by this reader, after a lesson say; no pass of the backbone if both see it alike."""
        if face.reader is self:
            return face
        passes, wanted = face.passes, self.checkpoint
        if passes.backbone is not wanted.model.backbone or passes.preprocessing != wanted.preprocessing:
            passes = Passes(wanted.model, wanted.preprocessing, face.crop, passes.mark)
        return FaceReading(self, passes, face.box, face.score, face.tiny, face.quality)

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

        Raises:
            LessonError: The name or a constituent will not do, or there is nothing to learn from.
            PictureError: A picture cannot be used.
        """
        known = self.base.names
        name = clean_name(name, known)
        shots, others = (self._faces(each, already_cropped) for each in (pictures, against))
        width = self.checkpoint.model.num_features
        empty = torch.empty(0, width)
        return Lesson(
            name,
            torch.stack([f.passes.features for f in shots]) if shots else empty,
            torch.cat([f.maps.features for f in shots]) if shots else empty,
            torch.cat([f.maps.features for f in others]) if others else empty,
            constituents_for(name, constituents, known),
            units,
            eager,
        )

    @plain_numerics()
    def with_lessons(self, lessons: Sequence[Lesson]) -> Self:
        """A reader that knows these lessons and no others; their order decides nothing but how they are listed.

        Raises:
            LessonError: Two have one name, or one was made with another network.
        """
        lessons = tuple(lessons)
        if not lessons:
            return self._over(self.base)
        return self._over(taught(self.base, lessons), self.base, lessons)

    @plain_numerics()
    def effect(self, lesson: Lesson, *, held_out: Sequence[FaceReading] = ()) -> Effect:
        """What a lesson does, or did, to everything else that this reader knows; see `cfer.lessons.lesson.teach`."""
        further = torch.cat([f.maps.features for f in held_out]) if held_out else None
        return teach(self.base, lesson, self.lessons, further)

    def teach(
        self,
        name: str,
        pictures: Sequence[FaceReading | Picture] = (),
        *,
        held_out: Sequence[FaceReading | Picture] = (),
        already_cropped: bool = False,
        **given: Any,
    ) -> tuple[Self, Effect]:
        """Teach a class from the largest face of each picture.

        Args:
            name: The new class's.
            pictures: Faces that were read, or pictures.
            held_out: Further ones of the class, to measure with.
            already_cropped: Take whole pictures for faces.
            given: What else `lesson` takes.

        Returns:
            A reader that knows the class, and what the lesson did; this reader stays as it was.

        Raises:
            LessonError: The name or a constituent will not do, or there is nothing to learn from.
            PictureError: A picture cannot be used.
        """
        clean_name(name, self.names)
        shots, further = (self._faces(each, already_cropped) for each in (pictures, held_out))
        shots, further, notes = _without_copies(shots, further)
        lesson = self.lesson(name, shots, **given)
        effect = self.effect(lesson, held_out=further)
        return self.with_lessons((*self.lessons, lesson)), replace(effect, notes=tuple(notes))

    def _faces(self, pictures: Sequence[FaceReading | Picture], already_cropped: bool) -> list[FaceReading]:
        return [p if isinstance(p, FaceReading) else self.face(p, already_cropped=already_cropped) for p in pictures]

    @plain_numerics()
    def adapt(
        self, pictures: Sequence[FaceReading | Picture], *, already_cropped: bool = False
    ) -> tuple[Self, Adaptation]:
        """Adapt to a camera or a collection from unlabelled pictures; see `cfer.adapt`. Nothing of them is kept.

        Args:
            pictures: Faces that were read, or pictures, of which all faces are taken that are not tiny.
            already_cropped: Take whole pictures for faces.

        Returns:
            A reader that is adapted, and what that did; this reader stays as it was.

        Raises:
            AdaptError: There are too few faces.
            PictureError: A picture cannot be used.
        """
        faces: list[FaceReading] = []
        for picture in pictures:
            found = (
                (picture,)
                if isinstance(picture, FaceReading)
                else self.read(picture, already_cropped=already_cropped).faces
            )
            faces += [f for f in found if not f.tiny]
        plain = self.unadapted()
        features = torch.cat([plain.reread(f).maps.features for f in faces]) if faces else torch.empty(0, 1)
        corrected = None
        if len(faces) >= LEAST:
            camera = camera_correction(plain.base, [f.crop for f in faces])
            putting_right = self._over(with_camera(plain.base, camera))
            corrected = camera, torch.cat([putting_right.reread(f).maps.features for f in faces])
        adapted, done = adapt(plain.base, features, corrected)
        return self._over(adapted).with_lessons(self.lessons), done

    def unadapted(self) -> Self:
        """A reader as this one was before it was adapted; what it was taught stays."""
        return self._over(unadapted(self.base)).with_lessons(self.lessons)

    def _over(self, checkpoint: Checkpoint, base: Checkpoint | None = None, lessons: tuple[Lesson, ...] = ()) -> Self:
        """A reader of a checkpoint with the same backbone."""
        reader = type(self)(checkpoint)
        reader._neutral, reader._base, reader._lessons = self._neutral, base, lessons
        return reader


@cache
def default_reader() -> Reader:
    """A reader of the project's own checkpoint, loaded once a process."""
    return Reader()


def shown(face: FaceReading) -> Shown:
    """What tells whether another face is from the same picture."""
    return Shown(face.crop, face.passes.mark)


def _without_copies(
    shots: Sequence[FaceReading], further: Sequence[FaceReading]
) -> tuple[list[FaceReading], list[FaceReading], list[str]]:
    """Faces to teach from and to check with, without those that are one picture; and sentences about them."""
    taught, checked = ([shown(f) for f in faces] for faces in (shots, further))
    again, tested, twice = first_same(taught), first_same(checked, taught), first_same(checked)
    notes = [
        f"Picture {n} is the same as picture {k + 1} and is counted once."
        for n, k in enumerate(again, 1)
        if k is not None
    ]
    notes += [
        f"Check picture {n} is the same as taught picture {k + 1} and is not counted."
        for n, k in enumerate(tested, 1)
        if k is not None
    ]
    unused = [k is not None or j is not None for k, j in zip(tested, twice, strict=True)]
    notes += [
        f"Check picture {n} is the same as check picture {k + 1} and is counted once."
        for n, (k, taken) in enumerate(zip(twice, tested, strict=True), 1)
        if k is not None and taken is None
    ]
    return (
        [f for f, k in zip(shots, again, strict=True) if k is None],
        [f for f, out in zip(further, unused, strict=True) if not out],
        notes,
    )
