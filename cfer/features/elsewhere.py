"""What features look like at places of rendered faces where nothing moved: no evidence for anything lies there."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.features.rendered import RenderedCrops
from cfer.model import FaceModel, Preprocessing

RANK = 100
"""Directions that are kept; the rest of the product is small."""


@torch.no_grad()
def elsewhere_rows(
    model: FaceModel, preprocessing: Preprocessing, faces: RenderedCrops, batch_size: int = 64
) -> Tensor:
    """Rows (R, C) whose products sum to the mean product of a last map's cells with themselves, where nothing moved.

    It is the mean over a picture's cells and over pictures, a cell counting by the share of it that no performed unit
    moved: a class whose map is w has there the mean square evidence |R w|^2.

    Args:
        model: In evaluation mode.
        preprocessing: How crops become input.
        faces: With what each unit moved.
        batch_size: Pictures a pass.
    """
    total = torch.zeros(model.num_features, model.num_features, dtype=torch.double)
    count = 0
    for index in torch.nonzero(faces.moved.flatten(1).any(1)).squeeze(1).split(batch_size):
        maps = model.features(preprocessing.enlarge(faces.pixels[index].float() / 255))  # (B, C, h, w)
        side = maps.shape[-1]
        moved = F.adaptive_avg_pool2d(faces.moved[index].any(1, keepdim=True).float(), side)  # (B, 1, h, w)
        weighted = (maps * (1 - moved).sqrt()).transpose(0, 1).flatten(1).double()  # (C, B h w)
        total += weighted @ weighted.T / side**2
        count += len(index)
    values, vectors = torch.linalg.eigh(total / max(count, 1))
    kept = values[-RANK:].clamp(min=0)
    return (vectors[:, -RANK:] * kept.sqrt()).T.float().contiguous()
