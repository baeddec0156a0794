"""Training set of the loop of phase 1, read once: pictures with votes, rendered faces, photographs with teachers.

It can be kept in the run's folder, so that a run goes on without its pictures: at once, or on another machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.features.crops import Crops, load_crops
from cfer.features.rendered import RenderedCrops, joined_crops, load_rendered
from cfer.features.table import table_origin
from cfer.features.teachers import PhotographCrops, answers_digest, load_photograph_crops
from cfer.network.preprocessing import Preprocessing
from cfer.system.files import load_tensors, save_tensors
from cfer.system.provenance import differences

FILE = "material.safetensors"
"""In the run's folder."""


@dataclass(frozen=True)
class Labelled:
    """Crops of one class each, to score a network by.

    Attributes:
        pixels: (N, 1 or 3, d, d) uint8.
        true: (N,) index into `BASICS`.
    """

    pixels: Tensor
    true: Tensor

    @classmethod
    def of(cls, crops: Crops) -> "Labelled":
        """Crops of a table whose rows all have a basic label."""
        return cls(crops.pixels, torch.tensor([BASICS.index(str(s.label)) for s in crops.table.samples]))


@dataclass(frozen=True)
class Photographs:
    """Photographs with teachers' answers, and which of them look like which class.

    Attributes:
        crops: All of them.
        by_class: For each of the G basic classes that are any one's likeliest, the places of those pictures.
        shares: How often (G,) each of these is drawn where they are drawn class by class: by the root of its number,
            so that neither the commonest rule nor a handful of pictures is seen over and over.
        log_prior: Logarithm (7,) of how often each class is seen as they are drawn: half of them class by class.
    """

    crops: PhotographCrops
    by_class: tuple[Tensor, ...]
    shares: Tensor
    log_prior: Tensor

    @classmethod
    def of(cls, crops: PhotographCrops) -> "Photographs":
        """Photographs, sorted by the class that the teacher holds likeliest."""
        likeliest = crops.basic.argmax(1)
        places = [torch.nonzero(likeliest == k).squeeze(1) for k in range(len(BASICS))]
        by_class = tuple(p for p in places if len(p))
        roots = torch.tensor([len(p) for p in by_class]).sqrt()
        shares = roots / roots.sum()
        balanced = shares @ torch.stack([crops.basic[p].mean(0) for p in by_class])
        return cls(crops, by_class, shares, ((balanced + crops.basic.mean(0)) / 2).clamp(min=1e-4).log())


@dataclass(frozen=True)
class Material:
    """Everything that phase 1 learns from and chooses by.

    Attributes:
        pixels: (N, 1 or 3, d, d) uint8, pictures with votes or labels.
        targets: (N, 7) their label distributions.
        validation: What each epoch is scored on: pictures like those above, and photographs where there are any.
        faces: Rendered faces.
        photographs: Photographs with teachers' answers.
    """

    pixels: Tensor
    targets: Tensor
    validation: tuple[Labelled, ...]
    faces: RenderedCrops | None = None
    photographs: Photographs | None = None

    def on(self, device: torch.device) -> "Material":
        """The same with the large tensors on a device; what is drawn by index stays where indices are drawn."""
        faces, photographs = self.faces, self.photographs
        if faces is not None:
            faces = replace(faces, pixels=faces.pixels.to(device), moved=faces.moved.to(device))
        if photographs is not None:
            crops = replace(photographs.crops, pixels=photographs.crops.pixels.to(device))
            photographs = replace(photographs, crops=crops)
        return replace(self, pixels=self.pixels.to(device), faces=faces, photographs=photographs)


def vote_targets(table: SampleTable) -> Tensor:
    """Label distributions (N, 7): the votes where there are any, the label otherwise."""
    rows = [s.votes or tuple(float(s.label == name) for name in BASICS) for s in table.samples]
    return torch.tensor(rows, dtype=torch.float32).reshape(-1, len(BASICS))


def has_target(table: SampleTable) -> SampleTable:
    """The rows that the basic phase can learn from."""
    return table.only(s for s in table.samples if s.votes or s.label in BASICS)


def has_majority(table: SampleTable) -> SampleTable:
    """The rows that have one of the seven classes as their single label: what is scored."""
    return table.only(s for s in table.samples if s.label in BASICS)


