"""What `benchmarks/explanations/saliency.py` measures: the faces, and every method behind one signature."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.data.readers import read_data
from cfer.data.samples import Sample
from cfer.emotions import EXPRESSIONS
from cfer.explain.attribution import (
    STEPS,
    attribution_layer,
    layer_baseline,
    layer_integrated_gradients,
    mirrored_gradients,
)
from cfer.explain.layer_cams import layer_gradients, layer_maps
from cfer.explain.maps import class_maps
from cfer.explain.methods import GRAD_CAM, METHODS, Cost, Question
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.features.displacement import Moved, moved_by
from cfer.network.face_model import FaceModel
from cfer.synth.dataset import MANIFEST
from cfer.synth.truth import read_truth

LAYER = "blocks.2"
"""The default network's, as `cfer.explain.attribution.attribution_layer` picks it by depth."""
LAST = METHODS[GRAD_CAM].title
BLOB = "a blob in the middle"
PHOTOGRAPHS, NEUTRALS = 60, 300
Method = Callable[[FaceModel, Tensor, str], Tensor]
"""Model, picture (1, 3, S, S), class -> map (h, w)."""


@dataclass(frozen=True)
class Face:
    """A picture as the network gets it, the class it shows, and what moved, where that is known."""

    x: Tensor
    name: str
    moved: Moved | None = None


def rendered_faces(checkpoint: Checkpoint, run: Path) -> list[Face]:
    """One picture a person, the classes in turn."""
    table = read_data(run / "faces" / MANIFEST)
    shown = [name for name in EXPRESSIONS if name != "neutral"]
    by_person: dict[str, list[Sample]] = {}
    for sample in table.samples:
        by_person.setdefault(sample.group, []).append(sample)
    found = []
    for number, person in enumerate(sorted(by_person)):
        wanted = shown[number % len(shown)]
        sample = next(s for s in by_person[person] if s.label == wanted)
        picture = table.source.read(sample.path)
        detected = detect_faces(picture)
        truth = read_truth(table.source.read_bytes(str(sample.truth)))
        moved = moved_by(truth, frame_of(detected[0])) if detected else None
        if moved is not None:
            found.append(Face(checkpoint.preprocessing([align(picture, detected[0])]), wanted, moved))
    return found


def neutral_photographs(checkpoint: Checkpoint, path: Path) -> Tensor:
    """Neutral faces (N, 3, S, S) of a data set's training part."""
    table = read_data(path).part("train")
    found: list[np.ndarray] = []
    for sample in [s for s in table.samples if s.label == "neutral"][:NEUTRALS]:
        picture = table.source.read(sample.path)
        found += [align(picture, face) for face in detect_faces(picture)[:1]]
    return checkpoint.preprocessing(found)


def photographs(checkpoint: Checkpoint, path: Path, part: str) -> list[Face]:
    """Photographs of one part of a data set that show an expression and are read as they are labelled."""
    table = read_data(path).part(part)
    found: list[Face] = []
    for sample in table.samples:
        if sample.label == "neutral" or len(found) == PHOTOGRAPHS:
            continue
        picture = table.source.read(sample.path)
        for face in detect_faces(picture)[:1]:
            x = checkpoint.preprocessing([align(picture, face)])
            maps = class_maps(checkpoint.model, x)
            if maps.classes[int(maps.logits.argmax())] == sample.label:
                found.append(Face(x, str(sample.label)))
    return found


class Baseline:
    """Mean outputs of layers over neutral faces, by whichever model is measured."""

    def __init__(self, pictures: Tensor) -> None:
        """Take neutral faces (N, 3, S, S)."""
        self.pictures = pictures
        self.known: list[tuple[FaceModel, str, Tensor]] = []

    def __call__(self, model: FaceModel, layer: str) -> Tensor:
        """Compute once for a model."""
        for whose, where, found in self.known:
            if whose is model and where == layer:
                return found
        parts = self.pictures.split(50)
        found = sum(layer_baseline(model, x, layer) * (len(x) / len(self.pictures)) for x in parts)
        self.known.append((model, layer, torch.as_tensor(found)))
        return self.known[-1][2]


