"""Saliency methods by name, ours and other people's, behind one signature. Adding one is a function and a line.

pytorch-grad-cam leaves its model in evaluation mode, zeroes gradients, keeps hooks and cannot look at frozen weights,
so it is given a copy. Its maps are scaled to 0..1 picture by picture and cannot be compared between classes; ours can.
"""

import contextlib
import copy
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from cfer.explain.attribution import attribution_layer, change_maps, layer_baseline
from cfer.explain.faithfulness import blurred, scores
from cfer.explain.maps import class_maps
from cfer.network.face_model import FaceModel


@dataclass(frozen=True)
class Question:
    """What a method is asked: where in one picture the evidence for some classes lies.

    Attributes:
        model: In evaluation mode; no method changes it.
        x: One picture (1, 3, S, S), preprocessed.
        names: Classes of the model.
        neutral: Neutral faces (N, 3, S, S), preprocessed, for methods that start from them.
    """

    model: FaceModel
    x: Tensor
    names: Sequence[str]
    neutral: Tensor


def grad_cam(question: Question) -> Tensor:
    """Grad-CAM at the last layer, exact and signed, of all classes at once; see `cfer.explain.maps`."""
    found = class_maps(question.model, question.x)
    return torch.stack([found.of(name)[0] for name in question.names])


def integrated_gradients(question: Question) -> Tensor:
    """Integrated gradients at a layer, from neutral faces, signed; see `cfer.explain.attribution`.

    Raises:
        KeyError: The backbone cannot be divided at a layer.
    """
    layer = attribution_layer(question.model) or ""
    baseline = layer_baseline(question.model, question.neutral, layer)
    return change_maps(question.model, question.x, question.names, baseline, layer)[0]


def occlusion(question: Question, window: int = 16, stride: int = 8) -> Tensor:
    """What blurring a window costs each class, in logit units, the mean over the windows that cover a pixel (captum).

    After Zeiler & Fergus, ECCV 2014, with blur for grey: a grey square is evidence of its own.
    """
    from captum.attr import Occlusion  # it brings matplotlib

    method = Occlusion(lambda pictures: scores(question.model, pictures))
    places = [question.model.classes.index(name) for name in question.names]
    channels = question.x.shape[1]
    given: dict[str, Any] = {
        "sliding_window_shapes": (channels, window, window),
        "strides": (channels, stride, stride),
        "baselines": blurred(question.x),
        "perturbations_per_eval": 64,
    }
    return torch.stack([method.attribute(question.x, target=k, **given)[0, 0] for k in places])


def library_cam(question: Question, name: str, layer: str | None = None) -> Tensor:
    """Maps (len(names), S, S) in 0..1 by a class of pytorch-grad-cam, at the backbone's last layer or at another one.

    The score is a class's logit less the mean logit, raised so that it is 1 on the picture: Ablation-CAM divides by it
    and turns its map upside down where it is negative. FinerCAM's is its own, against the three nearest classes.
    """
    import pytorch_grad_cam as library

    found = []
    with torch.inference_mode(False), torch.enable_grad():
        own = copy.deepcopy(question.model).eval().requires_grad_(True)
        target = own.backbone.get_submodule(layer or last_module(own))
        extractor = getattr(library, name)(model=own, target_layers=[target])  # as a `with` it would hide an IndexError
        try:
            logits = question.model(question.x)[0].detach()
            for wanted in question.names:
                number = question.model.classes.index(wanted)
                given: dict[str, Any] = {"target_idx": number}
                if name != "FinerCAM":
                    score = partial(_raised_score, number=number, above=1 - float(logits[number] - logits.mean()))
                    given = {"targets": [score]}
                with contextlib.redirect_stderr(io.StringIO()):  # progress bars
                    found.append(torch.from_numpy(extractor(question.x.clone(), **given)[0]))
        finally:
            release = getattr(extractor, "activations_and_grads", None)
            if release is not None:
                release.release()
    return torch.stack(found)


def _raised_score(logits: Tensor, number: int, above: float) -> Tensor:
    return logits[number] - logits.mean() + above


def last_module(model: FaceModel) -> str:
    """Name of the backbone's last module before the pooling: of its chain of layers, or of its weights."""
    if model.layers:
        return list(model.layers)[-1]
    weighted = [name for name, part in model.backbone.named_modules() if isinstance(part, nn.Conv2d)]
    return weighted[-1]


@dataclass(frozen=True)
class SaliencyMethod:
    """A registered method.

    Attributes:
        explain: From a question to maps (len(names), h, w).
        source: Who published it.
        signed: Whether its maps are in logit units and signed, so that classes may be compared; others are in 0..1.
        slow: Whether it takes many passes a class.
    """

    explain: Callable[[Question], Tensor]
    source: str
    signed: bool = False
    slow: bool = False


METHODS: Mapping[str, SaliencyMethod] = MappingProxyType(
    {
        "Grad-CAM, last layer, all classes at once": SaliencyMethod(grad_cam, "Selvaraju et al., ICCV 2017", True),
        "integrated gradients from neutral": SaliencyMethod(
            integrated_gradients, "Sundararajan et al., ICML 2017", True
        ),
        "occlusion": SaliencyMethod(occlusion, "Zeiler & Fergus, ECCV 2014", True, slow=True),
        "Grad-CAM++": SaliencyMethod(
            partial(library_cam, name="GradCAMPlusPlus"), "Chattopadhyay et al., WACV 2018; pytorch-grad-cam"
        ),
        "XGrad-CAM": SaliencyMethod(partial(library_cam, name="XGradCAM"), "Fu et al., BMVC 2020; pytorch-grad-cam"),
        "HiResCAM": SaliencyMethod(
            partial(library_cam, name="HiResCAM"), "Draelos & Carin, arXiv 2011.08891; pytorch-grad-cam"
        ),
        "LayerCAM": SaliencyMethod(
            partial(library_cam, name="LayerCAM"), "Jiang et al., IEEE TIP 2021; pytorch-grad-cam"
        ),
        "FinerCAM": SaliencyMethod(partial(library_cam, name="FinerCAM"), "Zhang et al., CVPR 2025; pytorch-grad-cam"),
        "Score-CAM": SaliencyMethod(
            partial(library_cam, name="ScoreCAM"), "Wang et al., CVPR Workshops 2020; pytorch-grad-cam", slow=True
        ),
        "Ablation-CAM": SaliencyMethod(
            partial(library_cam, name="AblationCAM"), "Desai & Ramaswamy, WACV 2020; pytorch-grad-cam", slow=True
        ),
    }
)
"""All methods by name."""
