"""Class activation maps at a layer before the last: sharper, and one backward pass a class from there on.

At the last map every channel's weight is the same everywhere and all classes' maps come at once (`maps`). Before it the
network goes on mixing places, so the gradient is taken at the layer itself:

    Grad-CAM   sum_c mean_ij(g_c,ij) A_c      (Selvaraju et al., ICCV 2017, eq. 1-2)
    HiResCAM   sum_c g_c A_c                  (Draelos & Carin, arXiv 2011.08891, eq. 6)
    LayerCAM   sum_c max(g_c, 0) A_c          (Jiang et al., IEEE TIP 2021, eq. 4)

with g the gradient of a class's logit less the mean logit by the layer's output A: what speaks for this class rather
than for all. At the last layer the first two are `maps.class_maps` of a head whose rows have mean 0.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from cfer.explain.maps import scores_of
from cfer.network.face_model import FaceModel

RULES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "Grad-CAM": lambda a, g: (g.mean((-2, -1), keepdim=True) * a).sum(1),
        "HiResCAM": lambda a, g: (g * a).sum(1),
        "LayerCAM": lambda a, g: (g.clamp(min=0) * a).sum(1),
    }
)
"""From a layer's output and gradient (B, c, h, w) to maps (B, h, w)."""


def layer_maps(model: FaceModel, x: Tensor, names: Sequence[str], layer: str, rule: str = "Grad-CAM") -> Tensor:
    """Raw, signed maps (B, len(names), h, w) of some classes at a layer inside the backbone.

    Args:
        model: In evaluation mode; left as it is.
        x: (B, 3, S, S), preprocessed.
        names: Classes of the model.
        layer: A name in `FaceModel.layers`.
        rule: One of `RULES`.

    Raises:
        KeyError: The model has no such class, layer or rule.
    """
    if rule not in RULES:
        raise KeyError(f"There is no {rule!r} here; there are {', '.join(RULES)}.")
    output, gradients = layer_gradients(model, x, names, layer)
    return torch.stack([RULES[rule](output, gradient) for gradient in gradients], 1)


def layer_gradients(model: FaceModel, x: Tensor, names: Sequence[str], layer: str) -> tuple[Tensor, Tensor]:
    """A layer's output (B, c, h, w), and gradients (len(names), B, c, h, w) of classes' scores by it.

    A score is a class's logit less the mean logit. One forward pass, and one backward pass a class from the layer on.

    Raises:
        KeyError: The model has no such class or layer.
    """
    if strange := [name for name in names if name not in model.classes]:
        raise KeyError(f"There is no {strange[0]!r} here; there are {', '.join(model.classes)}.")
    with torch.no_grad():
        output = model.until(x, layer)
    with torch.inference_mode(False), torch.enable_grad():
        point = output.clone().requires_grad_()
        scores = scores_of(model, model.onwards(point, layer))  # (B, K)
        targets = [scores[:, model.classes.index(name)].sum() for name in names]
        found = [torch.autograd.grad(target, point, retain_graph=True)[0] for target in targets]
    return output, torch.stack(found) if found else output.new_empty(0, *output.shape)
