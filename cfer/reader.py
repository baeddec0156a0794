"""Reader: a picture in, a reading out. The one door for the app, the command line and other programs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cfer.checkpoint import DEFAULT, Checkpoint, load_checkpoint, model_digest
from cfer.emotions import Kind
from cfer.explain.change import change_maps, has_layer, mean_output, neutral_faces
from cfer.explain.faithful import removal_effects
from cfer.explain.landmarks import shipped_landmarker
from cfer.explain.maps import ClassMaps, class_maps
from cfer.explain.reference import CHANGE, WHOLE
from cfer.explain.regions import Shares, region_map, shares, unit_regions, unit_shares
from cfer.explain.relation import SIX, Relation, relate
from cfer.faces.align import align, whole_square
from cfer.faces.detect import Face, detect_faces
from cfer.learning.lesson import LessonReport, teach


@dataclass(frozen=True)
class FaceReading:
    """What is read in one face.

    Attributes:
        box: x0, y0, x1, y1 in the picture's pixels.
        score: The detector's confidence; 1 for a picture that was said to be a crop.
        tiny: Whether the face has too few pixels to be read well.
        crop: (S, S, 3) uint8, what the network was shown before it was reduced.
        maps: Logits, maps and features, a batch of one.
    """

    box: tuple[float, float, float, float]
    score: float
    tiny: bool
    crop: np.ndarray
    maps: ClassMaps

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """Probability of every class of the model, in its order."""
        values = self.maps.logits[0].softmax(0).tolist()
        return dict(zip(self.maps.classes, values, strict=True))

    @property
    def top(self) -> str:
        """The likeliest class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True)
class Reading:
    """What is read in a picture: no face, one or several, the largest first."""

    faces: tuple[FaceReading, ...]


