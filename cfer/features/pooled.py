"""Pooled features of face crops: what learners learn from."""

import torch
from torch import Tensor

from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing

AT_ONCE = 16
"""Pictures a pass on a processor: their maps stay in its cache."""


@torch.no_grad()
def pooled_features(model: FaceModel, inputs: Tensor) -> Tensor:
    """(B, 3, S, S) -> (B, C); the model must be in evaluation mode."""
    return model.pool(model.features(inputs)).cpu()


def crop_features(model: FaceModel, preprocessing: Preprocessing, crops: Tensor, at_once: int = AT_ONCE) -> Tensor:
    """Pooled features (N, C) of shrunk crops (N, 1 or 3, d, d), uint8 or in [0, 1]; see `Preprocessing.shrink`."""
    device = next(model.parameters()).device
    parts = [torch.empty(0, model.num_features)]
    for part in crops.split(at_once):
        pixels = part if part.is_floating_point() else part.float() / 255
        parts.append(pooled_features(model, preprocessing.enlarge(pixels).to(device)))
    return torch.cat(parts)
