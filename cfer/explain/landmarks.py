"""Where brows, eyes, nose and mouth are in a crop, read off the model's own pooled features.

A ridge regression from features to the 68 landmarks (iBUG 300-W order) of rendered faces, which features that know
action units make possible; `cfer measure` fits it for a checkpoint and says how far it is off.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from torch import Tensor

COUNT = 68
FILE = "landmarks.safetensors"
"""Name among the measured files of a checkpoint."""


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


def fit_landmarks(features: Tensor, places: Tensor, penalty: float) -> LandmarkReadout:
    """Ridge regression (scikit-learn's) of places (N, 68, 2) on features (N, C), the offset free of the penalty.

    Args:
        features: Pooled.
        places: Columns and rows, -1 to 1 over the crop.
        penalty: Share of the features' mean scatter that is added to each.
    """
    from sklearn.linear_model import Ridge

    x = features.double()
    scatter = float(((x - x.mean(0)) ** 2).sum(0).mean())
    model = Ridge(alpha=penalty * scatter).fit(x.numpy(), places.flatten(1).double().numpy())
    return LandmarkReadout(torch.from_numpy(model.coef_).float(), torch.from_numpy(model.intercept_).float())
