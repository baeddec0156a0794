"""Landmarks (brows, eyes, nose and mouth) in a crop, read off the model's own pooled features.

A linear reading of the 68 landmarks (iBUG 300-W order). The basic phase learns it beside action units, from rendered
faces and photographs; for a checkpoint that was trained without them `cfer measure` fits it to rendered faces.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from safetensors.torch import load, save
from torch import Tensor

COUNT = 68
FILE = "landmarks.safetensors"
"""Name among the files that a checkpoint keeps under measured/."""


@dataclass(frozen=True)
class LandmarkReadout:
    """A linear reading of features.

    Attributes:
        weight: (136, C).
        bias: (136,).
    """

    weight: Tensor
    bias: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Columns and rows (N, 68, 2) from features (N, C), -1 to 1 over the crop."""
        return F.linear(features, self.weight, self.bias).unflatten(1, (COUNT, 2))

    def to_bytes(self) -> bytes:
        """One safetensors file, in half precision."""
        return save({"weight": self.weight.half().contiguous(), "bias": self.bias.contiguous()})

    @staticmethod
    def from_bytes(data: bytes) -> "LandmarkReadout":
        """Read what `to_bytes` gave.

        Raises:
            KeyError: Something is missing.
        """
        tensors = load(data)
        return LandmarkReadout(tensors["weight"].float(), tensors["bias"])