def last(model: FaceModel, x: Tensor, name: str) -> Tensor:
    """Grad-CAM at the last layer."""
    return class_maps(model, x).of(name)[0]


def centre(model: FaceModel, x: Tensor, name: str) -> Tensor:
    """A blob in the middle, which looks at nothing."""
    line = torch.linspace(-1, 1, 16)
    return torch.exp(-(line[:, None] ** 2 + line**2) / 0.18)


@torch.no_grad()
def pair(model: FaceModel, x: Tensor, layer: str) -> Tensor:
    """A layer's output of a picture and of its mirror image."""
    return model.until(torch.cat([x, x.flip(-1)]), layer)


def registered(key: str) -> Method:
    """A registered method that does not start from neutral faces."""
    return lambda m, x, k: METHODS[key].explain(Question(m, x, [k], x))[0]


def changed(baseline: Baseline | None, layer: str, steps: int = STEPS) -> Method:
    """Change maps at a layer, beside a baseline or beside nothing."""

    def method(model: FaceModel, x: Tensor, name: str) -> Tensor:
        usual = torch.zeros(()) if baseline is None else baseline(model, layer)
        return mirrored_gradients(model, pair(model, x, layer), [name], usual, layer, steps)[0, 0]

    return method


def one_look(baseline: Baseline) -> Method:
    """The same without the mirror image."""

    def method(model: FaceModel, x: Tensor, name: str) -> Tensor:
        output = pair(model, x, LAYER)[:1]
        return layer_integrated_gradients(model, output, [name], baseline(model, LAYER), LAYER)[0, 0]

    return method


def end_only(baseline: Baseline) -> Method:
    """Gradient at the face alone times the difference, instead of all the way from the neutral face."""

    def method(model: FaceModel, x: Tensor, name: str) -> Tensor:
        output, gradients = layer_gradients(model, torch.cat([x, x.flip(-1)]), [name], LAYER)
        found = (gradients[0] * (output - baseline(model, LAYER))).sum(1)  # (2, h, w)
        return (found[0] + found[1].flip(-1)) / 2

    return method


def change_name(layer: str) -> str:
    """What the table calls change maps at a layer."""
    return f"change, {layer}"


DEFAULT = change_name(LAYER)
"""The maps that the app shows first."""


def methods(model: FaceModel, neutral: Baseline, photographs: Baseline) -> dict[str, tuple[Method, bool]]:
    """Every method by name, and whether it is slow.

    Raises:
        ValueError: The app would draw its maps of this model at another layer.
    """
    if attribution_layer(model) != LAYER:
        raise ValueError(f"Maps of this model are drawn at {attribution_layer(model)}, not at {LAYER}.")
    blocks = [name for name in model.layers if name.startswith("blocks")]
    found: dict[str, tuple[Method, bool]] = {LAST: (last, False)}
    for layer in blocks:
        found[change_name(layer)] = (changed(neutral, layer), False)
    found[f"{DEFAULT}, twice the steps"] = (changed(neutral, LAYER, 2 * STEPS), False)
    found[f"{DEFAULT}, not mirrored"] = (one_look(neutral), False)
    found[f"{DEFAULT}, gradient at the face alone"] = (end_only(neutral), False)
    found[f"{DEFAULT}, from nothing"] = (changed(None, LAYER), False)
    found[f"{DEFAULT}, from photographs"] = (changed(photographs, LAYER), False)
    for layer in blocks[blocks.index(LAYER) :]:
        for rule in ("Grad-CAM", "HiResCAM", "LayerCAM"):
            name = f"{rule}, {layer}"
            found[name] = (lambda m, x, k, at=layer, r=rule: layer_maps(m, x, [k], at, r)[0, 0], False)
    for key, method in METHODS.items():
        if not method.needs_layers and method.title not in found:
            found[method.title] = (registered(key), method.cost is Cost.SLOW)
    found[BLOB] = (centre, False)
    return found
