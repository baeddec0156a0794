"""Registry of saliency methods, ours and other people's, behind one signature. Adding one is a function and a line.

pytorch-grad-cam leaves its model in evaluation mode, zeroes gradients, keeps hooks and cannot look at frozen weights,
so it is given a copy. Its maps are scaled to 0..1 picture by picture and cannot be compared between classes; ours can.
"""

import contextlib
import copy
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from cfer.explain.attribution import attribution_layer, layer_baseline, mirrored_gradients
from cfer.explain.faithfulness import blurred, scores
from cfer.explain.maps import ClassMaps, maps_of
from cfer.network.face_model import FaceModel

GRAD_CAM, INTEGRATED_GRADIENTS, LOG_ODDS, OCCLUSION = "grad_cam", "integrated_gradients", "log_odds", "occlusion"
"""Keys of this project's own methods in `METHODS`."""


class Question:
    """Question to a saliency method: where in one picture the evidence for some classes lies.

    Attributes:
        model: In evaluation mode; no method changes it.
        x: One picture (1, 3, S, S), preprocessed.
        names: Classes of the model.
    """

    def __init__(self, model: FaceModel, x: Tensor, names: Sequence[str], neutral: Tensor) -> None:
        """Ask; nothing is computed yet. `neutral` are faces (N, 3, S, S), for methods that start from them."""
        self.model, self.x, self.names, self._neutral = model, x, tuple(names), neutral

    @property
    @torch.no_grad()
    def last(self) -> Tensor:
        """The last feature map (1, C, h, w) of the picture."""
        return self.model.features(self.x)

    @property
    @torch.no_grad()
    def pair(self) -> Tensor:
        """Outputs (2, c, h', w') at the layer for attribution, of the picture and of its mirror image."""
        return self.model.until(torch.cat([self.x, self.x.flip(-1)]), self.layer)

    @property
    def maps(self) -> ClassMaps:
        """Grad-CAM maps of all classes at the last layer."""
        return maps_of(self.model, self.last)

    @property
    def baseline(self) -> Tensor:
        """Outputs (c, h', w') of the backbone at that layer for neutral faces."""
        return layer_baseline(self.model, self._neutral, self.layer)

    @property
    def layer(self) -> str:
        """The layer for attribution.

        Raises:
            KeyError: The backbone cannot be divided at a layer.
        """
        found = attribution_layer(self.model)
        if found is None:
            raise KeyError("This backbone cannot be divided at a layer.")
        return found


def grad_cam(question: Question) -> Tensor:
    """Grad-CAM at the last layer, exact and signed, of all classes at once; see `cfer.explain.maps`."""
    maps = question.maps
    return torch.stack([maps.of(name)[0] for name in question.names])


def log_odds(question: Question) -> Tensor:
    """Grad-CAM of a class against the others by how likely they are here; see `ClassMaps.log_odds`."""
    maps = question.maps
    return torch.stack([maps.log_odds(name)[0] for name in question.names])


def integrated_gradients(question: Question) -> Tensor:
    """Integrated gradients at a layer, from neutral faces, signed; see `cfer.explain.attribution`.

    Raises:
        KeyError: The backbone cannot be divided at a layer.
    """
    return mirrored_gradients(question.model, question.pair, question.names, question.baseline, question.layer)[0]


def occlusion(question: Question, window: int = 16, stride: int = 8) -> Tensor:
    """Cost to each class of blurring a window, in logit units, the mean over the windows that cover a pixel (captum).

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


class Cost(StrEnum):
    """Cost of a method beside reading the face."""

    NOTHING = "nothing"  # read off the pass that answered
    SEVERAL = "several passes"
    SLOW = "many passes a class"


@dataclass(frozen=True)
class SaliencyMethod:
    """A registered method.

    Attributes:
        title: Its name for people.
        explain: From a question to maps (len(names), h, w).
        source: Who published it.
        cost: How dear it is.
        signed: Whether its maps are in logit units and signed, so that classes may be compared; others are in 0..1.
        needs_layers: Whether the backbone has to be divided at a layer.
    """

    title: str
    explain: Callable[[Question], Tensor]
    source: str
    cost: Cost = Cost.SEVERAL
    signed: bool = False
    needs_layers: bool = False


def _library(name: str, title: str, source: str, cost: Cost = Cost.SEVERAL) -> SaliencyMethod:
    return SaliencyMethod(title, partial(library_cam, name=name), f"{source}; pytorch-grad-cam", cost)


METHODS: Mapping[str, SaliencyMethod] = MappingProxyType(
    {
        INTEGRATED_GRADIENTS: SaliencyMethod(
            "Integrated gradients from neutral faces",
            integrated_gradients,
            "Sundararajan et al., ICML 2017",
            signed=True,
            needs_layers=True,
        ),
        GRAD_CAM: SaliencyMethod(
            "Grad-CAM, last layer, all classes at once",
            grad_cam,
            "Selvaraju et al., ICCV 2017",
            Cost.NOTHING,
            signed=True,
        ),
        LOG_ODDS: SaliencyMethod(
            "Grad-CAM against the rivals here", log_odds, "this project", Cost.NOTHING, signed=True
        ),
        OCCLUSION: SaliencyMethod("occlusion", occlusion, "Zeiler & Fergus, ECCV 2014", Cost.SLOW, signed=True),
        "grad_cam_plus_plus": _library("GradCAMPlusPlus", "Grad-CAM++", "Chattopadhyay et al., WACV 2018"),
        "xgrad_cam": _library("XGradCAM", "XGrad-CAM", "Fu et al., BMVC 2020"),
        "hires_cam": _library("HiResCAM", "HiResCAM", "Draelos & Carin, arXiv 2011.08891"),
        "layer_cam": _library("LayerCAM", "LayerCAM", "Jiang et al., IEEE TIP 2021"),
        "finer_cam": _library("FinerCAM", "FinerCAM", "Zhang et al., CVPR 2025"),
        "score_cam": _library("ScoreCAM", "Score-CAM", "Wang et al., CVPR Workshops 2020", Cost.SLOW),
        "ablation_cam": _library("AblationCAM", "Ablation-CAM", "Desai & Ramaswamy, WACV 2020", Cost.SLOW),
    }
)
"""All methods by their key, which every door takes: `face.explain`, `cfer explain --method`, the page, benchmarks."""
