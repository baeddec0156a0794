"""The maps that `benchmarks/relations.py` compares: the model's own, and those of models and faces that know less."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from cfer.checkpoint import Checkpoint
from cfer.data.readers import read_data
from cfer.emotions import EXPRESSIONS
from cfer.explain.attribution import change_maps, mean_output, neutral_faces
from cfer.explain.controls import cascade, of_another, random_backbone, random_head
from cfer.explain.maps import ClassMaps
from cfer.explain.reference import CHANGE, ELSEWHERE, RANDOM_HEAD, SHUFFLED, WHOLE, source
from cfer.explain.relation import SIX, Relation, relate
from cfer.features.crops import Crops, load_crops
from cfer.model import FaceModel, Preprocessing
from cfer.synth.dataset import MANIFEST

HEADS, CHANGE_HEADS = 20, 2
"""Random heads: each gives a compound a gap of its own by luck. Fewer where every class takes a backward pass."""
CHANGED = 40
"""People whose change maps are compared."""


@dataclass(frozen=True)
class Faces:
    """Rendered faces of people whom training never saw.

    Attributes:
        crops: All faces.
        people: Number of each face's person (N,).
        labels: What each face shows.
    """

    crops: Crops
    people: Tensor
    labels: tuple[str, ...]

    def showing(self, name: str) -> Tensor:
        """Rows of the faces that show an expression."""
        return torch.tensor([row for row, label in enumerate(self.labels) if label == name])


def read_faces(run: Path, preprocessing: Preprocessing, people: int | None) -> Faces:
    """Read the faces of a run, of all people or of the first ones."""
    table = read_data(run / "faces" / MANIFEST)
    if people:
        known = sorted({s.group for s in table.samples})[:people]
        table = table.only(s for s in table.samples if s.group in known)
    crops = load_crops(table, preprocessing, progress=True)
    samples = crops.table.samples
    number = torch.from_numpy(np.unique([s.group for s in samples], return_inverse=True)[1])
    return Faces(crops, number, tuple(str(s.label) for s in samples))


@torch.inference_mode()
def all_maps(model: FaceModel, heads: list[nn.Linear], crops: Crops, preprocessing: Preprocessing) -> list[ClassMaps]:
    """Maps of all classes and crops under several heads on one backbone; as `class_maps` gives them."""
    raws: list[list[Tensor]] = [[] for _ in heads]
    for index in torch.arange(len(crops.pixels)).split(64):
        last = model.features(preprocessing.enlarge(crops.batch(index)))  # (B, C, h, w)
        cells = last.shape[-2] * last.shape[-1]
        for found, head in zip(raws, heads, strict=True):
            found.append(torch.einsum("kc,bchw->bkhw", head.weight, last) / cells)
    nothing = torch.empty(len(crops.pixels), 0)
    return [ClassMaps(nothing, torch.cat(found).clone(), nothing, model.classes) for found in raws]


def only(maps: ClassMaps, rows: Tensor) -> ClassMaps:
    """Some faces."""
    return replace(maps, maps=maps.maps[rows])


def with_basics(maps: ClassMaps, basics: Tensor) -> ClassMaps:
    """The same maps with other ones (N, 6, h, w) for the six basics."""
    changed = maps.maps.clone()
    changed[:, basic_rows(maps)] = basics
    return replace(maps, maps=changed)


def basic_rows(maps: ClassMaps) -> list[int]:
    """Where the six basics stand."""
    return [maps.classes.index(name) for name in SIX]


class Sources:
    """Whole-face maps of all faces, by the model and by models that know less; change maps as they are asked for."""

    def __init__(self, checkpoint: Checkpoint, faces: Faces) -> None:
        """Look at every face with every model."""
        self.model, self.preprocessing, self.faces = checkpoint.model.eval(), checkpoint.preprocessing, faces
        generator = torch.Generator().manual_seed(0)
        self.headless = [random_head(self.model, generator) for _ in range(HEADS)]
        self.untaught = random_backbone(self.model, None, generator)
        self.own, *untrained = self._look(self.model, [self.model.head, *(m.head for m in self.headless)])
        self.lesser = {RANDOM_HEAD: untrained, SHUFFLED: self._look(self.untaught, [self.model.head])}
        for words, share in (("quarter", 4), ("half", 2)):
            partly = random_backbone(self.model, len(cascade(self.model)) // share, generator)
            self.lesser[f"shuffled last {words}"] = self._look(partly, [self.model.head])
        self.mean = self.own.maps.clamp(min=0).mean(0)  # (K, h, w)

    def _look(self, model: FaceModel, heads: list[nn.Linear]) -> list[ClassMaps]:
        return all_maps(model, heads, self.faces.crops, self.preprocessing)

    def of(self, compound: str) -> ClassMaps:
        """The model's whole-face maps on the faces that show a compound."""
        return only(self.own, self.faces.showing(compound))

    def relations(self, compound: str) -> dict[str, list[Relation]]:
        """A compound's relations by whole-face maps, and by what would look like them."""
        rows, parts = self.faces.showing(compound), EXPRESSIONS[compound].constituents
        mine, basics = only(self.own, rows), basic_rows(self.own)
        others = of_another(mine.maps[:, basics], self.faces.people[rows], torch.Generator().manual_seed(1))
        flat = self.mean[basics].expand(len(rows), -1, -1, -1)
        return {
            WHOLE: [relate(mine, compound, parts)],
            **{name: [relate(only(m, rows), compound, parts) for m in maps] for name, maps in self.lesser.items()},
            ELSEWHERE: [relate(with_basics(mine, others), compound, parts)],
            "mean face": [relate(with_basics(mine, flat), compound, parts)],
        }

    def changes(self, compound: str) -> tuple[ClassMaps, dict[str, list[Relation]]]:
        """The model's change maps of a compound and the basics, and the relations by them and by their nulls."""
        rows, parts = self.faces.showing(compound), EXPRESSIONS[compound].constituents
        rows = rows[self.faces.people[rows] < CHANGED]
        names = (compound, *SIX)
        mine = self._change(self.model, rows, names)
        others = of_another(mine.maps[:, 1:], self.faces.people[rows], torch.Generator().manual_seed(1))
        lesser = {RANDOM_HEAD: self.headless[:CHANGE_HEADS], SHUFFLED: [self.untaught]}
        found = {CHANGE: [relate(mine, compound, parts)]}
        for null, models in lesser.items():
            found[source(CHANGE, null)] = [relate(self._change(m, rows, names), compound, parts) for m in models]
        return mine, found | {source(CHANGE, ELSEWHERE): [relate(with_basics(mine, others), compound, parts)]}

    def _change(self, model: FaceModel, rows: Tensor, names: tuple[str, ...]) -> ClassMaps:
        baseline = mean_output(model, self.preprocessing(list(neutral_faces())))
        found = []
        for index in rows.split(16):
            x = self.preprocessing.enlarge(self.faces.crops.batch(index))
            found.append(change_maps(model, x, names, baseline))
        nothing = torch.empty(len(rows), 0)
        return ClassMaps(nothing, torch.cat(found), nothing, names)
