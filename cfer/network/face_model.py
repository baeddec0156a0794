"""A timm backbone and linear heads: features (B, C, h, w) -> pool (B, C) -> logits (B, K).

The forward pass can be divided at a layer, `until` it and `onwards` from there: whoever wants to look inside hooks
nothing and switches no mode, so that threads may share a model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from cfer.network.backbone import NOT_A_CHAIN, BackboneConfig, chain_of
from cfer.network.modes import evaluating


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
        except NOT_A_CHAIN:
            shape = ()
    if len(shape) != 4 or shape[1] != model.num_features or min(shape[2:]) < 2:
        raise ValueError(
            f"{model.config.name} does not end in a map of features at {input_px} pixels, so nothing could be shown of "
            "it. Choose a convolutional network, such as tf_efficientnet_lite0, mobilenetv3_large_100 or resnet18."
        )
