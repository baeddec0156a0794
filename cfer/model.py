"""A timm backbone and a linear head: features (B, C, h, w) -> pool (B, C) -> logits (B, K).

The forward pass can be divided at a layer, `until` it and `onwards` from there: whoever wants to look inside hooks
nothing and switches no mode, so that threads may share a model.
"""

import difflib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import timm
import torch
import torch.nn.functional as F
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from cfer.camera import CameraCorrection
from cfer.forks import mend_threads

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """How a face crop becomes the network's input; it travels with the weights.

    Attributes:
        input_px: Side of the network's square input.
        detail_px: Crops are first reduced to this side (never enlarged), the detail that the network was trained on.
        grey: Whether colour is dropped.
        mean: Subtracted from each channel's values in [0, 1].
        std: Each channel is divided by it, after the mean.
        camera: What is put right in crops of the camera in use; None where nothing is known of it.
    """

    input_px: int = 112
    detail_px: int = 48
    grey: bool = True
    mean: Triple = (0.5, 0.5, 0.5)
    std: Triple = (0.5, 0.5, 0.5)
    camera: CameraCorrection | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: A side is not between 8 and 2,048 pixels, or a deviation is not positive.
        """
        if not (8 <= self.input_px <= 2048 and 8 <= self.detail_px <= 2048):
            raise ValueError(f"Sides of {self.input_px} and {self.detail_px} pixels: both must be 8 to 2,048.")
        if min(self.std) <= 0:
            raise ValueError("Standard deviations of pixels must be positive.")

    def shrink(self, crop: np.ndarray) -> Tensor:
        """Bring a crop to the training detail.

        Args:
            crop: (H, W, 3) uint8, RGB.

        Returns:
            (1 or 3, d, d) float in [0, 1], one channel where colour is dropped.
        """
        pixels = torch.from_numpy(np.array(crop)).permute(2, 0, 1).float() / 255  # (3, H, W)
        if self.grey:
            weights = pixels.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # ITU-R BT.601 luma
            pixels = (pixels * weights).sum(0, keepdim=True)  # (1, H, W)
        if tuple(pixels.shape[-2:]) != (self.detail_px, self.detail_px):
            size = (self.detail_px, self.detail_px)
            pixels = F.interpolate(pixels[None], size=size, mode="bilinear", antialias=True, align_corners=False)[0]
        return pixels if self.camera is None else self.camera(pixels)

    @property
    def uncorrected(self) -> "Preprocessing":
        """The same for pictures that the camera in use did not take, such as rendered faces."""
        return replace(self, camera=None)

    def enlarge(self, shrunk: Tensor) -> Tensor:
        """Bring shrunk crops (B, 1 or 3, d, d) in [0, 1] to network input (B, 3, S, S), normalised."""
        size = (self.input_px, self.input_px)
        pixels = F.interpolate(shrunk, size=size, mode="bilinear", align_corners=False)
        return self.normalise(pixels)

    def normalise(self, pixels: Tensor) -> Tensor:
        """(B, 1 or 3, S, S) in [0, 1] -> (B, 3, S, S), mean and standard deviation of each channel removed."""
        mean, std = (pixels.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)

    def __call__(self, crops: Sequence[np.ndarray]) -> Tensor:
        """(H, W, 3) uint8 crops of any sizes -> (B, 3, S, S)."""
        return self.enlarge(torch.stack([self.shrink(crop) for crop in crops]))


@dataclass(frozen=True)
class BackboneConfig:
    """Which network, and how finely it looks.

    Attributes:
        name: A timm model name.
        output_stride: Input pixels per cell of the last feature map: 32, 16, 8 or 4, as the network can. Half of
            it gives maps four times as fine from the same weights (dilated convolutions).
        padding: timm's `pad_type` of networks that leave it open ("same" for weights that come from TensorFlow); empty
            for the network's own.
    """

    name: str = "tf_efficientnet_lite0"
    output_stride: int = 32
    padding: str = ""

    def __post_init__(self) -> None:
        """Check the stride.

        Raises:
            ValueError: It is no power of two from 4 to 32.
        """
        if self.output_stride not in (4, 8, 16, 32):
            raise ValueError(f"An output stride of {self.output_stride}: it must be 32, 16, 8 or 4.")

    def build(self) -> Any:
        """The timm network with fresh weights, without head and pooling; the global random state is put back.

        Raises:
            ValueError: timm knows no network of this name.
        """
        self._check_name()
        extra: dict[str, Any] = {} if self.output_stride == 32 else {"output_stride": self.output_stride}
        extra |= {"pad_type": self.padding} if self.padding else {}
        return timm.create_model(self.name, pretrained=False, num_classes=0, global_pool="", **extra)

    def size(self) -> int:
        """Bytes of the network's weights in 32 bits, found without taking memory for them.

        Raises:
            ValueError: timm knows no network of this name.
        """
        with torch.device("meta"):
            return sum(4 * p.numel() for p in self.build().parameters())

    def _check_name(self) -> None:
        if not timm.is_model(self.name):
            near = difflib.get_close_matches(self.name, timm.list_models(), 3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ", such as tf_efficientnet_lite0."
            raise ValueError(f"timm knows no network {self.name!r}{hint}")

    def statistics(self) -> tuple[Triple, Triple]:
        """Mean and standard deviation of the pixels that timm's weights of this network were trained with.

        Raises:
            ValueError: timm knows no network of this name.
        """
        self._check_name()
        with torch.random.fork_rng(devices=[]):
            found = resolve_model_data_config(timm.create_model(self.name, pretrained=False, num_classes=0))
        return tuple(found["mean"]), tuple(found["std"])


class FaceModel(nn.Module):
    """Backbone and linear heads, with the feature map and the pooled features within reach.

    Attributes:
        config: The backbone's name and stride.
        classes: Names of the classes, in the order of the logits.
        action_units: FACS numbers of the units that are read off the same pooled features; empty for none.
        backbone: The timm network; it must be convolutional, with a last map (B, C, h, w).
        layers: Names of the modules that the backbone runs one after the other, with the input pixels a cell of each
            one's output; empty where the backbone is no such chain.
    """

    backbone: Any  # timm's models share methods that nn.Module does not declare
    head: Any  # linear here; maps are exact for any differentiable head on pooled features
    units: nn.Linear | None

    def __init__(
        self, config: BackboneConfig, classes: tuple[str, ...], seed: int = 0, action_units: tuple[int, ...] = ()
    ) -> None:
        """Build with fresh weights drawn from the seed; no network is asked and no global state is touched."""
        super().__init__()
        if not classes:
            raise ValueError("A model needs at least one class.")
        self.config, self.classes, self.action_units = config, classes, action_units
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = config.build()
            self.backbone = network
            self.head = nn.Linear(network.num_features, len(classes))
            self.units = nn.Linear(network.num_features, len(action_units)) if action_units else None
            self.float()  # whatever the caller's default type is
            self.layers: Mapping[str, int] = chain_of(network)
        nn.init.zeros_(self.head.bias)

    @property
    def num_features(self) -> int:
        """Length C of the pooled features."""
        return self.head.in_features

    def features(self, x: Tensor) -> Tensor:
        """(B, 3, S, S) -> last feature map (B, C, h, w)."""
        return self.backbone.forward_features(x)

    def until(self, x: Tensor, layer: str) -> Tensor:
        """Go as far as a layer: (B, 3, S, S) -> its output (B, c, h', w').

        Raises:
            KeyError: The backbone is no chain of layers, or has none of this name.
        """
        return self._run(x, list(self.layers)[: self._place(layer) + 1])

    def onwards(self, output: Tensor, layer: str) -> Tensor:
        """Go on from a layer's output (B, c, h', w') to the last feature map (B, C, h, w).

        Raises:
            KeyError: See `until`.
        """
        return self._run(output, list(self.layers)[self._place(layer) + 1 :])

    def _place(self, layer: str) -> int:
        if layer not in self.layers:
            raise KeyError(
                f"There is no {layer!r} here; there are {', '.join(self.layers) or 'no layers to divide at'}."
            )
        return list(self.layers).index(layer)

    def _run(self, x: Tensor, layers: Sequence[str]) -> Tensor:
        for name in layers:
            x = self.backbone.get_submodule(name)(x)
        return x

    def pool(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C), the average."""
        return maps.mean((-2, -1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, S, S) -> logits (B, K)."""
        return self.head(self.pool(self.features(x)))

    def with_head(self, classes: tuple[str, ...], weight: Tensor, bias: Tensor) -> "FaceModel":
        """A model that shares all but the head, which is linear: weight (K, C) and bias (K,)."""
        other = self._sharing(classes, self.action_units)
        other.head, other.units = _linear(weight, bias, self.head), self.units
        return other

    def with_units(self, action_units: tuple[int, ...], weight: Tensor, bias: Tensor) -> "FaceModel":
        """A model that shares all but the readout of action units: weight (U, C) and bias (U,)."""
        other = self._sharing(self.classes, action_units)
        other.head, other.units = self.head, _linear(weight, bias, self.head)
        return other

    def _sharing(self, classes: tuple[str, ...], action_units: tuple[int, ...]) -> "FaceModel":
        other = FaceModel.__new__(FaceModel)
        nn.Module.__init__(other)
        other.config, other.backbone, other.layers = self.config, self.backbone, self.layers
        other.classes, other.action_units = classes, action_units
        other.training = self.training
        return other

    def with_stride(self, output_stride: int) -> "FaceModel":
        """The same weights at another output stride.

        Raises:
            ValueError: The backbone has no such stride.
        """
        try:
            config = replace(self.config, output_stride=output_stride)
            other = FaceModel(config, self.classes, action_units=self.action_units)
        except (TypeError, NotImplementedError, AssertionError) as error:  # timm's ways of saying no
            raise ValueError(f"{self.config.name} cannot look at stride {output_stride}.") from error
        other.load_state_dict(self.state_dict(), strict=True)
        return other.train(self.training)


def _linear(weight: Tensor, bias: Tensor, like: nn.Module) -> nn.Linear:
    """A linear head of given numbers, in the mode of another and trained if that is."""
    head = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0], dtype=torch.float32)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
    head.requires_grad_(any(p.requires_grad for p in like.parameters()))
    return head.train(like.training)


@torch.no_grad()
def check_convolutional(model: FaceModel, input_px: int) -> None:
    """See that a network ends in a map of as many channels as it has features.

    Raises:
        ValueError: It does not, as transformers do not.
    """
    with evaluating(model):
        try:
            shape = tuple(model.features(torch.zeros(1, 3, input_px, input_px, dtype=torch.float32)).shape)
        except _NOT_A_CHAIN:
            shape = ()
    if len(shape) != 4 or shape[1] != model.num_features or min(shape[2:]) < 2:
        raise ValueError(
            f"{model.config.name} does not end in a map of features at {input_px} pixels, so nothing could be shown of "
            "it. Choose a convolutional network, such as tf_efficientnet_lite0, mobilenetv3_large_100 or resnet18."
        )


_PROBE = 64
"""Side of the picture that a network's layers are tried with."""
_NOT_A_CHAIN = (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError, AssertionError)


@torch.no_grad()
def chain_of(network: Any) -> Mapping[str, int]:
    """Find the modules whose outputs follow one from the other up to a timm network's last feature map.

    Sequences of stages are taken apart one level deep. The chain is not taken on trust: it is run beside the network's
    own forward pass, and a network with another way from picture to map has none.

    Returns:
        Their names in order, with the input pixels a cell of each one's output.
    """
    x = torch.linspace(-1, 1, 3 * _PROBE * _PROBE, dtype=torch.float32).reshape(1, 3, _PROBE, _PROBE)
    found: dict[str, int] = {}
    with evaluating(network):
        try:
            wanted = network.forward_features(x)
            for name, module in network.named_children():
                stages = [f"{name}.{i}" for i in range(len(module))] if isinstance(module, nn.Sequential) else []
                for stage in stages or [name]:
                    x = network.get_submodule(stage)(x)
                    found[stage] = round(_PROBE / x.shape[-1])
                if x.shape == wanted.shape and torch.allclose(x, wanted, atol=1e-5, rtol=1e-4):
                    return found
        except _NOT_A_CHAIN:
            return {}
    return {}


@contextmanager
def plain_numerics() -> Generator[None]:
    """Compute as if nothing were switched on around: no inference mode (its tensors know no gradients), no autocast."""
    mend_threads()
    with torch.inference_mode(False), torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
        yield


@contextmanager
def evaluating(module: nn.Module) -> Generator[nn.Module]:
    """Put a module that nobody else uses into evaluation mode for a while; every part's mode is put back."""
    modes = {part: part.training for part in module.modules()}
    try:
        yield module.eval()
    finally:
        for part, training in modes.items():
            part.training = training
