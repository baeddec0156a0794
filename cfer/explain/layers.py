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

    The model is left as it was: modes are put back, parameters get no gradients, the hook is taken out.

    Args:
        model: Backbone and head.
        x: (B, 3, S, S), preprocessed.
        names: Classes of the model.
        layer: Name of a module of the backbone whose output is (B, C, h, w), such as "blocks.5".
        rule: One of `RULES`.

    Raises:
        KeyError: The model has no such class, layer or rule.
    """
    modules = dict(model.backbone.named_modules())
    for wanted, there in ((layer, modules), (rule, RULES), *((name, model.classes) for name in names)):
        if wanted not in there:
            raise KeyError(f"There is no {wanted!r} here; there are {', '.join(list(there)[:40])}.")
    kept: list[Tensor] = []

    def cut(module: Any, inputs: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1]

    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    handle = modules[layer].register_forward_hook(cut)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            logits = model(x.clone())
            scores = logits - logits.mean(1, keepdim=True)  # (B, K)
            found = []
            for name in names:
                target = scores[:, model.classes.index(name)].sum()
                (gradient,) = torch.autograd.grad(target, kept[0], retain_graph=True)  # (B, C, h, w)
                found.append(RULES[rule](kept[0].detach(), gradient))
    finally:
        handle.remove()
        for module, training in modes:
            module.training = training
    return torch.stack(found, 1)
