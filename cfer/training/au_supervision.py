"""Losses beside expressions: action units, where they lie, landmarks, and teachers' answers.

A network that has to answer these keeps the fine geometry that telling seven expressions apart would let it throw
away. The further heads are only there while it learns.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.explain.regions import unit_cells
from cfer.features.rendered import LANDMARK_COUNT, UNITS
from cfer.features.teachers import AGREEING, BLENDSHAPE_COUNT
from cfer.network.face_model import FaceModel
from cfer.training.unit_witnesses import expected_units

UNIT_WEIGHT, LANDMARK_WEIGHT, EXPRESSION_WEIGHT = 3.0, 8.0, 0.3
"""Weights of the losses beside the votes' cross-entropy: they bring all to about the same size early in a run."""
MAP_WEIGHT, IDLE_WEIGHT = 0.3, 0.1
USUAL_SHARE = 0.5
"""Share of people from which on a unit is looked for in photographs of an expression."""
TEACHER_WEIGHT, BLENDSHAPE_WEIGHT, AGREEMENT_WEIGHT = 0.5, 1.0, 0.3


class Outputs(NamedTuple):
    """Everything that the network answers while it learns.

    Attributes:
        logits: The expressions' (B, K).
        units: Unit logits (B, U).
        landmarks: (B, 68, 2), -1 to 1 over the view.
        blendshapes: Standardised logits (B, 52).
        unit_maps: Evidence (B, U, h, w) of each unit; its mean and the bias make the unit's logit.
        class_maps: Evidence (B, K, h, w) of each expression against the mean of all.
        levelled: Unit logits (B, 2, U) at the level of pictures with votes, and at that of photographs.
    """

    logits: Tensor
    units: Tensor
    landmarks: Tensor
    blendshapes: Tensor
    unit_maps: Tensor
    class_maps: Tensor
    levelled: Tensor

    def rows(self, start: int, stop: int) -> "Outputs":
        """The answers to a part of the batch."""
        return Outputs(*(values[start:stop] for values in self))


class RenderedTruth(NamedTuple):
    """Ground truth of rendered faces.

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
    """Answers of teachers for photographs.

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
        self.levels = nn.Parameter(torch.zeros(2, len(UNITS)))

    def forward(self, x: Tensor) -> Outputs:
        """(B, 3, S, S) -> all answers."""
        maps = self.face.features(x)  # (B, C, h, w)
        pooled = self.face.pool(maps)  # (B, C)
        unit_maps = F.conv2d(maps, self.units.weight[:, :, None, None])
        head = self.face.head.weight
        class_maps = F.conv2d(maps, (head - head.mean(0))[:, :, None, None])
        places = self.landmarks(pooled).unflatten(1, (LANDMARK_COUNT, 2))
        units = self.units(pooled)
        levelled = units[:, None] + self.levels
        return Outputs(self.face.head(pooled), units, places, self.blendshapes(pooled), unit_maps, class_maps, levelled)

    def with_readouts(self) -> FaceModel:
        """The face model with the readout of action units, as a checkpoint keeps it; the weights are shared."""
        return self.face.with_units(UNITS, self.units.weight, self.units.bias)

    def landmark_readout(self) -> LandmarkReadout:
        """The readout of landmarks, as a checkpoint keeps it."""
        return LandmarkReadout(self.landmarks.weight.detach(), self.landmarks.bias.detach())


