"""timm backbones: which network, how finely it looks, and the chain of layers at which it can be divided."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.data import resolve_model_data_config
from torch import nn

from cfer.network.modes import evaluating
from cfer.network.preprocessing import Triple


@dataclass(frozen=True)
class BackboneConfig:
    """Settings of the network: which one, and how finely it looks.

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


_PROBE = 64
"""Side of the picture that a network's layers are tried with."""
NOT_A_CHAIN = (RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError, AssertionError)
"""What a network raises that is not run as its layers suggest."""


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
        except NOT_A_CHAIN:
            return {}
    return {}
