"""Raw, signed Grad-CAM maps of all classes from one backbone pass.

Grad-CAM (Selvaraju et al., ICCV 2017, eq. 1-2) weighs the channels A_c of the last feature map by the spatial mean of
dy_k/dA_c. With average pooling z_c = mean_ij A_c,ij that mean is (1/hw) dy_k/dz_c, so

    raw_k = (1/hw) sum_c (dy_k/dz_c) A_c                                       (B, K, h, w), in units of the logit

needs the Jacobian of the head alone. For a linear head the Jacobian is its weight matrix, and a map sums to its logit
less the bias. The map of any linear combination of logits is the same combination of maps (`contrast`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cfer.network.face_model import FaceModel


@dataclass(frozen=True)
class ClassMaps:
    """Maps of all classes that one pass gives for a batch.

    Attributes:
        logits: (B, K).
        maps: (B, K, h, w), signed, in logit units: where the evidence for and against each class lies.
        features: (B, C), pooled.
        classes: The K names.
    """

    logits: Tensor
    maps: Tensor
    features: Tensor
    classes: tuple[str, ...]

    def of(self, name: str) -> Tensor:
        """The maps (B, h, w) of one class.

        Raises:
            KeyError: The model has no such class.
        """
        if name not in self.classes:
            raise KeyError(f"The model does not know {name!r}; it knows {', '.join(self.classes)}.")
        return self.maps[:, self.classes.index(name)]

    def contrast(self, plus: Sequence[str], minus: Sequence[str]) -> Tensor:
        """Maps (B, h, w) of the mean of some classes less the mean of others: exact, by linearity."""
        ahead = torch.stack([self.of(name) for name in plus]).mean(0)
        return ahead - torch.stack([self.of(name) for name in minus]).mean(0)

    def weighted(self, weights: Tensor) -> Tensor:
        """Maps (B, h, w) of a linear combination (B, K) of the logits."""
        return torch.einsum("bk,bkhw->bhw", weights, self.maps)

    def probability(self, name: str) -> Tensor:
        """Maps (B, h, w) of a class's probability, by the derivative of the softmax: p_k (y_k - sum_j p_j y_j)."""
        chances = self.logits.softmax(1)  # (B, K)
        mine = self._one_hot(name)
        own = (chances * mine).sum(1, keepdim=True)
        return self.weighted(own * (mine - chances))

    def log_odds(self, name: str) -> Tensor:
        """Maps (B, h, w) of a class's log-odds: its logit less the others', each by its share of what is left.

        Unlike a logit's map it says what speaks for the class *rather than for its rivals in this face*.
        """
        mine = self._one_hot(name)
        rivals = self.logits.masked_fill(mine > 0, -torch.inf).softmax(1)  # (B, K), 0 for the class itself
        return self.weighted(mine - rivals)

    def _one_hot(self, name: str) -> Tensor:
        self.of(name)  # known, or an error in words
        return (torch.arange(len(self.classes)) == self.classes.index(name)).float().expand_as(self.logits)


@torch.no_grad()
def class_maps(model: FaceModel, x: Tensor) -> ClassMaps:
    """Maps of all classes for a batch.

    Nothing of the model is changed, so threads may share it. It works on frozen weights and inside
    `torch.inference_mode`.

    Args:
        model: Backbone and head, in evaluation mode.
        x: (B, 3, S, S), preprocessed.
    """
    return maps_of(model, model.features(x))


