"""Reader: a picture in, a reading out. The one door for the app, the command line and other programs.

As in segment-anything's predictor, a face keeps what the network made of it and answers further questions from that:
another class, scale or contrast costs no pass of the backbone, and nothing is attributed twice. A reader never changes
and may be shared by threads; a lesson gives another reader, which shares all that does not depend on the head.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.checkpoint import DEFAULT, Checkpoint, load_checkpoint, model_digest
from cfer.emotions import Kind
from cfer.explain.attribution import attribution_layer, layer_baseline, mirrored_gradients, neutral_faces
from cfer.explain.faithfulness import removal_effects
from cfer.explain.landmarks import FILE as LANDMARKS
from cfer.explain.landmarks import LandmarkReadout
from cfer.explain.maps import ClassMaps, maps_of
from cfer.explain.reference import Reference
from cfer.explain.regions import region_map, shares, unit_regions, unit_shares
from cfer.explain.relation import SIX
from cfer.explain.report import ClassExplanation, MapKind, RelationReport, relation_report
from cfer.faces.align import align, whole_square
from cfer.faces.detect import detect_faces
from cfer.lessons.effect import Effect
from cfer.lessons.lesson import teach
from cfer.model import FaceModel, Preprocessing
from cfer.pictures import PictureError, read_picture

Picture = str | Path | bytes | Image.Image | np.ndarray
"""What a picture may be given as; see `cfer.pictures.read_picture`."""


class Passes:
    """What the backbone made of one crop, each pass at most once. It does not depend on the head."""

    def __init__(self, model: FaceModel, preprocessing: Preprocessing, crop: np.ndarray) -> None:
        """Take a crop (S, S, 3) uint8; nothing is computed yet."""
        self.crop = crop
        self.x = preprocessing([crop])  # (1, 3, S, S)
        self.backbone = model.backbone
        self.layer = attribution_layer(model)
        self._model = model
        self._lock = threading.RLock()
        self._found: dict[bool, tuple[Tensor | None, Tensor]] = {}

    @torch.no_grad()
    def _pass(self, mirrored: bool) -> tuple[Tensor | None, Tensor]:
        """Output (1, c, h', w') at the layer for attribution, and last map (1, C, h, w)."""
        with self._lock:
            if mirrored not in self._found:
                x = self.x.flip(-1) if mirrored else self.x
                if self.layer is None:
                    self._found[mirrored] = None, self._model.features(x)
                else:
                    output = self._model.until(x, self.layer)
                    self._found[mirrored] = output, self._model.onwards(output, self.layer)
            return self._found[mirrored]

    @property
    def last(self) -> Tensor:
        """The last feature map (1, C, h, w) of the crop: one pass."""
        return self._pass(False)[1]

    @property
    def pair(self) -> Tensor:
        """Outputs (2, c, h', w') at the layer for attribution, of the crop and of its mirror image: two passes."""
        straight, mirrored = self._pass(False)[0], self._pass(True)[0]
        assert straight is not None
        assert mirrored is not None
        return torch.cat([straight, mirrored])

    @property
    def features(self) -> Tensor:
        """Pooled features (C,): the mean over the crop and its mirror image, for lessons. Two passes."""
        return torch.cat([self._pass(m)[1].mean((-2, -1)) for m in (False, True)]).mean(0)


class FaceReading:
    """What is read in one face, and what it can be asked.

    Attributes:
        box: x0, y0, x1, y1 in the picture's pixels.
        score: The detector's confidence; 1 for a picture that was said to be a crop.
        tiny: Whether the face has too few pixels to be read well.
        reader: Who read it.
        passes: What the backbone made of it.
        maps: Logits, Grad-CAM maps of all classes and pooled features, a batch of one.
    """

    def __init__(
        self, reader: "Reader", passes: Passes, box: tuple[float, float, float, float], score: float, tiny: bool
    ) -> None:
        """Read; one pass of the backbone unless it was made before."""
        self.reader, self.passes, self.box, self.score, self.tiny = reader, passes, box, score, tiny
        self.maps: ClassMaps = maps_of(reader.checkpoint.model, passes.last)
        self._lock = threading.RLock()
        self._attributed: dict[str, Tensor] = {}
        self._relations: dict[str, RelationReport] = {}

    @property
    def crop(self) -> np.ndarray:
        """(S, S, 3) uint8, what the network was shown before it was reduced."""
        return self.passes.crop

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """Probability of every class of the model, in its order."""
        values = self.maps.logits[0].softmax(0).tolist()
        return dict(zip(self.maps.classes, values, strict=True))

    @property
    def top(self) -> str:
        """The likeliest class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    def maps_by(self, kind: MapKind, names: Sequence[str]) -> ClassMaps:
        """Maps of some classes; what was attributed before is not attributed again.

        Args:
            kind: Which maps. A backbone that cannot be divided gives Grad-CAM for either.
            names: Classes of the model.

        Raises:
            KeyError: The model has no such class.
        """
        names = tuple(names)
        whole = [self.maps.of(name) for name in names]
        logits = self.maps.logits[:, [self.maps.classes.index(name) for name in names]]
        neutral = self.reader.neutral if kind is MapKind.INTEGRATED_GRADIENTS else None
        if neutral is None:
            return ClassMaps(logits, torch.stack(whole, 1), self.maps.features, names)
        with self._lock:
            missing = [name for name in dict.fromkeys(names) if name not in self._attributed]
            if missing:
                model, layer = self.reader.checkpoint.model, self.passes.layer or ""
                found = mirrored_gradients(model, self.passes.pair, missing, neutral, layer)[0]
                self._attributed |= dict(zip(missing, found, strict=True))
            maps = torch.stack([self._attributed[name] for name in names])[None]
        return ClassMaps(logits, maps, self.maps.features, names)

    def explain(self, name: str, kind: MapKind | None = None) -> ClassExplanation:
        """Where the evidence for and against a class lies, with its share by part of the face and by action unit.

        Args:
            name: A class of the model.
            kind: Which map; by default integrated gradients from neutral, or Grad-CAM where they cannot be had.

        Raises:
            KeyError: The model has no such class.
        """
        kind = kind or self.reader.kinds[-1]
        return self.explanation_of(name, kind, self.maps_by(kind, [name]).maps[0, 0])

    def explanation_of(self, name: str, kind: MapKind, raw: Tensor) -> ClassExplanation:
        """A map (h, w) of a class with its shares by part of the face and by action unit."""
        places = self.landmarks
        if places is None:
            return ClassExplanation(name, kind, self.probabilities[name], raw)
        masks = unit_regions(places)
        regions = shares(raw, region_map(places))
        units = unit_shares(raw, masks), unit_shares(-raw, masks)
        return ClassExplanation(name, kind, self.probabilities[name], raw, regions, *units)

    @cached_property
    def landmarks(self) -> Tensor | None:
        """Landmarks (68, 2), -1 to 1 over the crop; None for a checkpoint whose readout was not measured."""
        readout = self.reader.landmark_readout
        return None if readout is None else readout(self.maps.features)[0]

    def relation(self, name: str) -> RelationReport:
        """What ties a class to its constituents on this face; kept, so that asking again costs nothing.

        Raises:
            ValueError: The class is not `Reader.relatable`.
        """
        if not self.reader.relatable(name):
            raise ValueError(f"{name} is not made of two basic expressions that the model knows.")
        with self._lock:
            if name not in self._relations:
                asked = (name, *SIX)
                maps = {kind: self.maps_by(kind, asked) for kind in self.reader.kinds[1:]}
                maps = {MapKind.GRAD_CAM: self.maps} | maps
                weight, constituents = self.reader.checkpoint.head.weight, self.reader.constituents(name)
                reference = self.reader.reference
                self._relations[name] = relation_report(
                    name, constituents, maps, weight, self._lost_without(name), reference
                )
            return self._relations[name]

    def _lost_without(self, name: str) -> Tensor:
        """What a class's score loses (7,) without each of the six basics' strongest evidence; random cells last."""
        raws = torch.stack([self.maps.of(basic)[0] for basic in SIX])
        k = self.maps.classes.index(name)
        return removal_effects(
            self.reader.checkpoint.model, self.passes.x, raws, k, torch.Generator().manual_seed(k)
        )


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

    def read(self, picture: Picture, *, already_cropped: bool = False) -> Reading:
        """Read all faces of a picture.

        Args:
            picture: A path, a file's bytes, a PIL image or an array; see `cfer.pictures.read_picture`.
            already_cropped: Take the whole picture for one face.

        Raises:
            PictureError: The picture cannot be used, or, with `already_cropped`, is far from square.
        """
        pixels = read_picture(picture)
        if already_cropped:
            height, width = pixels.shape[:2]
            box = (0.0, 0.0, float(width), float(height))
            return Reading((self.read_crop(whole_square(pixels), box=box),))
        faces = detect_faces(pixels)
        return Reading(
            tuple(self.read_crop(align(pixels, f), box=f.box, score=f.score, tiny=f.tiny) for f in faces)
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

    def read_crop(
        self,
        crop: np.ndarray,
        *,
        box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
        score: float = 1.0,
        tiny: bool = False,
    ) -> FaceReading:
        """Read one square crop (S, S, 3) uint8."""
        passes = Passes(self.checkpoint.model, self.checkpoint.preprocessing, crop)
        return FaceReading(self, passes, box, score, tiny)

    def reread(self, face: FaceReading) -> FaceReading:
        """The same face by this reader, after a lesson say; no pass of the backbone if both have the same one."""
        if face.reader is self:
            return face
        passes = face.passes
        if passes.backbone is not self.checkpoint.model.backbone:
            passes = Passes(self.checkpoint.model, self.checkpoint.preprocessing, face.crop)
        return FaceReading(self, passes, face.box, face.score, face.tiny)

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
        taught, effect = teach(
            self.checkpoint,
            name,
            torch.stack([f.passes.features for f in shots]) if shots else torch.empty(0),
            pictures=torch.cat([f.maps.features for f in shots]) if shots else None,
            held_out=torch.cat([f.maps.features for f in further]) if further else None,
            constituents=constituents,
        )
        reader = Reader(taught)
        reader._neutral = self._neutral  # of the backbone, which both share
        return reader, effect
