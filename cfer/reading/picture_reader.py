"""Reader of whole pictures: a picture in, its faces out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cfer.faces.align import whole_square
from cfer.faces.crops import face_crops
from cfer.faces.detect import NO_FACE, TOO_SMALL
from cfer.faces.quality import Quality
from cfer.network.modes import plain_numerics
from cfer.pictures import PictureError, PictureLike, decode_picture, read_picture
from cfer.pictures.near_duplicates import mark_of
from cfer.reading.embedding import Passes
from cfer.reading.face import FaceReading
from cfer.reading.loaded_checkpoint import LoadedCheckpoint
from cfer.reading.teaching import (
    passes_by,
)

Picture = PictureLike
"""What a picture may be given as; see `cfer.pictures.read_picture`."""


@dataclass(frozen=True)
class Reading:
    """Reading of a picture: no face, one or several, the largest first."""

    faces: tuple[FaceReading, ...]


class PictureReader(LoadedCheckpoint):
    """A checkpoint that reads pictures."""

    def trio(self, face: FaceReading, name: str = "") -> list[str]:
        """Classes to show beside each other: the answer, or a class by name, in the middle.

        Left and right of a class with two known constituents stand these; of any other the likeliest other basic class,
        and the likeliest of all that are left.
        """
        face = self.reread(face)
        ranked = sorted(face.probabilities, key=lambda n: -face.probabilities[n])
        middle = name or ranked[0]
        parts = self.constituents(middle)
        if len(parts) == 2:
            return [parts[0], middle, parts[1]]
        others = [n for n in ranked if n != middle]
        left = next((n for n in others if self.is_basic(n)), others[0])
        return [left, middle, next((n for n in others if n != left), left)]

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
        faces = [
            self.read_crop(f.crop, box=f.box, score=f.score, tiny=f.tiny, mark=mark, look=f.quality) for f in found
        ]
        for number, face in enumerate(faces):
            face.among, face.is_largest = len(faces), number == 0
        return Reading(tuple(faces))

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
        look: Callable[[], Quality] | None = None,
    ) -> FaceReading:
        """Read one square crop (S, S, 3), uint8 or as `cfer.pictures.read_picture` takes arrays.

        Args:
            crop: What is read.
            box: See `FaceReading`.
            score: See `FaceReading`.
            tiny: See `FaceReading`.
            mark: Of the picture that it is from, if that is known; see `cfer.pictures.near_duplicates.mark_of`.
            look: Tells how it was photographed, if that is known.
        """
        shape = getattr(crop, "shape", ())
        square = len(shape) == 3 and shape[0] == shape[1] and shape[2] == 3 and crop.dtype == np.uint8
        own = crop.copy() if square else whole_square(read_picture(crop))  # the caller's may change
        passes = Passes(self.checkpoint.model, self.checkpoint.preprocessing, own, mark)
        return FaceReading(self, passes, box, score, tiny, look)

    @plain_numerics()
    def reread(self, face: FaceReading) -> FaceReading:
        """The same face by this reader, after a lesson say; no pass of the backbone if both see it alike."""
        if face.reader is self:
            return face
        passes = passes_by(self.checkpoint, face)
        again = FaceReading(self, passes, face.box, face.score, face.tiny, face._look)
        again.among, again.is_largest = face.among, face.is_largest
        return again
