"""The maps that relations are measured by: the model's own, and those of models and faces that know less."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.data.samples import SampleTable
from cfer.explain.attribution import attribution_layer, change_maps, layer_baseline, neutral_faces
from cfer.explain.controls import cascade, of_another, random_backbone, random_head
from cfer.explain.maps import ClassMaps
from cfer.explain.relation import SIX
from cfer.features.crops import Crops, load_crops
from cfer.learners import REGISTRY, LinearLearner, Step
from cfer.measure.landmarks import RenderedFeatures
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing

BATCH = 64


@dataclass(frozen=True)
class Faces:
    """Rendered faces of people whom training never saw.

    Attributes:
        crops: All faces.
        people: Number (N,) of each face's person.
        labels: What each face shows.
    """

    crops: Crops
    people: Tensor
    labels: tuple[str, ...]

    def showing(self, name: str, people: int | None = None) -> Tensor:
        """Rows of the faces that show an expression, of all people or of the first ones."""
        last = len(self.people) if people is None else people
        rows = [i for i, label in enumerate(self.labels) if label == name and int(self.people[i]) < last]
        return torch.tensor(rows, dtype=torch.long)


def read_faces(table: SampleTable, preprocessing: Preprocessing) -> Faces:
    """Find and cut out the faces of a data set."""
    crops = load_crops(table, preprocessing, progress=True)
    samples = crops.table.samples
    number = torch.from_numpy(np.unique([s.group for s in samples], return_inverse=True)[1])
    return Faces(crops, number, tuple(str(s.label) for s in samples))


def inputs(faces: Faces, rows: Tensor, preprocessing: Preprocessing) -> Iterator[Tensor]:
    """Network inputs (B, 3, S, S) of some faces, a batch at a time."""
    for index in rows.split(BATCH):
        yield preprocessing.enlarge(faces.crops.batch(index))


@torch.no_grad()
def whole_maps(
    models: Sequence[FaceModel], faces: Faces, rows: Tensor, preprocessing: Preprocessing
) -> list[ClassMaps]:
    """Grad-CAM maps of some faces by models that share one backbone, which looks once; see `class_maps`."""
    raws: list[list[Tensor]] = [[] for _ in models]
    for x in inputs(faces, rows, preprocessing):
        last = models[0].features(x)  # (B, C, h, w)
        for found, model in zip(raws, models, strict=True):
            found.append(torch.einsum("kc,bchw->bkhw", model.head.weight, last) / (last.shape[-2] * last.shape[-1]))
    nothing = torch.empty(len(rows), 0)
    return [ClassMaps(nothing, torch.cat(found), nothing, models[0].classes) for found in raws]


def changed_maps(
    model: FaceModel, faces: Faces, rows: Tensor, names: tuple[str, ...], preprocessing: Preprocessing
) -> ClassMaps:
    """Integrated-gradient maps of some faces and classes from neutral ones."""
    layer = attribution_layer(model) or ""
    baseline = layer_baseline(model, preprocessing(neutral_faces()), layer)
    found = [
        change_maps(model, preprocessing.enlarge(faces.crops.batch(index)), names, baseline, layer)
        for index in rows.split(BATCH // 16)
    ]
    nothing = torch.empty(len(rows), 0)
    return ClassMaps(nothing, torch.cat(found), nothing, names)


def permuted_heads(checkpoint: Checkpoint, fit: RenderedFeatures, count: int) -> list[FaceModel]:
    """Models whose heads the checkpoint's learner fitted to rendered faces with their labels dealt anew.

    Such a head knows the features' spread and which rows there are, and nothing about expressions. Rows are brought to
    the length of those that they replace.
    """
    model, method, found = checkpoint.model, REGISTRY[checkpoint.spec.name], []
    known = [name for name in checkpoint.names if name in fit.labels]
    places = [checkpoint.names.index(name) for name in known]
    used = torch.tensor([label in known for label in fit.labels])
    labels = torch.tensor([known.index(label) for label in fit.labels if label in known])
    own = model.head.weight.detach()
    lengths = (own - own.mean(0)).norm(dim=1, keepdim=True)
    for draw in range(count):
        generator = torch.Generator().manual_seed(draw)
        learner = method.make(checkpoint.spec.per_class)
        assert isinstance(learner, LinearLearner)
        dealt = labels[torch.randperm(len(labels), generator=generator)]
        learner.observe(Step(0, range(len(known)), len(known), fit.x[used], dealt), generator)
        rows = torch.randn(own.shape, generator=generator)  # of classes that no rendered face shows: at random
        rows[places] = learner.head().weight - learner.head().weight.mean(0)
        rows = rows / rows.norm(dim=1, keepdim=True) * lengths
        found.append(model.with_head(checkpoint.names, rows - rows.mean(0), model.head.bias.detach()))
    return found


def random_heads(model: FaceModel, count: int) -> list[FaceModel]:
    """Models with heads of random rows."""
    generator = torch.Generator().manual_seed(0)
    return [random_head(model, generator) for _ in range(count)]


def shuffled_backbones(model: FaceModel, share: float, count: int) -> Iterator[FaceModel]:
    """Copies of a model whose last share of weighted layers is shuffled, drawn one after the other."""
    layers = None if share >= 1 else round(len(cascade(model)) * share)
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        yield random_backbone(model, layers, generator)


def only(maps: ClassMaps, rows: Tensor) -> ClassMaps:
    """Some faces."""
    return replace(maps, maps=maps.maps[rows])


def basic_rows(maps: ClassMaps) -> list[int]:
    """Rows of the six basics."""
    return [maps.classes.index(name) for name in SIX]


def with_basics(maps: ClassMaps, basics: Tensor) -> ClassMaps:
    """The same maps with other ones (N, 6, h, w) for the six basics."""
    changed = maps.maps.clone()
    changed[:, basic_rows(maps)] = basics
    return replace(maps, maps=changed)


def basics_of_others(maps: ClassMaps, people: Tensor, draw: int) -> ClassMaps:
    """The same maps with the six basics' taken from somebody else who shows the same expression."""
    generator = torch.Generator().manual_seed(100 + draw)
    return with_basics(maps, of_another(maps.maps[:, basic_rows(maps)], people, generator))
