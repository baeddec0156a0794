"""A compound's ties to the basics over somebody's own set of faces: the paper's question, on anyone's photographs.

Faces are aligned when they are cut out, so that maps can be averaged. Likeness is a face's, compared and then averaged;
intervals are over people. Chance is what heads of random rows over the same backbone show on the same faces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.explain.controls import random_head
from cfer.explain.maps import ClassMaps, maps_of, positive
from cfer.explain.methods import METHODS
from cfer.explain.relation import SIX, relate
from cfer.network.modes import plain_numerics
from cfer.pictures import PictureError
from cfer.reading.face import FaceReading
from cfer.reading.face_question import FaceQuestion
from cfer.reading.loaded_checkpoint import LoadedCheckpoint

FEWEST = 3
"""Faces from which on a set is measured."""
HEADS, HEAD_FACES = 20, 4
"""Random heads, and on how many of the faces each is looked at."""
DRAWS = 1000
SIDE = 192
"""Of the mean face, pixels."""
MEASURE = "cosine"


@dataclass(frozen=True)
class Estimate:
    """Mean over faces with its 95 % interval over people."""

    mean: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """False where no face shows any evidence to compare."""
        return self.mean == self.mean

    def to_list(self) -> list[float] | None:
        """Plain data; None where nothing is known."""
        return [round(v, 4) for v in (self.mean, self.low, self.high)] if self.known else None


@dataclass(frozen=True)
class SetRelation:
    """A compound's ties to the six basics over a set of faces.

    Attributes:
        compound: The class.
        constituents: Its two basics.
        method: Whose maps, a key of `cfer.explain.methods.METHODS`.
        faces: How many were measured.
        people: How many people they are of, as far as anybody said.
        likeness: By basic, how alike its map is to the compound's on the same face (cosine, 0 to 1).
        gap: Mean likeness to the constituents less that to the other four; 0 by chance.
        chance: The gap's 95 % range over random heads.
        mean_maps: Mean positive evidence (7, h, w) of the compound and the six basics, in the order of `SIX`.
        mean_face: Mean crop (S, S, 3) uint8.
        called: Share of the faces whose likeliest class is the compound.
        model: SHA-256 of the model.
    """

    compound: str
    constituents: tuple[str, ...]
    method: str
    faces: int
    people: int
    likeness: dict[str, Estimate]
    gap: Estimate
    chance: tuple[float, float]
    mean_maps: Tensor
    mean_face: np.ndarray
    called: float
    model: str

    @property
    def beyond_chance(self) -> bool:
        """True if the gap lies above that of 97.5 % of random heads, and its interval above 0."""
        return self.gap.mean > self.chance[1] and self.gap.low > 0

    @property
    def ranked(self) -> list[str]:
        """The six basics, the most alike first, those of which nothing is known last."""
        return sorted(self.likeness, key=lambda name: (not self.likeness[name].known, -self.likeness[name].mean))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "compound": self.compound,
            "constituents": list(self.constituents),
            "method": self.method,
            "measure": MEASURE,
            "faces": self.faces,
            "people": self.people,
            "called": round(self.called, 4),
            "likeness": {name: self.likeness[name].to_list() for name in self.ranked},
            "gap": self.gap.to_list(),
            "chance": [round(v, 4) if v == v else None for v in self.chance],
            "beyond_chance": self.beyond_chance,
            "model_sha256": self.model,
        }


class _OtherHead(FaceQuestion):
    """A question about a face under another head on the same backbone."""

    def __init__(self, face: FaceReading, names: Sequence[str], model: Any) -> None:
        super().__init__(face, names)
        self.model = model

    @property
    def maps(self) -> ClassMaps:
        return maps_of(self.model, self.last)


@plain_numerics()
def relate_set(
    reader: LoadedCheckpoint,
    faces: Sequence[FaceReading],
    compound: str,
    people: Sequence[str] | None = None,
    method: str | None = None,
) -> SetRelation:
    """Measure a compound's ties on a set of faces that were read.

    Args:
        reader: Who read them.
        faces: At least `FEWEST`.
        compound: A class for which `reader.relatable` holds.
        people: Whose each face is; every face another person's by default.
        method: A signed method's key; the first of `reader.methods` by default.

    Raises:
        PictureError: There are too few faces, or the class has no two basics that the model knows.
        KeyError: The model does not allow the method, or its maps cannot be compared between classes.
    """
    if not reader.relatable(compound):
        raise PictureError("{name} is not made of two basic expressions that the model knows.", name=compound)
    if len(faces) < FEWEST:
        raise PictureError(
            "{count} faces are too few for a mean: bring at least {least}.", count=len(faces), least=FEWEST
        )
    method = method or reader.methods[0]
    if method not in reader.methods or not METHODS[method].signed:
        able = [key for key in reader.methods if METHODS[key].signed]
        raise KeyError(f"Maps by {method!r} cannot be compared between classes; there are {', '.join(able)}.")
    names, constituents = (compound, *SIX), reader.constituents(compound)
    maps = torch.cat([face.maps_by(method, names).maps for face in faces])  # (N, 7, h, w)
    nothing = torch.empty(len(maps), 0)
    found = relate(ClassMaps(nothing, maps, nothing, names), compound, constituents, measures=(MEASURE,))
    groups = np.unique(list(people or map(str, range(len(faces)))), return_inverse=True)[1]
    drawn = group_draws(int(groups.max()) + 1, DRAWS)[:, groups]  # (D, N)

    def estimate(values: Tensor) -> Estimate:
        known = ~torch.isnan(values)
        v, w = values[known].double().numpy(), drawn[:, known.numpy()]
        if not len(v):
            return Estimate(float("nan"), float("nan"), float("nan"))
        with np.errstate(invalid="ignore"):
            return Estimate(float(v.mean()), *percentiles(w @ v / w.sum(1)))

    values = found.likeness[MEASURE]  # (N, 6)
    crops = np.stack([_sized(face.crop) for face in faces])
    return SetRelation(
        compound,
        tuple(constituents),
        method,
        len(faces),
        int(groups.max()) + 1,
        {name: estimate(values[:, k]) for k, name in enumerate(SIX)},
        estimate(found.gap(MEASURE)),
        _chance(reader, faces, compound, method),
        torch.stack([positive(m) for m in maps.flatten(0, 1)]).view_as(maps).mean(0),
        np.rint(crops.mean(0)).astype(np.uint8),
        sum(face.top == compound for face in faces) / len(faces),
        reader.digest,
    )


def _sized(crop: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(crop).resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float64)


def _chance(reader: LoadedCheckpoint, faces: Sequence[FaceReading], compound: str, method: str) -> tuple[float, float]:
    """Range of the mean gap over random heads, each looked at on some of the faces."""
    names, constituents = (compound, *SIX), reader.constituents(compound)
    generator, gaps = torch.Generator().manual_seed(0), []
    for _ in range(HEADS):
        model = random_head(reader.checkpoint.model, generator)
        picked = torch.randperm(len(faces), generator=generator)[:HEAD_FACES].tolist()
        raws = torch.stack([METHODS[method].explain(_OtherHead(faces[i], names, model)) for i in picked])
        nothing = torch.empty(len(raws), 0)
        other = relate(ClassMaps(nothing, raws, nothing, names), compound, constituents, measures=(MEASURE,))
        gaps.append(float(other.gap(MEASURE).nanmean()))
    return percentiles(np.array(gaps))