class Reader:
    """A checkpoint that reads pictures and can be taught. Immutable: a lesson gives another reader."""

    def __init__(self, checkpoint: Checkpoint | str | Path = DEFAULT) -> None:
        """Take a checkpoint or load one from a folder; raises `CheckpointError` if that fails."""
        self.checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else load_checkpoint(checkpoint)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model's weights."""
        return model_digest(self.checkpoint.model)

    @cached_property
    def neutral(self) -> Tensor | None:
        """What this model makes of neutral faces, or None for a backbone without the layer that change maps need."""
        model = self.checkpoint.model
        return mean_output(model, self.checkpoint.preprocessing(list(neutral_faces()))) if has_layer(model) else None

    def change(self, face: FaceReading, names: Sequence[str]) -> ClassMaps:
        """Maps of what in a face, unlike in a neutral face, speaks for some classes: the maps to show first.

        One backward pass a class; see `cfer.explain.change`. A backbone without its layer gives the reading's maps.
        """
        whole, names = face.maps, tuple(names)
        rows = [whole.classes.index(name) for name in names]
        if self.neutral is None:
            maps = whole.maps[:, rows]
        else:
            maps = change_maps(self.checkpoint.model, self.checkpoint.preprocessing([face.crop]), names, self.neutral)
        return ClassMaps(whole.logits[:, rows], maps, whole.features, names)

    def relation(self, face: FaceReading, name: str, kind: str = WHOLE) -> Relation:
        """How alike a class's map is to the six basics' on this face, for a class that is `relatable`.

        Args:
            face: What this reader read.
            name: Of the class.
            kind: `WHOLE`, the maps of the reading, or `CHANGE`.
        """
        maps = self.change(face, (name, *SIX)) if kind == CHANGE else face.maps
        return relate(maps, name, self.constituents(name))

    def removal(self, face: FaceReading, name: str) -> Tensor:
        """What a class's score loses (7,) without each of the six basics' strongest evidence; random cells last.

        See `cfer.explain.faithful.removal_effects`; in logit units, by the maps of the reading.
        """
        raws = torch.stack([face.maps.of(basic)[0] for basic in SIX])
        x, k = self.checkpoint.preprocessing([face.crop]), self.names.index(name)
        return removal_effects(self.checkpoint.model, x, raws, k, torch.Generator().manual_seed(k))

    def landmarks(self, face: FaceReading) -> Tensor | None:
        """Landmarks (68, 2), -1 to 1 over the crop, or None if they cannot be read.

        They are read off the features, for the backbone that the shipped landmarker was fitted to.
        """
        landmarker = shipped_landmarker()
        if landmarker is None or landmarker.backbone != self.backbone_digest:
            return None
        return landmarker(face.maps.features)[0]

    def regions(self, face: FaceReading, raw: Tensor) -> Shares | None:
        """Where the evidence of a map (h, w) lies among the parts of a face; None without landmarks."""
        places = self.landmarks(face)
        return None if places is None else shares(raw, region_map(places))

    def units(self, face: FaceReading, raw: Tensor) -> dict[int, float] | None:
        """A map's evidence (h, w) on the place of every action unit, over the place's area; None without landmarks."""
        places = self.landmarks(face)
        return None if places is None else unit_shares(raw, unit_regions(places))

    @cached_property
    def backbone_digest(self) -> str:
        """SHA-256 of the backbone's weights."""
        return model_digest(self.checkpoint.model.backbone)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all classes, in the model's order."""
        return self.checkpoint.names

    def constituents(self, name: str) -> tuple[str, ...]:
        """The known parts of a class, empty for a basic one."""
        return next((c.constituents for c in self.checkpoint.classes if c.name == name), ())

    def is_basic(self, name: str) -> bool:
        """Whether a class is neutral or one of the six basics."""
        return any(c.name == name and c.kind in {Kind.NEUTRAL, Kind.BASIC} for c in self.checkpoint.classes)

    def relatable(self, name: str) -> bool:
        """Whether a class has two constituents among the six basics, all of which the model knows."""
        parts = self.constituents(name)
        return len(parts) == 2 and set(parts) <= set(SIX) <= set(self.names)

    def trio(self, face: FaceReading) -> list[str]:
        """Constituent, compound, constituent of the likeliest class with two known parts, or the likeliest classes."""
        ranked = sorted(face.probabilities, key=lambda n: -face.probabilities[n])
        for name in ranked:
            parts = self.constituents(name)
            if len(parts) == 2:
                return [parts[0], name, parts[1]]
        return [ranked[1], ranked[0], ranked[2]]

    def read(self, picture: np.ndarray, *, already_cropped: bool = False) -> Reading:
        """Read all faces of a picture.

        Args:
            picture: (H, W, 3) uint8, RGB, as `read_picture` gives it.
            already_cropped: Take the whole picture for one face.

        Raises:
            PictureError: With `already_cropped`, for a picture that is far from square.
        """
        if already_cropped:
            height, width = picture.shape[:2]
            box = (0.0, 0.0, float(width), float(height))
            return Reading((self.read_crop(whole_square(picture), box=box),))
        return Reading(tuple(self._read_face(picture, face) for face in detect_faces(picture)))

    def _read_face(self, picture: np.ndarray, face: Face) -> FaceReading:
        return self.read_crop(align(picture, face), box=face.box, score=face.score, tiny=face.tiny)

    def read_crop(
        self,
        crop: np.ndarray,
        *,
        box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        score: float = 1.0,
        tiny: bool = False,
    ) -> FaceReading:
        """Read one square crop (S, S, 3) uint8."""
        maps = class_maps(self.checkpoint.model, self.checkpoint.preprocessing([crop]))
        return FaceReading(box, score, tiny, crop, maps)

    def reread(self, reading: FaceReading) -> FaceReading:
        """The same face by this reader, after a lesson say."""
        return replace(self.read_crop(reading.crop), box=reading.box, score=reading.score, tiny=reading.tiny)

    @torch.inference_mode()
    def features(self, crop: np.ndarray) -> Tensor:
        """Features (C,) of a crop for a lesson: the mean over the crop and its mirror image."""
        model, preprocessing = self.checkpoint.model, self.checkpoint.preprocessing
        pair = preprocessing([crop, np.ascontiguousarray(crop[:, ::-1])])
        return model.pool(model.features(pair)).mean(0).clone()

    def teach(
        self,
        name: str,
        crops: list[np.ndarray],
        *,
        held_out: list[np.ndarray] | None = None,
        parts: tuple[str, ...] = (),
    ) -> tuple["Reader", LessonReport]:
        """Teach a class from face crops; see `cfer.learning.lesson.teach`."""
        shots = torch.stack([self.features(c) for c in crops]) if crops else torch.empty(0)
        further = torch.stack([self.features(c) for c in held_out]) if held_out else None
        taught, report = teach(self.checkpoint, name, shots, held_out=further, parts=parts)
        return Reader(taught), report
