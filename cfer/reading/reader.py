"""Reader: a picture in, a reading out. The one door for the app, the command line and other programs.

A reader never changes and may be shared by threads; a lesson gives another reader, which shares all that does not
depend on the head.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Self, cast

from cfer.faces.detect import NO_FACE, TOO_SMALL
from cfer.lessons.effect import Effect
from cfer.lessons.record import Lesson
from cfer.network.modes import plain_numerics
from cfer.pictures import PictureError
from cfer.reading.adapt import Adaptation, AdaptError, unadapted
from cfer.reading.face import FaceReading
from cfer.reading.own_neutral import mean_shift, with_own_shift
from cfer.reading.picture_reader import Picture, Reading
from cfer.reading.teachable_reader import TeachableReader
from cfer.reading.teaching import (
    adapted_to,
    check_listed,
    name_of,
)
from cfer.reading.travel import packed, rebuilt

__all__ = ["FaceReading", "Picture", "Reader", "Reading", "default_reader"]


class Reader(TeachableReader):
    """A checkpoint that reads pictures, can be taught, and adapts to cameras and people. Immutable."""

    _own: "tuple[Reader, tuple[FaceReading, ...]] | None" = None  # the reader without, and somebody's neutral faces

    def __reduce__(self) -> tuple[Any, ...]:
        """Contents that go to another process: where it was loaded from, if it is as it was there, or all of it."""
        if self._later:
            return self._later[0].at_step, (self._later[1],)
        if self._own:
            return self._own[0].with_neutral, (self._own[1],)
        origin = self._origin if self.base is self._loaded else None
        return rebuilt, (type(self), origin or packed(self.base), self._lessons)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Reader":
        """A copy that shares nothing; what can be computed again is left behind."""
        if self._later:
            return copy.deepcopy(self._later[0], memo).at_step(self._later[1])
        if self._own:
            return copy.deepcopy(self._own[0], memo).with_neutral(self._own[1])
        return rebuilt(type(self), copy.deepcopy(self.base, memo), copy.deepcopy(self._lessons, memo))

    def at_step(self, step: int) -> Self:
        """See `TeachableReader.at_step`."""
        then = super().at_step(step)
        then._own = (self._own[0].at_step(step), self._own[1]) if self._own else None
        return then

    @plain_numerics()
    def lesson(self, name: str, pictures: Sequence[FaceReading | Picture] = (), **given: Any) -> Lesson:
        """See `TeachableReader.lesson`; the same whether it reads for one person or for everybody."""
        return self._own[0].lesson(name, pictures, **given) if self._own else super().lesson(name, pictures, **given)

    def with_lessons(self, lessons: Sequence[Lesson]) -> Self:
        """See `TeachableReader.with_lessons`."""
        return self._again(self._own[0].with_lessons(lessons)) if self._own else super().with_lessons(lessons)

    def effect(self, lesson: Lesson, *, held_out: Sequence[FaceReading] = ()) -> Effect:
        """See `TeachableReader.effect`; the same whether it reads for one person or for everybody."""
        if self._own:
            return self._own[0].effect(lesson, held_out=held_out)
        return super().effect(lesson, held_out=held_out)

    def teach(self, name: str, pictures: Sequence[FaceReading | Picture] = (), **given: Any) -> tuple[Self, Effect]:
        """See `TeachableReader.teach`."""
        if self._own:
            reader, effect = self._own[0].teach(name, pictures, **given)
            return self._again(reader), effect
        return super().teach(name, pictures, **given)

    @plain_numerics()
    def adapt(
        self, pictures: Sequence[FaceReading | Picture], *, already_cropped: bool = False
    ) -> tuple[Self, Adaptation]:
        """Adapt to a camera or a collection from unlabelled pictures (`cfer.reading.adapt`). Nothing of them is kept.

        What was taught stays taught: a lesson's pictures are read again for the camera where the lesson keeps them, and
        are recognised as before. Where it does not, what the camera does to them is estimated, and `Adaptation` says
        so.

        Args:
            pictures: Faces that were read, or pictures, of which all faces are taken that are not tiny. A picture that
                cannot be read is left out, and named.
            already_cropped: Take whole pictures for faces.

        Returns:
            A reader that is adapted, and what that did; this reader stays as it was.

        Raises:
            AdaptError: There are too few faces, or this reader is of an earlier step.
        """
        self._check_last_step(AdaptError)
        check_listed(pictures)
        if self._own:
            adapted, done = self._own[0].adapt(pictures, already_cropped=already_cropped)
            return self._again(adapted), done
        faces, left_out = [], []
        for number, picture in enumerate(pictures, 1):
            try:
                is_face = isinstance(picture, FaceReading)
                found = [picture] if is_face else self.read(picture, already_cropped=already_cropped).faces
                usable = [f for f in found if not f.tiny]
                if not usable:
                    left_out.append((name_of(picture, number), TOO_SMALL if found else NO_FACE))
                faces += usable
            except PictureError as error:
                left_out.append((name_of(picture, number), str(error)))
        try:
            adapted, lessons, done = adapted_to(self.base, self.lessons, faces)
        except AdaptError as error:
            if not left_out:
                raise
            name, why = left_out[0]
            more = " {left_out:,} pictures could not be used; the first, {first}: {why}"
            values = {**error.values, "left_out": len(left_out), "first": name, "why": why}
            raise AdaptError(error.template + more, **values) from None
        return self._over(adapted).with_lessons(lessons), replace(done, left_out=tuple(left_out))

    @plain_numerics()
    def unadapted(self) -> Self:
        """A reader as this one was before it was adapted; what it was taught stays, as it is read without adapting."""
        if self._later:
            last, step = self._later
            return last.unadapted().at_step(step)
        if self._own:
            return self._again(self._own[0].unadapted())
        return self._over(unadapted(self.base)).with_lessons(self.lessons)

    @plain_numerics()
    def with_neutral(
        self, pictures: FaceReading | Picture | Sequence[FaceReading | Picture], *, already_cropped: bool = False
    ) -> Self:
        """A reader for one person, whose neutral face is its zero; see `cfer.reading.own_neutral`.

        A half of what is peculiar to that face is taken out of every reading, more of it with more pictures. Adapting
        comes first and lessons second, whatever the order in which they are asked for: both are as without it.

        Args:
            pictures: One or several neutral faces of the person, or pictures of them.
            already_cropped: Take whole pictures for faces.

        Raises:
            PictureError: A picture cannot be used, or the checkpoint keeps no features of neutral faces.
        """
        plain = self.without_neutral()
        listed = list(pictures) if isinstance(pictures, list | tuple) else [pictures]
        faces = tuple(plain._faces(listed, already_cropped))
        if not faces:
            raise PictureError("Bring a picture of the neutral face.")
        shift = mean_shift(plain.base, [face.features for face in faces])
        if shift is None:
            raise PictureError("This checkpoint keeps too few features of neutral faces to compare yours with.")
        reader = plain._over(with_own_shift(plain.checkpoint, shift), plain.base, plain.lessons)
        reader._own = (plain, faces)
        return cast("Self", reader)

    def without_neutral(self) -> "Reader":
        """The reader for everybody."""
        return self._own[0] if self._own else self

    @property
    def neutral_faces(self) -> tuple[FaceReading, ...]:
        """The neutral faces of the person that it reads for; none for a reader for everybody."""
        return self._own[1] if self._own else ()

    def _again(self, reader: "Reader") -> Self:
        """Another reader for the same person."""
        return cast("Self", reader.with_neutral(list(self.neutral_faces)))


@cache
def default_reader() -> Reader:
    """A reader of the project's own checkpoint, loaded once a process."""
    return Reader()
