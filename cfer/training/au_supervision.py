"""Action-unit supervision: what rendered faces teach beside expressions, units and landmarks.

A network that has to answer these keeps the fine geometry that telling seven expressions apart would let it throw
away. The two heads are only there while it learns.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from cfer.features.rendered import LANDMARK_COUNT, UNITS
from cfer.model import FaceModel

UNIT_WEIGHT, LANDMARK_WEIGHT, EXPRESSION_WEIGHT = 3.0, 8.0, 0.3
"""Weights of the losses beside the votes' cross-entropy: they bring all four to about the same size early in a run."""


class MultiTaskModel(nn.Module):
    """A face model with the two further heads on its pooled features."""

    def __init__(self, face: FaceModel) -> None:
        """Wrap a model; its weights are shared, the new heads start at zero."""
        super().__init__()
        self.face = face
        self.units = nn.Linear(face.num_features, len(UNITS), device="meta").to_empty(device="cpu")
        self.landmarks = nn.Linear(face.num_features, 2 * LANDMARK_COUNT, device="meta").to_empty(device="cpu")
        for head in (self.units, self.landmarks):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, S, S) -> expression logits (B, K), unit logits (B, U), landmarks (B, 68, 2)."""
        pooled = self.face.pool(self.face.features(x))  # (B, C)
        return self.face.head(pooled), self.units(pooled), self.landmarks(pooled).unflatten(1, (LANDMARK_COUNT, 2))


def rendered_loss(
    logits: Tensor, unit_logits: Tensor, places: Tensor, units: Tensor, landmarks: Tensor, basic: Tensor
) -> Tensor:
    """Loss of rendered faces: units by cross-entropy with their intensity, landmarks, and basic expressions.

    Rendered expressions are equally frequent, so no prior is added to their logits.

    Args:
        logits: The expressions' (B, K).
        unit_logits: (B, U).
        places: (B, 68, 2).
        units: (B, U) in 0..1.
        landmarks: (B, 68, 2).
        basic: (B,) index, or -1 where no basic expression is shown.
    """
    loss = UNIT_WEIGHT * F.binary_cross_entropy_with_logits(unit_logits, units)
    loss = loss + LANDMARK_WEIGHT * F.smooth_l1_loss(places, landmarks, beta=0.05)
    named = F.cross_entropy(logits, basic, ignore_index=-1, reduction="sum") / (basic >= 0).sum().clamp(min=1)
    return loss + EXPRESSION_WEIGHT * named
