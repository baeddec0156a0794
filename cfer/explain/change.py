"""What in a face, unlike in a neutral face, speaks for a class: the app's default maps.

A map of a whole face shows also what every face has. These maps share out what *changed*: the difference between a
class's score on this face and on the mean of neutral faces, aligned as every face is. With A a layer's output, A0 its
mean over neutral faces, and s_k a class's logit less the mean logit,

    map_k = sum_c (A_c - A0_c) mean_t ds_k/dA_c (A0 + t (A - A0))                  (h, w), in logit units, 0 < t < 1

which is integrated gradients (Sundararajan et al., ICML 2017, eq. 1) at a layer, by the midpoint rule, averaged over
the picture and its mirror image. It sums to s_k(A) - s_k(A0) but for the rule's error, and is linear in the scores: the
map of a difference of classes is the difference of their maps. The gradient at the face alone will not do, because a
class that is certain hardly moves there: a broad smile has next to no gradient for "happy".

`benchmarks/saliency.py` chose the layer and says how much nearer this is to what the face moved than other maps are.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.explain.layers import layer_gradients
from cfer.model import FaceModel

LAYER = "blocks.2"
STEPS = 4
"""Points on the way from the neutral face; twice as many change nothing that `benchmarks/saliency.py` measures."""


def has_layer(model: FaceModel) -> bool:
    """Whether a backbone has the layer that these maps need."""
    return LAYER in {name for name, _ in model.backbone.named_modules()}


@cache
def neutral_faces() -> tuple[np.ndarray, ...]:
    """Crops (S, S, 3) uint8 of neutral rendered faces that ship with the package; see `benchmarks/neutral.py`."""
    with as_file(files("cfer.explain").joinpath("assets/neutral.png")) as path, Image.open(path) as strip:
        row = np.asarray(strip.convert("RGB"))
    return tuple(np.split(row, row.shape[1] // row.shape[0], axis=1))


def mean_output(model: FaceModel, x: Tensor, layer: str = LAYER) -> Tensor:
    """Mean output (C, h, w) of a layer over pictures (B, 3, S, S) and their mirror images.

    Of neutral faces it is the baseline.
    """
    output, _ = layer_gradients(model, torch.cat([x, x.flip(-1)]), (), layer)
    return output.mean(0)


def evidence_beside(
    model: FaceModel, x: Tensor, names: Sequence[str], baseline: Tensor, layer: str = LAYER, steps: int = STEPS
) -> Tensor:
    """Signed evidence (B, len(names), h, w) for how pictures, as they stand, differ from a baseline; see the formula.

    Args:
        model: Left as it was.
        x: (B, 3, S, S), preprocessed.
        names: Classes of the model.
        baseline: (C, h, w); see `mean_output`.
        layer: Where evidence is sought.
        steps: Points at which the gradient is taken.

    Raises:
        KeyError: The model has no such class or layer.
    """

    def between(output: Tensor) -> Tensor:
        shares = (torch.arange(steps, device=output.device) + 0.5) / steps
        return (baseline + shares.view(-1, 1, 1, 1, 1) * (output - baseline)).flatten(0, 1)  # (steps * B, C, h, w)

    output, gradients = layer_gradients(model, x, names, layer, between)
    mean = gradients.unflatten(1, (steps, len(x))).mean(1)  # (K, B, C, h, w)
    return torch.einsum("kbchw,bchw->bkhw", mean, output - baseline)


def change_maps(
    model: FaceModel, x: Tensor, names: Sequence[str], baseline: Tensor, layer: str = LAYER, steps: int = STEPS
) -> Tensor:
    """Signed maps (B, len(names), h, w), in logit units: the mean of `evidence_beside` over mirror images.

    A mirrored picture has mirrored maps, if the baseline is as `mean_output` gives it.
    """
    found = evidence_beside(model, torch.cat([x, x.flip(-1)]), names, baseline, layer, steps)
    return (found[: len(x)] + found[len(x) :].flip(-1)) / 2