def rendered_loss(outputs: Outputs, truth: RenderedTruth) -> Tensor:
    """Loss of rendered faces: units by cross-entropy with their intensity, landmarks, basic expressions, and maps.

    The map of a unit shall lie on what the unit moved, that of the expression shown on what its units moved together.
    Rendered expressions are equally frequent, so no prior is added to their logits.
    """
    loss = UNIT_WEIGHT * F.binary_cross_entropy_with_logits(outputs.units, truth.units)
    loss = loss + LANDMARK_WEIGHT * F.smooth_l1_loss(outputs.landmarks, truth.landmarks, beta=0.05)
    named = F.cross_entropy(outputs.logits, truth.basic, ignore_index=-1, reduction="sum", label_smoothing=0.1)
    loss = loss + EXPRESSION_WEIGHT * named / (truth.basic >= 0).sum().clamp(min=1)
    shown = F.one_hot(truth.basic.clamp(min=0), outputs.logits.shape[1]) * (truth.basic >= 0)[:, None]  # (B, K)
    together = truth.moved.amax(1, keepdim=True) * shown[:, :, None, None]  # (B, K, h, w)
    loss = loss + MAP_WEIGHT * off_place(outputs.class_maps, together)
    return (
        loss
        + MAP_WEIGHT * off_place(outputs.unit_maps, truth.moved)
        + IDLE_WEIGHT * idle(outputs.unit_maps, truth.moved)
    )


def expected_units_loss(levelled: Tensor, shares: Tensor) -> Tensor:
    """Cross-entropy of units with what labels let expect: the published share of people who show each.

    Args:
        levelled: Unit logits (B, U) at the level of this kind of picture, so that how often a unit is said to be there
            does not move what is exact in rendered faces.
        shares: What labels, votes or answers (B, 7) say of basic classes.
    """
    expected = shares @ expected_units().to(shares)
    return F.binary_cross_entropy_with_logits(levelled, expected)


def off_place(maps: Tensor, moved: Tensor) -> Tensor:
    """Loss of evidence for what was performed that lies away from where it moved the face.

    Minus the logarithm of the share of the evidence that lies on what was moved, averaged over all that was performed.
    Evidence is made positive smoothly (softplus), so that a map without any still learns where it should be.

    Args:
        maps: Evidence (B, M, h, w).
        moved: Share (B, M, h, w) of each cell; all 0 where it was not performed.
    """
    heat = F.softplus(maps)
    performed = moved.sum((2, 3)) > 0  # (B, M)
    share = (heat * moved).sum((2, 3)) / heat.sum((2, 3))
    return -torch.where(performed, share, 1.0).clamp(min=1e-6).log().sum() / performed.sum().clamp(min=1)


def idle(maps: Tensor, moved: Tensor) -> Tensor:
    """Positive evidence of what was not performed, as a share of what the performed show on average.

    Args:
        maps: Evidence (B, M, h, w).
        moved: As for `off_place`.
    """
    total, performed = maps.relu().sum((2, 3)), moved.sum((2, 3)) > 0  # (B, M)
    usual = (total * performed).sum().detach() / performed.sum().clamp(min=1)
    return (total * ~performed).sum() / (~performed).sum().clamp(min=1) / (usual + 1)


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


def photograph_map_loss(outputs: Outputs, answers: TeacherAnswers) -> Tensor:
    """Loss of evidence in photographs that lies away from where the units of the likeliest basic expression show.

    Which pixels a muscle moved is known of rendered faces alone; in photographs its region by the landmarks stands for
    it (`cfer.explain.regions`). Without this, cells of the last map answer in photographs for what lies a cell beside.
    """
    side = outputs.unit_maps.shape[-1]
    expected = expected_units().to(answers.basic)[answers.basic.argmax(1)]  # (B, U)
    shown = (expected >= USUAL_SHARE).to(answers.basic)[:, :, None, None]
    moved = unit_cells(answers.landmarks, UNITS, side) * shown  # (B, U, s, s)
    likeliest = F.one_hot(answers.basic.argmax(1), outputs.logits.shape[1])[:, :, None, None]
    together = moved.amax(1, keepdim=True) * likeliest
    return off_place(outputs.unit_maps, moved) + off_place(outputs.class_maps, together)


def _correlation(x: Tensor, y: Tensor) -> Tensor:
    x, y = x - x.mean(), y - y.mean()
    return (x * y).mean() / ((x.square().mean() + 1e-4) * (y.square().mean() + 1e-4)).sqrt()
