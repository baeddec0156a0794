"""Maps at a layer before the last: sharper, and one backward pass a class from there on.

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
from typing import Any

import torch
from torch import Tensor

from cfer.model import FaceModel

RULES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "Grad-CAM": lambda a, g: (g.mean((-2, -1), keepdim=True) * a).sum(1),
        "HiResCAM": lambda a, g: (g * a).sum(1),
        "LayerCAM": lambda a, g: (g.clamp(min=0) * a).sum(1),
    }
)
"""From a layer's output and gradient (B, C, h, w) to maps (B, h, w)."""


def layer_maps(model: FaceModel, x: Tensor, names: Sequence[str], layer: str, rule: str = "Grad-CAM") -> Tensor:
    """Raw, signed maps (B, len(names), h, w) of some classes at a layer inside the backbone.

    Args:
        model: See `layer_gradients`.
        x: (B, 3, S, S), preprocessed.
        names: Classes of the model.
        layer: Name of a module of the backbone whose output is (B, C, h, w), such as "blocks.5".
        rule: One of `RULES`.

    Raises:
        KeyError: The model has no such class, layer or rule.
    """
    if rule not in RULES:
        raise KeyError(f"There is no {rule!r} here; there are {', '.join(RULES)}.")
    output, gradients = layer_gradients(model, x, names, layer)
    return torch.stack([RULES[rule](output, gradient) for gradient in gradients], 1)


def layer_gradients(
    model: FaceModel,
    x: Tensor,
    names: Sequence[str],
    layer: str,
    points: Callable[[Tensor], Tensor] | None = None,
) -> tuple[Tensor, Tensor]:
    """A layer's output (B, C, h, w), and gradients (len(names), P, C, h, w) of classes' scores by what it hands on.

    A score is a class's logit less the mean logit. One forward pass, and one backward pass a class from the layer on.
    The model is left as it was: modes are put back, parameters get no gradients, the hook is taken out.

    Args:
        model: Backbone and head.
        x: (B, 3, S, S), preprocessed.
        names: Classes of the model; none for the output alone.
        layer: Name of a module of the backbone whose output is (B, C, h, w), such as "blocks.5".
        points: From the output to what the layer hands on in its place (P, C, h, w): at these points the gradients are
            taken. By default at the output itself.

    Raises:
        KeyError: The model has no such class or layer.
    """
    modules = dict(model.backbone.named_modules())
    for wanted, there in ((layer, modules), *((name, model.classes) for name in names)):
        if wanted not in there:
            raise KeyError(f"There is no {wanted!r} here; there are {', '.join(list(there)[:40])}.")
    kept: list[Tensor] = []

    def hand_on(module: Any, inputs: Any, output: Tensor) -> Tensor:
        output = output.detach()
        kept[:] = [output, (points(output) if points else output.clone()).requires_grad_()]
        return kept[1]

    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    handle = modules[layer].register_forward_hook(hand_on)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            logits = model(x.clone())  # (P, K)
            scores = logits - logits.mean(1, keepdim=True)
            targets = [scores[:, model.classes.index(name)].sum() for name in names]
            found = [torch.autograd.grad(target, kept[1], retain_graph=True)[0] for target in targets]
    finally:
        handle.remove()
        for module, training in modes:
            module.training = training
    output, handed = kept
    return output, torch.stack(found) if found else handed.new_empty(0, *handed.shape)
