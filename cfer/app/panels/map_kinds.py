"""Saliency methods as the page offers them: titles, maps, and what is known of how right each one's maps are."""

import copy
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.app.server.zero_gpu import is_lent, lent_gpu
from cfer.app.texts import Speech
from cfer.explain.attribution import neutral_faces
from cfer.explain.maps import positive
from cfer.explain.methods import METHODS, Cost, Question
from cfer.network.face_model import FaceModel
from cfer.reading.reader import FaceReading, Reader

SHOWN = tuple(key for key, method in METHODS.items() if method.cost is not Cost.SLOW)
"""Methods that answer while somebody waits; the slow ones are on the command line's side."""
SAME = 0.95
"""Likeness from which on maps are said to be the same: of two methods, or of two classes by one method."""
CELLS = 32
"""Sides of a finer map are reduced to this: it is drawn with smooth steps anyway."""


def title(method: str, say: Speech) -> str:
    """A method's name on the page: in words where it is this project's own, its own otherwise."""
    return say(f"method_{method}") if METHODS[method].signed else METHODS[method].title


def choices(reader: Reader, say: Speech) -> list[tuple[str, str]]:
    """Names of the methods whose maps a model allows, and their keys."""
    return [(title(key, say), key) for key in SHOWN if key in reader.methods]


def raw_maps(reader: Reader, face: FaceReading, names: Sequence[str], method: str) -> list[Tensor]:
    """Maps (h, w) of some classes by a method, at most `CELLS` a side."""
    found = face.maps_by(method, names).maps[0] if METHODS[method].signed else _by_library(reader, face, names, method)
    return list(F.adaptive_avg_pool2d(found[None], CELLS)[0] if found.shape[-1] > CELLS else found)


def _by_library(reader: Reader, face: FaceReading, names: Sequence[str], method: str) -> Tensor:
    if not (is_lent() and torch.cuda.is_available()):
        return face.maps_by(method, names).maps[0]
    neutral = reader.checkpoint.preprocessing.uncorrected(neutral_faces())
    return _on_lent_gpu(method, reader.checkpoint.model, face.passes.x, tuple(names), neutral)


@lent_gpu
def _on_lent_gpu(method: str, model: FaceModel, x: Tensor, names: tuple[str, ...], neutral: Tensor) -> Tensor:
    """Maps (K, h, w) by one of pytorch-grad-cam's methods, on a GPU that is lent for it."""
    lent = copy.deepcopy(model).to("cuda")
    return METHODS[method].explain(Question(lent, x.to("cuda"), names, neutral.to("cuda"))).cpu()


@cache
def _measured() -> dict[str, dict[str, Any]]:
    return json.loads(files("cfer.app").joinpath("assets/methods.json").read_text(encoding="utf-8"))


def judged(method: str, kind: str, say: Speech) -> str:
    """Sentences on what was measured of a method's maps on a kind of picture, and on whose method it is.

    On rendered faces by `benchmarks/explanations/saliency.py`, on photographs by `benchmarks/photographs/maps.py`.
    """
    known = _measured().get(method, {})
    said = [say("method_unknown")]
    if kind in known:
        value, low, high = (f"{v:.2f}" for v in known[kind]["ratio"])
        mean = f"{known[kind]['mean_map'][0]:.2f}"
        said = [say(f"method_known_{kind}", ratio=value, low=low, high=high, mean=mean)]
    if known.get("class_likeness", 0.0) >= SAME:
        said.append(say("method_classless", likeness=f"{known['class_likeness']:.2f}"))
    if "twin" in known:
        other, likeness = known["twin"]
        said.append(say("method_twin", other=title(other, say), likeness=f"{likeness:.2f}"))
    if METHODS[method].signed:
        return " ".join(said)
    return f"{METHODS[method].title}: {METHODS[method].source}. {' '.join(said)} {say('method_scaled')}"


def likeness(a: Tensor, b: Tensor) -> float:
    """Cosine of what two maps (h, w) show for a class, at the larger's size; 0 where one shows nothing."""
    size = max(a.shape, b.shape)
    large = [
        F.interpolate(positive(raw)[None, None], size=size, mode="bilinear", align_corners=False) for raw in (a, b)
    ]
    return float(F.cosine_similarity(large[0].flatten(), large[1].flatten(), dim=0))


@torch.no_grad()
def unit_parts(reader: Reader, face: FaceReading, name: str, most: int = 4) -> list[tuple[int | str, Tensor]]:
    """Maps of what sets a class's score apart from a neutral face, by unit, and of what is left beside it.

    Of each cell what a neutral face has there on average over the face is taken off, so that a map's sum is the unit's
    evidence in `FaceReading.composition`.

    Returns:
        Unit numbers, "rest" and "beyond", each with its map (h, w); together they sum to the composition's total.
    """
    composed, maps = reader.by_units, face.unit_maps
    made = face.composition(name)
    if composed is None or not maps or made is None:
        return []
    place, numbers = reader.names.index(name), list(maps)
    weights = composed.weights[place] - composed.weights.mean(0)  # (U,)
    left = composed.left[place] - composed.left.mean(0)  # (C,)
    evidence = {unit.number: unit.evidence for unit in made.units}

    def summing(raw: Tensor, total: float) -> Tensor:
        return raw + (total - float(raw.sum())) / raw.numel()

    weighed = {number: summing(weights[i] * maps[number], evidence[number]) for i, number in enumerate(numbers)}
    best = [unit.number for unit in made.units[:most]]
    last = face.passes.last  # (1, C, h, w)
    beyond = torch.einsum("c,chw->hw", left, last[0]) / (last.shape[-2] * last.shape[-1])
    beyond = summing(beyond, made.beyond)
    rest = torch.stack([weighed[number] for number in numbers if number not in best]).sum(0)
    return [*((number, weighed[number]) for number in best), ("rest", rest), ("beyond", beyond)]
