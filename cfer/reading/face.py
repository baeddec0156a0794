"""One face: what the backbone made of it, computed once, and what it can be asked.

As in segment-anything's predictor, further questions are answered from what is there: another class, scale or contrast
costs no pass of the backbone, and nothing is attributed twice.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cfer.checkpoint.sureness import PHOTOGRAPHS
from cfer.emotions import UNIT_NAMES
from cfer.explain.composition import Composition, compose
from cfer.explain.faithfulness import removal_effects
from cfer.explain.maps import ClassMaps, maps_of, unit_maps_of
from cfer.explain.methods import GRAD_CAM, METHODS
from cfer.explain.reference import RELATED
from cfer.explain.regions import region_map, shares, unit_regions, unit_shares
from cfer.explain.relation import SIX
from cfer.explain.report import ClassExplanation, RelationReport, relation_report
from cfer.faces.quality import Quality
from cfer.network.modes import plain_numerics
from cfer.reading.answer import Answer, Answers, answers_of
from cfer.reading.embedding import Found, Passes
from cfer.reading.face_question import FaceQuestion
from cfer.reading.loaded_checkpoint import LoadedCheckpoint
from cfer.reading.own_neutral import usual_neutral
from cfer.reading.plain import UnitReading, plain_face
from cfer.system.forks import RenewedLock


class FaceReading:
    """Reading of one face, and the questions it answers.

    Attributes:
        box: x0, y0, x1, y1 in the picture's pixels.
        score: The detector's confidence; 1 for a picture that was said to be a crop.
        tiny: Whether the face has too few pixels to be read well.
        reader: Who read it.
        passes: What the backbone made of it.
        maps: Logits, Grad-CAM maps of all classes and pooled features, a batch of one.
        among: How many faces the picture shows, this one included.
        is_largest: Whether it is the largest of them.
    """

    among: int = 1
    is_largest: bool = True

    @plain_numerics()
    def __init__(
        self,
        reader: LoadedCheckpoint,
        passes: Passes,
        box: tuple[float, float, float, float],
        score: float,
        tiny: bool,
        look: Callable[[], Quality] | None = None,
    ) -> None:
        """Read; one pass of the backbone unless it was made before.

        Args:
            reader: See the attribute.
            passes: See the attribute.
            box: See the attribute.
            score: See the attribute.
            tiny: See the attribute.
            look: Tells how it was photographed; None for a crop of which nobody knows.
        """
        self.reader, self.passes, self.box, self.score, self.tiny = reader, passes, box, score, tiny
        self._look = look
        self.maps: ClassMaps = maps_of(reader.checkpoint.model, passes.last, reader.checkpoint.shift)
        self._lock = RenewedLock()
        self._maps: dict[tuple[str, str], Tensor] = {}
        self._relations: dict[str, RelationReport] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Contents that go to another process; what can be computed again is left behind."""
        passes = self.passes.crop, self.passes.mark, self.passes.found()
        return _again, (self.reader, passes, self.box, self.score, self.tiny, self._look, (self.among, self.is_largest))

    @cached_property
    def quality(self) -> Quality | None:
        """Quality of the photograph, looked at when it is first asked for; None for a crop of which nobody knows."""
        return None if self._look is None else self._look()

    @cached_property
    def features(self) -> Tensor:
        """Pooled features (C,) as the camera that was learned from would give them."""
        return self.reader.checkpoint.as_learned(self.maps.features[0])

    @property
    def crop(self) -> np.ndarray:
        """(S, S, 3) uint8, what the network was shown before it was reduced."""
        return self.passes.crop

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """Probability of every class of the model, in its order, were all equally frequent."""
        return dict(zip(self.maps.classes, self._answers.chances[0].tolist(), strict=True))

    @cached_property
    @plain_numerics()
    def _answers(self) -> Answers:
        return answers_of(self.reader, self.maps.logits, self.features[None])

    @property
    def answer(self) -> Answer:
        """The likeliest class, how surely, and its family."""
        return self._answers.answers[0]

    @property
    def top(self) -> str:
        """The likeliest class."""
        return self.answer.label

    @cached_property
    @plain_numerics()
    def units(self) -> tuple[UnitReading, ...]:
        """Readings of every action unit, in the order of their numbers; none for a model without them."""
        strengths = self.reader.unit_strengths(self.maps.features)[0].tolist()
        return tuple(
            UnitReading(number, UNIT_NAMES.get(number, f"unit {number}"), strength)
            for number, strength in zip(self.reader.checkpoint.model.action_units, strengths, strict=True)
        )

    @cached_property
    @plain_numerics()
    def unit_maps(self) -> dict[int, Tensor]:
        """Maps (h, w) of the evidence for every action unit, by its number; from the pass that read the face."""
        model = self.reader.checkpoint.model
        if model.units is None:
            return {}
        return dict(
            zip(model.action_units, unit_maps_of(model, self.passes.last, self.reader.checkpoint.shift)[0], strict=True)
        )

    @cached_property
    def basics(self) -> dict[str, float]:
        """Probabilities of the basic classes alone, neutral among them, renormalised to sum to 1."""
        found = {name: p for name, p in self.probabilities.items() if self.reader.is_basic(name)}
        whole = sum(found.values())
        return {name: p / whole for name, p in found.items()} if whole else found

    @plain_numerics()
    def composition(self, name: str) -> Composition | None:
        """Composition of a class's score on this face, beside a neutral face of its kind; none of neutral itself.

        None also for a model that reads no action units, or that cannot be divided for a neutral face.

        Raises:
            KeyError: The model has no such class.
        """
        reader, model = self.reader, self.reader.checkpoint.model
        self.maps.of(name)  # known, or an error in words
        neutral = self.neutral_features
        if reader.by_units is None or neutral is None or model.units is None or reader.is_neutral(name):
            return None
        moved = self.features - neutral  # (C,)
        units = model.units.weight.detach() @ moved  # (U,)
        basics = {basic: self.basics[basic] for basic in SIX if basic in self.basics}
        place, parts = model.classes.index(name), reader.constituents(name)
        return compose(name, place, parts, reader.by_units, model.action_units, (moved, units), basics)

    @cached_property
    def neutral_features(self) -> Tensor | None:
        """Pooled features (C,) of usual neutral faces of this one's kind, photographs or rendered; None without any."""
        photographed = self.answer.kind == PHOTOGRAPHS
        usual = usual_neutral(self.reader.checkpoint, self.features) if photographed else None
        return self.reader.neutral_features if usual is None else usual

    @cached_property
    @plain_numerics()
    def strangeness(self) -> float | None:
        """Share (0 to 1) of known pictures that lie nearer to the others than this face; None where not measured."""
        known = self.reader.familiarity
        return None if known is None else known.strangeness(self.maps.features[0])

    def to_dict(self) -> dict[str, Any]:
        """Plain data; see `cfer.reading.plain.plain_face`."""
        return plain_face(self)

    @plain_numerics()
    def maps_by(self, method: str, names: Sequence[str]) -> ClassMaps:
        """Maps of some classes by a saliency method; what was computed before is not computed again.

        Args:
            method: A key of `cfer.explain.methods.METHODS`.
            names: Classes of the model.

        Raises:
            KeyError: The model has no such class, or does not allow this method.
        """
        names = tuple(names)
        if method not in self.reader.methods:
            raise KeyError(f"There are no maps by {method!r} here; there are {', '.join(self.reader.methods)}.")
        if strange := [name for name in names if name not in self.maps.classes]:
            self.maps.of(strange[0])
        logits = self.maps.logits[:, [self.maps.classes.index(name) for name in names]]
        with self._lock:
            missing = [name for name in dict.fromkeys(names) if (method, name) not in self._maps]
            if missing:
                found = METHODS[method].explain(FaceQuestion(self, missing))
                self._maps |= {(method, name): each for name, each in zip(missing, found, strict=True)}
            maps = torch.stack([self._maps[method, name] for name in names])[None]
        return ClassMaps(logits, maps, self.maps.features, names)

    @plain_numerics()
    def explain(self, name: str, method: str | None = None) -> ClassExplanation:
        """Explain where the evidence for and against a class lies, with its shares by part of the face and action unit.

        Of a reader that is adapted to a camera, integrated gradients hold what the camera adds as well: they start from
        neutral faces by the one that was learned from. Grad-CAM leaves it out.

        Args:
            name: A class of the model.
            method: A key of `cfer.explain.methods.METHODS`; the first of `Reader.methods` by default.

        Raises:
            KeyError: The model has no such class, or does not allow this method.
        """
        method = method or self.reader.methods[0]
        return self.explanation_of(name, method, self.maps_by(method, [name]).maps[0, 0])

    @plain_numerics()
    def explanation_of(self, name: str, method: str, raw: Tensor) -> ClassExplanation:
        """A map (h, w) of a class with its shares by part of the face and by action unit."""
        places = self.landmarks
        if places is None:
            return ClassExplanation(name, method, self.probabilities[name], raw)
        masks = unit_regions(places)
        regions = shares(raw, region_map(places))
        units = unit_shares(raw, masks), unit_shares(-raw, masks)
        return ClassExplanation(name, method, self.probabilities[name], raw, regions, *units)

    @cached_property
    def landmarks(self) -> Tensor | None:
        """Landmarks (68, 2), -1 to 1 over the crop; None for a checkpoint whose readout was not measured."""
        readout = self.reader.landmark_readout
        return None if readout is None else readout(self.features[None])[0]

    @plain_numerics()
    def relation(self, name: str) -> RelationReport:
        """Measure what ties a class to its constituents on this face; kept, so that asking again costs nothing.

        Raises:
            ValueError: The class is not `Reader.relatable`.
        """
        if not self.reader.relatable(name):
            raise ValueError(f"{name} is not made of two basic expressions that the model knows.")
        with self._lock:
            if name not in self._relations:
                asked = (name, *SIX)
                others = [key for key in RELATED[1:] if key in self.reader.methods]
                maps = {GRAD_CAM: self.maps} | {key: self.maps_by(key, asked) for key in others}
                weight, constituents = self.reader.checkpoint.head.weight, self.reader.constituents(name)
                reference = self.reader.reference
                self._relations[name] = relation_report(
                    name, constituents, maps, weight, self._lost_without(name), reference
                )
            return self._relations[name]

    def _lost_without(self, name: str) -> Tensor:
        """Loss of a class's score (7,) without each of the six basics' strongest evidence; random cells last."""
        raws = torch.stack([self.maps.of(basic)[0] for basic in SIX])
        k = self.maps.classes.index(name)
        return removal_effects(self.reader.checkpoint.model, self.passes.x, raws, k, torch.Generator().manual_seed(k))


def _again(
    reader: LoadedCheckpoint,
    passes: tuple[np.ndarray, np.ndarray | None, Found],
    box: tuple[float, float, float, float],
    score: float,
    tiny: bool,
    look: Callable[[], Quality] | None,
    place: tuple[int, bool],
) -> FaceReading:
    model, preprocessing = reader.checkpoint.model, reader.checkpoint.preprocessing
    face = FaceReading(reader, Passes.again(model, preprocessing, *passes), box, score, tiny, look)
    face.among, face.is_largest = place
    return face
