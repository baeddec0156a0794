"""Where brows, eyes, nose and mouth are in a crop, read off the model's own pooled features.

A ridge regression from features to the 68 landmarks (iBUG 300-W order) of rendered faces, which features that know
muscles make possible; `benchmarks/landmarks.py` fits it and says how far it is off. It belongs to one backbone.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

COUNT = 68


@dataclass(frozen=True)
class Landmarker:
    """A linear reading of features.

    Attributes:
        weight: (136, C).
        bias: (136,).
        backbone: SHA-256 of the backbone that the features come from; see `cfer.checkpoint.model_digest`.
    """

    weight: Tensor
    bias: Tensor
    backbone: str

    def __call__(self, features: Tensor) -> Tensor:
        """Columns and rows (N, 68, 2) from features (N, C), -1 to 1 over the crop."""
        return F.linear(features, self.weight, self.bias).unflatten(1, (COUNT, 2))


def fit_landmarker(features: Tensor, places: Tensor, penalty: float, backbone: str = "") -> Landmarker:
    """Ridge regression of places (N, 68, 2) on features (N, C), the offset free of the penalty.

    Args:
        features: Pooled.
        places: Columns and rows, -1 to 1 over the crop.
        penalty: Share of the features' mean variance that is added to each.
        backbone: See `Landmarker`.
    """
    x, y = features.double(), places.flatten(1).double()
    centre, middle = x.mean(0), y.mean(0)
    x, y = x - centre, y - middle
    gram = x.T @ x
    gram += penalty * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weight = torch.linalg.solve(gram, x.T @ y).T  # (136, C)
    return Landmarker(weight.float(), (middle - weight @ centre).float(), backbone)


def save_landmarker(landmarker: Landmarker, path: Path) -> None:
    """Write a landmarker as one safetensors file, in half precision."""
    tensors = {"weight": landmarker.weight.half().contiguous(), "bias": landmarker.bias.contiguous()}
    save_file(tensors, str(path), metadata={"backbone": landmarker.backbone})
    path.chmod(0o644)  # safetensors writes for the owner alone


@cache
def shipped_landmarker() -> Landmarker | None:
    """The one of the default checkpoint, or None where it is missing."""
    place = files("cfer.explain").joinpath("assets/landmarks.safetensors")
    if not place.is_file():
        return None
    with as_file(place) as path, safe_open(str(path), "pt") as file:
        return Landmarker(file.get_tensor("weight").float(), file.get_tensor("bias"), file.metadata()["backbone"])