@torch.no_grad()
def maps_of(model: FaceModel, last: Tensor, shift: Tensor | None = None) -> ClassMaps:
    """Maps of all classes from last feature maps that are there already: no pass of the backbone.

    Args:
        model: With the head that answers.
        last: (B, C, h, w).
        shift: By how much (C,) a camera puts all features off, which the head's bias knows (`Checkpoint.with_shift`).
            What it adds is no evidence, and is taken out of every cell: a map then sums to its logit less the bias of
            the head that was learned.
    """
    pooled = model.pool(last)  # (B, C)
    if shift is not None:
        seen, corrected = maps_of(model, last), maps_of(model, last - shift[:, None, None].to(last))
        return replace(seen, maps=corrected.maps)
    if isinstance(model.head, nn.Linear):
        logits = model.head(pooled)  # (B, K)
        raw = torch.einsum("kc,bchw->bkhw", model.head.weight, last)
    else:
        logits, jacobian = head_jacobian(model.head, pooled)
        raw = torch.einsum("kbc,bchw->bkhw", jacobian, last)
    return ClassMaps(logits, raw / (last.shape[-2] * last.shape[-1]), pooled, model.classes)


def _unit_rows(model: FaceModel) -> Tensor:
    if model.units is None:
        raise ValueError("This model reads no action units.")
    return model.units.weight


@torch.no_grad()
def unit_maps_of(model: FaceModel, last: Tensor, shift: Tensor | None = None) -> Tensor:
    """Maps (B, U, h, w) of all action units from last feature maps (B, C, h, w), in units of the readout's logit.

    As with classes, a map sums to its unit's logit less the bias; for `shift` see `maps_of`.

    Raises:
        ValueError: The model reads no action units.
    """
    last = last if shift is None else last - shift[:, None, None].to(last)
    return torch.einsum("uc,bchw->buhw", _unit_rows(model), last) / (last.shape[-2] * last.shape[-1])


class Composed(NamedTuple):
    """Rows of a linear head as sums of rows of the readout of action units, and what is left.

    Because everything is linear in the features, the same sums hold for logits less their bias and for maps: a class's
    map is exactly the weighted sum of its units' maps and the map of what is left.

    Attributes:
        weights: (K, U), by least squares.
        left: Rows (K, C) that no unit explains.
    """

    weights: Tensor
    left: Tensor


@torch.no_grad()
def by_units(model: FaceModel, features: Tensor | None = None) -> Composed:
    """Take the head of a model apart by its action units.

    Args:
        model: With a linear head.
        features: Pooled features (P, C) of some faces: what is left then varies least over them. None weighs all
            directions of the feature space alike, also those in which faces hardly differ.

    Raises:
        ValueError: The model reads no action units.
    """
    rows, units = model.head.weight.double(), _unit_rows(model).double()  # (K, C), (U, C)
    over = torch.eye(rows.shape[1], dtype=torch.double)
    if features is not None:
        over = features.double() - features.double().mean(0)  # (P, C)
    weights = torch.linalg.lstsq(over @ units.T, over @ rows.T).solution.T  # (K, U)
    return Composed(weights.float(), (rows - weights @ units).float())


def scores_of(model: FaceModel, last: Tensor) -> Tensor:
    """Logits (B, K) less their mean, from last maps (B, C, h, w): what speaks for a class rather than for all."""
    logits = model.head(model.pool(last))
    return logits - logits.mean(1, keepdim=True)


def head_jacobian(head: nn.Module, pooled: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (B, K) of any head and their Jacobian (K, B, C) by the pooled features (B, C)."""
    with torch.inference_mode(False), torch.enable_grad():
        z = pooled.clone().requires_grad_()
        logits = head(z)  # (B, K)
        one_hot = (
            torch.eye(logits.shape[1], device=z.device, dtype=z.dtype).unsqueeze(1).expand(-1, len(z), -1)
        )  # (K, B, K)
        (jacobian,) = torch.autograd.grad(logits, z, one_hot, is_grads_batched=True)  # (K, B, C)
    return logits.detach(), jacobian


def positive(maps: Tensor) -> Tensor:
    """Grad-CAM's ReLU: evidence for the class only."""
    return maps.clamp(min=0)


def upsample(maps: Tensor, size: int) -> Tensor:
    """(..., h, w) -> (..., size, size), bilinear; sums are not kept."""
    flat = maps.reshape(-1, 1, *maps.shape[-2:])
    large = F.interpolate(flat, size=(size, size), mode="bilinear", align_corners=False)
    return large.reshape(*maps.shape[:-2], size, size)
