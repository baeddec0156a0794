"""What is learned beside expressions: action units, where they lie, landmarks, and teachers' answers.

A network that has to answer these keeps the fine geometry that telling seven expressions apart would let it throw
away. The further heads are only there while it learns.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cfer.features.rendered import LANDMARK_COUNT, UNITS
from cfer.features.taught import BLENDSHAPE_COUNT
from cfer.model import FaceModel

UNIT_WEIGHT, LANDMARK_WEIGHT, EXPRESSION_WEIGHT = 3.0, 8.0, 0.3
"""Weights of the losses beside the votes' cross-entropy: they bring all to about the same size early in a run."""
MAP_WEIGHT, OFF_WEIGHT = 0.3, 0.1
TEACHER_WEIGHT, BLENDSHAPE_WEIGHT, AGREEMENT_WEIGHT = 0.5, 1.0, 0.3

AGREEING = (
    (1, (3,)),
    (2, (4, 5)),
    (4, (1, 2)),
    (5, (21, 22)),
    (9, (50, 51)),
    (10, (48, 49)),
    (12, (44, 45)),
    (26, (25,)),
)
"""Units with the MediaPipe blendshapes (browInnerUp, browOuterUp, browDown, eyeWide, noseSneer, mouthUpperUp,
mouthSmile, jawOpen; left and right) that rise and fall with them."""


class Outputs(NamedTuple):
    """Everything that the network answers while it learns.

    Attributes:
        logits: The expressions' (B, K).
        units: Unit logits (B, U).
        landmarks: (B, 68, 2), -1 to 1 over the view.
        blendshapes: Standardised logits (B, 52).
        unit_maps: Evidence (B, U, h, w) of each unit; its mean and the bias make the unit's logit.
    """

    logits: Tensor
    units: Tensor
    landmarks: Tensor
    blendshapes: Tensor
    unit_maps: Tensor

    def rows(self, start: int, stop: int) -> "Outputs":
        """The answers to a part of the batch."""
        return Outputs(*(values[start:stop] for values in self))


class RenderedTruth(NamedTuple):
    """What is known of rendered faces.

    Attributes:
        units: Intensities (B, U) in 0..1.
        landmarks: (B, 68, 2), -1 to 1 over the view.
        basic: (B,) index into `BASICS`, or -1.
        moved: Share (B, U, h, w) of each cell that each performed unit moved.
    """

    units: Tensor
    landmarks: Tensor
    basic: Tensor
    moved: Tensor


class TeacherAnswers(NamedTuple):
    """What teachers say of photographs.

    Attributes:
        basic: Probabilities (B, 7) of the basic classes.
        blendshapes: Standardised logits (B, 52).
        landmarks: (B, 68, 2), -1 to 1 over the view.
    """

    basic: Tensor
    blendshapes: Tensor
    landmarks: Tensor


class MultiTaskModel(nn.Module):
    """A face model with further linear heads on its pooled features."""

    def __init__(self, face: FaceModel) -> None:
        """Wrap a model; its weights are shared, the new heads start at zero."""
        super().__init__()
        self.face = face

        def fresh(size: int) -> nn.Linear:
            head = nn.utils.skip_init(nn.Linear, face.num_features, size)
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
            return head

        self.units = fresh(len(UNITS))
        self.landmarks = fresh(2 * LANDMARK_COUNT)
        self.blendshapes = fresh(BLENDSHAPE_COUNT)

    def forward(self, x: Tensor) -> Outputs:
        """(B, 3, S, S) -> all answers."""
        maps = self.face.features(x)  # (B, C, h, w)
        pooled = self.face.pool(maps)  # (B, C)
        unit_maps = F.conv2d(maps, self.units.weight[:, :, None, None])
        places = self.landmarks(pooled).unflatten(1, (LANDMARK_COUNT, 2))
        return Outputs(self.face.head(pooled), self.units(pooled), places, self.blendshapes(pooled), unit_maps)


def rendered_loss(outputs: Outputs, truth: RenderedTruth) -> Tensor:
    """Loss of rendered faces: units by cross-entropy with their intensity, their maps, landmarks, basic expressions.

    Rendered expressions are equally frequent, so no prior is added to their logits.
    """
    loss = UNIT_WEIGHT * F.binary_cross_entropy_with_logits(outputs.units, truth.units)
    loss = loss + LANDMARK_WEIGHT * F.smooth_l1_loss(outputs.landmarks, truth.landmarks, beta=0.05)
    named = F.cross_entropy(outputs.logits, truth.basic, ignore_index=-1, reduction="sum", label_smoothing=0.1)
    loss = loss + EXPRESSION_WEIGHT * named / (truth.basic >= 0).sum().clamp(min=1)
    return loss + map_loss(outputs.unit_maps, truth.moved)


def map_loss(maps: Tensor, moved: Tensor) -> Tensor:
    """How far units' positive evidence lies from where they moved the face.

    For a performed unit, minus the logarithm of the share of its positive evidence that lies on what it moved, where no
    evidence at all counts as evidence everywhere alike; for one that was not performed, its positive evidence as a
    share of what performed units show on average.

    Args:
        maps: Evidence (B, U, h, w).
        moved: Share (B, U, h, w) of each cell; all 0 where the unit was not performed.
    """
    heat = maps.relu()
    total, on = heat.sum((2, 3)), (heat * moved).sum((2, 3))  # (B, U)
    chance = moved.mean((2, 3))
    performed = chance > 0
    share = torch.where(performed, (on + 1e-3 * chance) / (total + 1e-3), 1.0)
    apart = -share.log().sum() / performed.sum().clamp(min=1)
    usual = (total * performed).sum().detach() / performed.sum().clamp(min=1)
    idle = (total * ~performed).sum() / (~performed).sum().clamp(min=1) / (usual + 1)
    return MAP_WEIGHT * apart + OFF_WEIGHT * idle


def photograph_loss(outputs: Outputs, answers: TeacherAnswers, log_prior: Tensor) -> Tensor:
    """Loss of photographs: the teachers' expression, landmarks and blendshapes, and units that agree with the latter.

    As with votes, how often each class is seen (7,) is added to the logits, so that they themselves favour none.
    Agreement is one minus the correlation over the batch, which leaves units their own origin and scale: these are
    learned from rendered faces.
    """
    loss = -TEACHER_WEIGHT * (answers.basic * (outputs.logits + log_prior).log_softmax(1)).sum(1).mean()
    loss = loss + LANDMARK_WEIGHT * F.smooth_l1_loss(outputs.landmarks, answers.landmarks, beta=0.05)
    loss = loss + BLENDSHAPE_WEIGHT * F.smooth_l1_loss(outputs.blendshapes, answers.blendshapes)
    apart = [
        1 - _correlation(outputs.units[:, UNITS.index(unit)], answers.blendshapes[:, list(shapes)].mean(1))
        for unit, shapes in AGREEING
    ]
    return loss + AGREEMENT_WEIGHT * sum(apart[1:], apart[0]) / len(apart)


def _correlation(x: Tensor, y: Tensor) -> Tensor:
    x, y = x - x.mean(), y - y.mean()
    return (x * y).mean() / ((x.square().mean() + 1e-4) * (y.square().mean() + 1e-4)).sqrt()
