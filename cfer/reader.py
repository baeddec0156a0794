"""Reader: a picture in, a reading out. The one door for the app, the command line and other programs.

A reader never changes and may be shared by threads; a lesson gives another reader, which shares all that does not
depend on the head.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.adapt import Adaptation, adapt, unadapted
from cfer.checkpoint import DEFAULT, Checkpoint, load_checkpoint, model_digest
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.emotions import Kind
from cfer.explain.attribution import attribution_layer, layer_baseline, neutral_faces
from cfer.explain.reference import Reference
from cfer.explain.relation import SIX
from cfer.explain.report import MapKind
from cfer.face_reading import FaceReading, Passes
from cfer.faces.align import align, whole_square
from cfer.faces.detect import detect_faces
from cfer.lessons.copies import Shown, first_same, mark_of
from cfer.lessons.effect import Effect
from cfer.lessons.lesson import teach
from cfer.model import plain_numerics
from cfer.pictures import Decoded, PictureError, decode_picture

Picture = str | Path | bytes | Image.Image | np.ndarray | Decoded
"""What a picture may be given as; see `cfer.pictures.read_picture`."""


@dataclass(frozen=True)
class Reading:
    """What is read in a picture: no face, one or several, the largest first."""

    faces: tuple[FaceReading, ...]


class Reader:
    """A checkpoint that reads pictures and can be taught. Immutable: a lesson gives another reader."""

    def __init__(self, checkpoint: Checkpoint | str | Path = DEFAULT) -> None:
        """Take a checkpoint or load one from a folder.

        Raises:
            CheckpointError: The folder cannot be used.
        """
        self.checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else load_checkpoint(checkpoint)
        self._lock = threading.Lock()
        self._neutral: list[Tensor | None] = []

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model's weights."""
        return model_digest(self.checkpoint.model)

    @property
    @plain_numerics()
    def neutral(self) -> Tensor | None:
        """What this backbone makes of neutral faces (c, h', w'), or None for one that cannot be divided at a layer."""
        with self._lock:
            if not self._neutral:
                model, layer = self.checkpoint.model, attribution_layer(self.checkpoint.model)
                faces = self.checkpoint.preprocessing(neutral_faces())
                self._neutral.append(None if layer is None else layer_baseline(model, faces, layer))
            return self._neutral[0]

    @property
    def kinds(self) -> tuple[MapKind, ...]:
        """Kinds of maps that this model allows, Grad-CAM first."""
        return tuple(MapKind) if attribution_layer(self.checkpoint.model) else (MapKind.GRAD_CAM,)

    @cached_property
    def landmark_readout(self) -> LandmarkReadout | None:
        """Where landmarks are read off the features, if it was measured; it depends on the backbone alone."""
        data = self.checkpoint.measured.get(LANDMARKS)
        return None if data is None else LandmarkReadout.from_bytes(data)

    @cached_property
    def measured(self) -> Reference | None:
        """Relations over many faces, if they were measured; of this model or of the one it was taught on top of."""
        return Reference.from_files(self.checkpoint.measured)

    @property
    def reference(self) -> Reference | None:
        """`measured` where it holds for this very model: the yardstick of a single face."""
        return self.measured if self.measured and self.measured.model == self.digest else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all classes, in the model's order."""
        return self.checkpoint.names

    def constituents(self, name: str) -> tuple[str, ...]:
        """The known constituents of a class, empty for a basic one."""
        return next((c.constituents for c in self.checkpoint.classes if c.name == name), ())

    def is_basic(self, name: str) -> bool:
        """Whether a class is neutral or one of the six basics."""
        return any(c.name == name and c.kind in {Kind.NEUTRAL, Kind.BASIC} for c in self.checkpoint.classes)

    def relatable(self, name: str) -> bool:
        """Whether a class has two constituents among the six basics, all of which the model knows."""
        constituents = self.constituents(name)
        return len(constituents) == 2 and set(constituents) <= set(SIX) <= set(self.names)

    def trio(self, face: FaceReading) -> list[str]:
        """Constituent, compound, constituent of the likeliest class with two of them, or the likeliest classes."""
        ranked = sorted(face.probabilities, key=lambda n: -face.probabilities[n])
        for name in ranked:
            constituents = self.constituents(name)
            if len(constituents) == 2:
                return [constituents[0], name, constituents[1]]
        return [ranked[1], ranked[0], ranked[2]]

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
        pixels, scale, mark = decoded.pixels, decoded.scale, mark_of(decoded.pixels)

        def full(*box: float) -> tuple[float, float, float, float]:
            """A box in pixels of the picture as it was brought."""
            x0, y0, x1, y1 = (v * scale for v in box)
            return x0, y0, x1, y1

        if already_cropped:
            height, width = pixels.shape[:2]
            return Reading((self.read_crop(whole_square(pixels), box=full(0, 0, width, height), mark=mark),))
        return Reading(
            tuple(
                self.read_crop(align(pixels, f), box=full(*f.box), score=f.score, tiny=f.tiny, mark=mark)
                for f in detect_faces(pixels)
            )
        )

    def face(self, picture: Picture, *, already_cropped: bool = False) -> FaceReading:
        """Read the largest face of a picture.

        Raises:
            PictureError: The picture cannot be used, or its largest face is too small, or there is none.
        """
        faces = self.read(picture, already_cropped=already_cropped).faces
        if not faces:
            raise PictureError("No face was found.")
        if faces[0].tiny:
            raise PictureError("The face is too small.")
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
    ) -> FaceReading:
        """Read one square crop (S, S, 3) uint8, with the mark of the picture that it is from if that is known."""
        passes = Passes(self.checkpoint.model, self.checkpoint.preprocessing, crop, mark)
        return FaceReading(self, passes, box, score, tiny)

    @plain_numerics()
    def reread(self, face: FaceReading) -> FaceReading:
        """The same face by this reader, after a lesson say; no pass of the backbone if both have the same one."""
        if face.reader is self:
            return face
        passes = face.passes
        if passes.backbone is not self.checkpoint.model.backbone:
            passes = Passes(self.checkpoint.model, self.checkpoint.preprocessing, face.crop, passes.mark)
        return FaceReading(self, passes, face.box, face.score, face.tiny)

    @plain_numerics()
    def teach(
        self,
        name: str,
        pictures: Sequence[FaceReading | Picture],
        *,
        held_out: Sequence[FaceReading | Picture] = (),
        constituents: tuple[str, ...] = (),
        already_cropped: bool = False,
    ) -> tuple["Reader", Effect]:
        """Teach a class from the largest face of each picture; see `cfer.lessons.lesson.teach`.

        Args:
            name: The new class's.
            pictures: Faces that were read, or pictures.
            held_out: Further ones of the class, to measure with.
            constituents: The basics it blends, if they are known.
            already_cropped: Take whole pictures for faces.

        Returns:
            A reader that knows the class, and what the lesson did; this reader stays as it was.

        Raises:
            LessonError: The name or a constituent will not do, or there is no picture.
            PictureError: A picture cannot be used.
        """
        shots, further = (
            [p if isinstance(p, FaceReading) else self.face(p, already_cropped=already_cropped) for p in each]
            for each in (pictures, held_out)
        )
        shots, further, notes = _without_copies(shots, further)
        taught, effect = teach(
            self.checkpoint,
            name,
            torch.stack([f.passes.features for f in shots]) if shots else torch.empty(0),
            pictures=torch.cat([f.maps.features for f in shots]) if shots else None,
            held_out=torch.cat([f.maps.features for f in further]) if further else None,
            constituents=constituents,
        )
        return self._over(taught), replace(effect, notes=tuple(notes))

    @plain_numerics()
    def adapt(
        self, pictures: Sequence[FaceReading | Picture], *, already_cropped: bool = False
    ) -> tuple["Reader", Adaptation]:
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
        features = torch.cat([f.maps.features for f in faces]) if faces else torch.empty(0, 1)
        adapted, done = adapt(self.checkpoint, features)
        return self._over(adapted), done

    def unadapted(self) -> "Reader":
        """A reader as this one was before it was adapted."""
        return self._over(unadapted(self.checkpoint))

    def _over(self, checkpoint: Checkpoint) -> "Reader":
        """A reader of a checkpoint with the same backbone."""
        reader = Reader(checkpoint)
        reader._neutral = self._neutral
        return reader


def _without_copies(
    shots: Sequence[FaceReading], further: Sequence[FaceReading]
) -> tuple[list[FaceReading], list[FaceReading], list[str]]:
    """Faces to teach from and to check with, without those that are one picture; and sentences about them."""
    taught, checked = ([Shown(f.crop, f.passes.mark) for f in faces] for faces in (shots, further))
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
