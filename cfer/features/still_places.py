"""Features at places of rendered faces where nothing moved: no evidence for anything lies there."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.features.rendered import RenderedCrops
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing

RANK = 100
"""Directions that are kept; the rest of the product is small."""


class Looked(NamedTuple):
    """Results of one pass over rendered faces.

    Attributes:
        x: Pooled features (N, C).
        elsewhere: Rows (R, C) whose products sum to the mean product of a last map's cells with themselves where none
            moved: the mean over a picture's cells and over pictures that show something, a cell counting by the
            share of it that no performed unit moved: a class whose row is w has there the mean square evidence |R w|^2.
    """

    x: Tensor
    elsewhere: Tensor


@torch.no_grad()
def look_at(model: FaceModel, preprocessing: Preprocessing, faces: RenderedCrops, batch_size: int = 64) -> Looked:
    """Features of rendered faces, and what they look like where nothing moved.

    Args:
        model: In evaluation mode.
        preprocessing: How crops become input.
        faces: With what each unit moved.
        batch_size: Pictures a pass.
    """
    total = torch.zeros(model.num_features, model.num_features, dtype=torch.double)
    pooled = []
    shown = faces.moved.flatten(1).any(1)
    for index in torch.arange(len(faces.pixels)).split(batch_size):
        maps = model.features(preprocessing.enlarge(faces.pixels[index].float() / 255))  # (B, C, h, w)
        pooled.append(model.pool(maps))
        moved = F.adaptive_avg_pool2d(faces.moved[index].any(1, keepdim=True).float(), maps.shape[-1])  # (B, 1, h, w)
        still = (1 - moved) * shown[index].float()[:, None, None, None]
        weighted = (maps * still.sqrt()).transpose(0, 1).flatten(1)  # (C, B h w)
        total += (weighted @ weighted.T).double() / still[0].numel()
    values, vectors = torch.linalg.eigh(total / max(int(shown.sum()), 1))
    kept = values[-RANK:].clamp(min=0)
    return Looked(torch.cat(pooled), (vectors[:, -RANK:] * kept.sqrt()).T.float().contiguous())
