"""Other people's saliency methods on our models, through pytorch-grad-cam, and plain occlusion.

The library leaves its model in evaluation mode, zeroes gradients, keeps hooks and cannot look at frozen weights, so it
is given a copy. Its maps are scaled to 0..1 picture by picture and cannot be compared between classes; ours can.
"""

import contextlib
import copy
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from cfer.explain.faithful import blurred, scores
from cfer.model import FaceModel

LIBRARY: Mapping[str, str] = MappingProxyType(
    {
        "Grad-CAM++": "GradCAMPlusPlus",
        "XGrad-CAM": "XGradCAM",
        "LayerCAM": "LayerCAM",
        "HiResCAM": "HiResCAM",
        "FinerCAM": "FinerCAM",
        "Score-CAM": "ScoreCAM",
        "Ablation-CAM": "AblationCAM",
    }
)
"""Methods and the library's names for them."""


def batched(pictures: Sequence[Tensor], size: int) -> list[list[Tensor]]:
    """Slices of at most so many."""
    return [list(pictures[i : i + size]) for i in range(0, len(pictures), size)]


def library_maps(model: FaceModel, x: Tensor, names: Sequence[str], method: str, layer: str = "bn2") -> Tensor:
    """Maps (len(names), S, S) in 0..1 of one picture (1, 3, S, S) by a method of pytorch-grad-cam.

    The score is a class's logit less the mean logit; FinerCAM's is its own, against the three nearest classes.

    Args:
        model: Left alone.
        x: Preprocessed.
        names: Classes of the model.
        method: A key of `LIBRARY`.
        layer: A module of the backbone.
    """
    import pytorch_grad_cam as library

    found = []
    with torch.inference_mode(False), torch.enable_grad():
        own = copy.deepcopy(model).eval().requires_grad_(True)
        target = dict(own.backbone.named_modules())[layer]
        with getattr(library, LIBRARY[method])(model=own, target_layers=[target]) as extractor:
            for name in names:
                number = model.classes.index(name)
                given: dict[str, Any] = {"target_idx": number}
                if method != "FinerCAM":
                    given = {"targets": [lambda logits, k=number: logits[k] - logits.mean()]}
                with contextlib.redirect_stderr(io.StringIO()):  # progress bars
                    found.append(torch.from_numpy(extractor(x.clone(), **given)[0]))
    return torch.stack(found)


@torch.no_grad()
def occlusion_maps(model: FaceModel, x: Tensor, names: Sequence[str], window: int = 16, stride: int = 8) -> Tensor:
    """What blurring a window costs each class: maps (len(names), h, w) of one picture (1, 3, S, S), in logit units.

    After Zeiler & Fergus, ECCV 2014, with blur for grey: a grey square is evidence of its own. The model must be in
    evaluation mode.
    """
    starts = range(0, x.shape[-1] - window + 1, stride)
    soft, pictures = blurred(x), []
    for top in starts:
        for left in starts:
            picture = x.clone()
            place = (..., slice(top, top + window), slice(left, left + window))
            picture[place] = soft[place]
            pictures.append(picture)
    lost = scores(model, x) - torch.cat([scores(model, torch.cat(part)) for part in batched(pictures, 64)])  # (P, K)
    side = len(starts)
    return lost[:, [model.classes.index(name) for name in names]].T.reshape(-1, side, side)
