"""Integrated gradients at a layer, from neutral faces: what in a face, unlike in a neutral one, speaks for a class.

A map of a whole face shows also what every face has. These maps share out what *changed*: the difference between a
class's score on this face and on the mean of neutral faces, aligned as every face is. With A a layer's output, A0 its
mean over neutral faces, and s_k a class's logit less the mean logit,

    map_k = sum_c (A_c - A0_c) mean_t ds_k/dA_c (A0 + t (A - A0))                  (h, w), in logit units, 0 < t < 1

which is integrated gradients (Sundararajan et al., ICML 2017, eq. 1) at a layer, by the midpoint rule, averaged over
the picture and its mirror image. It sums to s_k(A) - s_k(A0) but for the rule's error, and is linear in the scores: the
map of a difference of classes is the difference of their maps. The gradient at the face alone will not do, because a
class that is certain hardly moves there: a broad smile has next to no gradient for "happy".

Only the part of the network that comes after the layer is run, so nothing has to be hooked; all classes share its pass
forwards. captum, which makes one a class, gives the same maps (a test). The layer was chosen by
`benchmarks/explanations/saliency.py`, which says how much nearer this is to what the face moved than other maps are.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.explain.maps import scores_of
from cfer.network.face_model import FaceModel

FINEST = 8
"""Input pixels a cell at the layer where evidence is sought: the last layer that looks as finely as this."""
STEPS = 5
"""Points on the way from the neutral face, so few that the maps come fast; see the error in `docs/explanations.md`."""


def attribution_layer(model: FaceModel) -> str | None:
    """The layer at which evidence is sought, by its depth; None for a backbone that cannot be divided."""
    fine = [name for name, stride in model.layers.items() if stride <= FINEST]
    return fine[-1] if fine else None


@cache
def neutral_faces() -> tuple[np.ndarray, ...]:
    """Crops (S, S, 3) uint8 of neutral rendered faces of the package (`benchmarks/explanations/neutral.py`)."""
    with as_file(files("cfer.explain").joinpath("assets/neutral.png")) as path, Image.open(path) as strip:
        row = np.asarray(strip.convert("RGB"))
    return tuple(np.split(row, row.shape[1] // row.shape[0], axis=1))


@torch.no_grad()
def layer_baseline(model: FaceModel, x: Tensor, layer: str) -> Tensor:
    """Mean output (c, h, w) of a layer over pictures (B, 3, S, S) and their mirror images."""
    return model.until(torch.cat([x, x.flip(-1)]), layer).mean(0)


def layer_integrated_gradients(
    model: FaceModel, output: Tensor, names: Sequence[str], baseline: Tensor, layer: str, steps: int = STEPS
) -> Tensor:
    """Signed maps (B, len(names), h, w) of what sets a layer's output apart from a baseline; see the formula.

    One pass forwards for all classes and one back for each, from the layer on.

    Args:
        model: In evaluation mode; left as it is.
        output: The layer's (B, c, h, w), from `FaceModel.until`.
        names: Classes of the model.
        baseline: (c, h, w) or (B, c, h, w); see `layer_baseline`.
        layer: A name in `FaceModel.layers`.
        steps: Points at which the gradient is taken.

    Raises:
        KeyError: The model has no such class or layer.
    """
    targets = [model.classes.index(name) if name in model.classes else _unknown(model, name) for name in names]
    with torch.inference_mode(False), torch.enable_grad():
        away = output.clone() - baseline  # (B, c, h, w); a clone of what inference mode made can be differentiated
        shares = (torch.arange(steps, dtype=away.dtype, device=away.device) + 0.5) / steps  # midpoints
        points = (baseline + shares.view(-1, 1, 1, 1, 1) * away).flatten(0, 1).requires_grad_()  # (steps B, c, h, w)
        scores = scores_of(model, model.onwards(points, layer)).sum(0)  # (K,): points do not see each other
        slopes = (torch.autograd.grad(scores[k], points, retain_graph=True)[0] for k in targets)
        found = [(away * slope.unflatten(0, (steps, -1)).mean(0)).sum(1).detach() for slope in slopes]
    return torch.stack(found, 1)


def mirrored_gradients(
    model: FaceModel, pair: Tensor, names: Sequence[str], baseline: Tensor, layer: str, steps: int = STEPS
) -> Tensor:
    """Maps (B, len(names), h, w): the mean of `layer_integrated_gradients` over pictures and their mirror images.

    A mirrored picture has mirrored maps, if the baseline is as `layer_baseline` gives it.

    Args:
        model: See `layer_integrated_gradients`.
        pair: The layer's output (2 B, c, h, w) of the pictures, then of their mirror images in the same order.
        names: See `layer_integrated_gradients`.
        baseline: See `layer_integrated_gradients`.
        layer: See `layer_integrated_gradients`.
        steps: See `layer_integrated_gradients`.
    """
    found = layer_integrated_gradients(model, pair, names, baseline, layer, steps)
    straight, mirrored = found.chunk(2)
    return (straight + mirrored.flip(-1)) / 2


def change_maps(model: FaceModel, x: Tensor, names: Sequence[str], baseline: Tensor, layer: str) -> Tensor:
    """`mirrored_gradients` from pictures (B, 3, S, S), with the passes up to the layer."""
    with torch.no_grad():
        pair = model.until(torch.cat([x, x.flip(-1)]), layer)
    return mirrored_gradients(model, pair, names, baseline, layer)


def _unknown(model: FaceModel, name: str) -> int:
    raise KeyError(f"There is no {name!r} here; there are {', '.join(model.classes)}.")