def load_photographs(photographs: SampleTable, preprocessing: Preprocessing, *, progress: bool) -> Photographs:
    """The training part's photographs."""
    return Photographs.of(load_photograph_crops(photographs.part("train"), preprocessing, progress=progress))


def load_material(
    table: SampleTable,
    preprocessing: Preprocessing,
    rendered: Sequence[SampleTable] = (),
    photographs: SampleTable | None = None,
    *,
    progress: bool = True,
) -> Material:
    """Read all pictures.

    Args:
        table: Pictures with votes or labels, with a split on each row.
        preprocessing: How crops become input.
        rendered: Faces with ground truth; all of them are learned from.
        photographs: Photographs with teachers' answers, whole and with a split on each row.
        progress: Whether to show bars.

    Raises:
        ValueError: A part has no picture.
    """
    crops = load_crops(has_target(table.part("train")), preprocessing, progress=progress)
    validation = load_crops(has_majority(table.part("validation")), preprocessing, progress=progress)
    if not len(crops.table) or not len(validation.table):
        raise ValueError("No picture for training, or none for validation, can be read.")
    scored = [Labelled.of(validation)]
    if photographs is not None and len(held := has_majority(photographs.part("validation"))):
        scored.append(Labelled.of(load_crops(held, preprocessing, progress=progress)))
    loaded = [load_rendered(each, preprocessing, progress=progress) for each in rendered]
    return Material(
        crops.pixels,
        vote_targets(crops.table),
        tuple(each for each in scored if len(each.true)),
        joined_crops(loaded) if loaded else None,
        load_photographs(photographs, preprocessing, progress=progress) if photographs else None,
    )


_FACES = ("pixels", "units", "landmarks", "basic", "moved")
_PHOTOGRAPHS = ("pixels", "basic", "blendshapes", "landmarks")


def material_origin(
    table: SampleTable, rendered: Sequence[SampleTable] = (), photographs: SampleTable | None = None
) -> dict[str, Any]:
    """Origin of a run's training set, plain data: every data set, and the teachers' answers."""
    found: dict[str, Any] = {"data": table_origin(table)}
    found["rendered"] = {str(k): table_origin(each) for k, each in enumerate(rendered, 1)}
    if photographs is not None:
        found["photographs"] = table_origin(photographs) | {"teachers": answers_digest(photographs)}
    return found


def save_material(material: Material, path: Path, origin: Mapping[str, Any]) -> None:
    """Write it as one safetensors file, with what it was made from."""
    tensors = {"pixels": material.pixels, "targets": material.targets}
    for i, part in enumerate(material.validation):
        tensors |= {f"validation.{i}.pixels": part.pixels, f"validation.{i}.true": part.true}
    if material.faces is not None:
        tensors |= {f"faces.{name}": getattr(material.faces, name) for name in _FACES}
    if material.photographs is not None:
        tensors |= {f"photographs.{name}": getattr(material.photographs.crops, name) for name in _PHOTOGRAPHS}
    save_tensors(path, tensors, {"validation": len(material.validation), "made_from": dict(origin)})


def load_saved_material(path: Path, origin: Mapping[str, Any] | None = None) -> Material | None:
    """Read what `save_material` wrote; numbers of rows are then places in the file.

    Args:
        path: The file.
        origin: What it must have been made from; None for anything.

    Returns:
        The material; None if it was made from something else.

    Raises:
        OSError: The file is missing.
        ValueError: It is damaged.
    """
    tensors, facts = load_tensors(path)
    if origin is not None and differences(facts.get("made_from", {}), origin):
        return None
    validation = tuple(
        Labelled(tensors[f"validation.{i}.pixels"], tensors[f"validation.{i}.true"]) for i in range(facts["validation"])
    )
    faces = photographs = None
    if "faces.pixels" in tensors:
        values = [tensors[f"faces.{name}"] for name in _FACES]
        faces = RenderedCrops(tuple(range(len(values[0]))), *values)
    if "photographs.pixels" in tensors:
        values = [tensors[f"photographs.{name}"] for name in _PHOTOGRAPHS]
        photographs = Photographs.of(PhotographCrops(tuple(range(len(values[0]))), *values))
    return Material(tensors["pixels"], tensors["targets"], validation, faces, photographs)
