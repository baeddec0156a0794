"""Which maps can be shown, by name, and what is known of how right each kind is."""

import copy
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.app.server.zero_gpu import is_lent, lent_gpu
from cfer.app.texts import Speech
from cfer.explain.attribution import neutral_faces
from cfer.explain.methods import METHODS, Question
from cfer.explain.report import MapKind
from cfer.network.face_model import FaceModel
from cfer.reading.reader import FaceReading, Reader

CHANGE, WHOLE, RIVALS = "change", "whole", "rivals"
OWN = (CHANGE, WHOLE, RIVALS)
LIBRARY = tuple(name for name, method in METHODS.items() if not method.signed and not method.slow)
"""pytorch-grad-cam's methods that answer while somebody waits; the slow ones are on the command line's side."""
CELLS = 32
"""Sides of a finer map are reduced to this: it is drawn with smooth steps anyway."""


def choices(reader: Reader, say: Speech) -> list[tuple[str, str]]:
    """Names of the kinds of maps that a model allows, and their keys."""
    own = [view for view in OWN if view != CHANGE or MapKind.INTEGRATED_GRADIENTS in reader.kinds]
    return [(say(f"method_{view}"), view) for view in own] + [(name, name) for name in LIBRARY]


def raw_maps(reader: Reader, face: FaceReading, names: Sequence[str], view: str) -> list[Tensor]:
    """Maps (h, w) of some classes of one kind."""
    if view == RIVALS:
        return [face.maps.log_odds(name)[0] for name in names]
    if view in LIBRARY:
        checkpoint = reader.checkpoint
        neutral = checkpoint.preprocessing.uncorrected(neutral_faces())
        found = _library_maps(view, checkpoint.model, face.passes.x, tuple(names), neutral)
        return list(F.adaptive_avg_pool2d(found[None], CELLS)[0] if found.shape[-1] > CELLS else found)
    kind = MapKind.INTEGRATED_GRADIENTS if view == CHANGE else MapKind.GRAD_CAM
    return list(face.maps_by(kind, names).maps[0])


@lent_gpu
def _library_maps(view: str, model: FaceModel, x: Tensor, names: tuple[str, ...], neutral: Tensor) -> Tensor:
    """Maps (K, h, w) by one of pytorch-grad-cam's methods, on a GPU where one is lent."""
    if not (is_lent() and torch.cuda.is_available()):
        return METHODS[view].explain(Question(model, x, names, neutral))
    lent = copy.deepcopy(model).to("cuda")
    return METHODS[view].explain(Question(lent, x.to("cuda"), names, neutral.to("cuda"))).cpu()


def kind_of(view: str) -> MapKind:
    """Under which kind a view's regions are reported."""
    return MapKind.INTEGRATED_GRADIENTS if view == CHANGE else MapKind.GRAD_CAM


@cache
def _measured() -> dict[str, dict[str, list[float]]]:
    return json.loads(files("cfer.app").joinpath("assets/methods.json").read_text(encoding="utf-8"))


def judged(view: str, say: Speech) -> str:
    """What `benchmarks/saliency.py` found about a kind of maps, and whose method it is where it is another's."""
    known = _measured().get(view)
    said = say("method_unknown")
    if known is not None:
        value, low, high = (f"{v:.2f}" for v in known["ratio"])
        said = say("method_known", ratio=value, low=low, high=high, mean=f"{known['mean_map'][0]:.2f}")
    return f"{view}: {METHODS[view].source}. {said} {say('method_scaled')}" if view in LIBRARY else said


@torch.no_grad()
def unit_parts(reader: Reader, face: FaceReading, name: str, most: int = 4) -> list[tuple[int | str, Tensor]]:
    """The whole-face map of a class taken apart: its strongest units' maps by their weights, the others', what is left.

    Returns:
        Unit numbers, "rest" and "beyond", each with its map (h, w); they add up to the class's map.
    """
    composed, maps = reader.by_units, face.unit_maps
    made = face.composition(name)
    if composed is None or not maps or made is None:
        return []
    place = reader.names.index(name)
    numbers = list(maps)
    weighed = {number: composed.weights[place, i] * maps[number] for i, number in enumerate(numbers)}
    best = [unit.number for unit in made.units[:most]]
    last = face.passes.last  # (1, C, h, w)
    beyond = torch.einsum("c,chw->hw", composed.left[place], last[0]) / (last.shape[-2] * last.shape[-1])
    rest = torch.stack([weighed[number] for number in numbers if number not in best]).sum(0)
    return [*((number, weighed[number]) for number in best), ("rest", rest), ("beyond", beyond)]
