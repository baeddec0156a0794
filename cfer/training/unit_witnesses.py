"""Readout of action units from three witnesses: rendered faces, other networks, and expression labels of photographs.

Rendered faces know their units exactly, but a readout of them alone points the wrong way for some units in photographs.
MediaPipe's blendshapes rise and fall with some units. And a label of an expression is a label of units: which share of
people show each is published (Du, Tao & Martinez, PNAS 2014), an idea used by Peng & Wang (CVPR 2018) and Zhang et al.
(CVPR 2018). What labels say holds for the mean of a class and for nobody in it, so they are not regressed on, which
would take what differs within a class for noise: they correct the means of classes alone, along the directions in which
pictures of one class differ least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from cfer.emotions import BASICS, prototype
from cfer.evaluation.unit_scores import balanced_weights
from cfer.features.rendered import UNITS
from cfer.features.teachers import AGREEING
from cfer.learners.closed_form import shrink
from cfer.learners.prototype_match import NOTHING, moments

BLENDSHAPES: dict[int, tuple[int, ...]] = {
    **{unit: shapes for unit, shapes in AGREEING if unit != 9},  # MediaPipe hardly ever sees a nose wrinkle
    7: (19, 20),  # eyeSquint
    15: (30, 31),  # mouthFrown
    17: (42, 43),  # mouthShrug
    20: (46, 47),  # mouthStretch
    25: (34, 35, 48, 49, 25),  # mouthLowerDown, mouthUpperUp, jawOpen
}
"""Blendshapes, by their places in MediaPipe's order, whose mean logit rises and falls with a unit."""
USUAL = 0.9
"""Share that counts for a unit which the prototype requires: it says more than 70 % of people."""
FEWEST = 20
"""Pictures of a class from which on its mean is corrected."""


@dataclass(frozen=True)
class WitnessWeights:
    """Weights of the witnesses; `benchmarks/photographs/units.py` has what they were chosen by.

    Attributes:
        blendshapes: Of the blendshapes' readout beside that of rendered faces, both of deviation 1 over photographs.
        labels: By how many such deviations a class whose people all show a unit is to be read above one where nobody
            does; 0 leaves class means as they are read.
        shrinkage: Share of the isotropic target in covariances within classes.
        ridge: Of the correction, beside the mean squared distance of class means.
    """

    blendshapes: float = 0.5
    labels: float = 5.0
    shrinkage: float = 0.2
    ridge: float = 0.05


WEIGHTS = WitnessWeights()


class LabelledFeatures(NamedTuple):
    """Pooled features of photographs with expression labels.

    Attributes:
        x: (N, C).
        y: (N,) index into `BASICS`.
    """

    x: Tensor
    y: Tensor

    def weights(self) -> Tensor:
        """Weights (N,) of sum 1 by which classes count alike, but for a handful."""
        found = torch.from_numpy(balanced_weights(self.y.tolist())).to(self.x.dtype)
        return found / found.sum()


def expected_units() -> Tensor:
    """Share (7, U) of people who show each unit with a basic expression."""
    rows = [[min(prototype(name).get(unit, 0.0), USUAL) for unit in UNITS] for name in BASICS]
    return torch.tensor(rows, dtype=torch.double)


def with_witnesses(
    rows: Tensor,
    photographs: Sequence[LabelledFeatures],
    blendshapes: tuple[Tensor, Tensor] | None,
    rendered_spread: Tensor,
    elsewhere: Tensor,
    weights: WitnessWeights = WEIGHTS,
) -> Tensor:
    """Rows of a readout that photographs have their say in.

    Args:
        rows: (U, C) of a readout of rendered faces, in the order of `UNITS`.
        photographs: Training pictures with labels, a data set each; the first one's scale counts.
        blendshapes: Features (N, C) of photographs, and MediaPipe's blendshapes (N, 52) in 0 to 1; None without any.
        rendered_spread: Covariance (C, C) of rendered faces of one expression: where renders of one class differ, a
            correction shall change nothing.
        elsewhere: Rows (R, C) of what lies where nothing moves; see `cfer.features.still_places`.
        weights: Of the witnesses.

    Returns:
        Rows (U, C), of deviation 1 over the first data set, classes balanced, before labels correct them.
    """
    first = photographs[0]
    corrected = [each for each in photographs if int((torch.bincount(each.y) >= FEWEST).sum()) > 1]
    still = elsewhere.double().T @ elsewhere.double()
    found = _standardised(rows.double(), first)
    if blendshapes is not None and weights.blendshapes:
        x, shapes = blendshapes
        found = found + weights.blendshapes * _standardised(_following(x.double(), shapes.double(), still), first)
    if weights.labels and corrected:
        spreads = [shrink(_spread(each), weights.shrinkage) for each in corrected]
        noise = sum(spreads, shrink(rendered_spread.double(), weights.shrinkage) + still)
        found = found + _correction(found, corrected, noise, weights)
    return found.float()


def _correction(
    rows: Tensor, photographs: Sequence[LabelledFeatures], noise: Tensor, weights: WitnessWeights
) -> Tensor:
    """Rows D (U, C) that put the readings of class means right with the least noise: min tr(D N D'), (W + D) M = T."""
    means, wanted = [], []
    for each in photographs:
        counts = torch.bincount(each.y, minlength=len(BASICS))
        known = torch.nonzero(counts >= FEWEST)[:, 0]
        own = torch.stack([each.x[each.y == k].double().mean(0) for k in known])  # (K, C)
        shares = expected_units()[known]
        means.append(own - own.mean(0))
        wanted.append(weights.labels * (shares - shares.mean(0)))
    m, t = torch.cat(means), torch.cat(wanted)  # (M, C), (M, U)
    against = torch.linalg.solve(noise, m.T)  # (C, M)
    inner = m @ against
    inner = inner + weights.ridge * inner.trace() / len(inner) * torch.eye(len(inner), dtype=inner.dtype)
    return torch.linalg.solve(inner, t - m @ rows.T).T @ against.T


def _following(x: Tensor, shapes: Tensor, still: Tensor) -> Tensor:
    """Rows (U, C) by which units follow their blendshapes' logits (ridge regression); 0 for units without any."""
    logits = torch.logit(shapes.clamp(1e-4, 1 - 1e-4))
    wanted = torch.zeros(len(x), len(UNITS), dtype=x.dtype)
    for place, unit in enumerate(UNITS):
        if unit in BLENDSHAPES:
            wanted[:, place] = logits[:, list(BLENDSHAPES[unit])].mean(1)
    wanted = (wanted - wanted.mean(0)) / wanted.std(0).clamp(min=1e-3)
    centred = x - x.mean(0)
    covariance = centred.T @ centred / len(x)
    penalty = 0.1 * torch.diag(covariance.diagonal()) + still
    return torch.linalg.solve(covariance + penalty, centred.T @ wanted / len(x)).T


def _standardised(rows: Tensor, photographs: LabelledFeatures) -> Tensor:
    """Rows (U, C) whose readings have deviation 1; those that read nothing stay 0."""
    _, spread = moments(photographs.x.double() @ rows.T, photographs.weights().double())
    return torch.where(spread > NOTHING, 1 / spread, 0.0)[:, None] * rows


def _spread(photographs: LabelledFeatures) -> Tensor:
    """Covariance (C, C) within classes, classes balanced."""
    x, weights = photographs.x.double(), photographs.weights().double()
    residual = x - _means(x, photographs.y)[photographs.y]
    return residual.T @ (residual * weights[:, None])


def _means(x: Tensor, groups: Tensor) -> Tensor:
    """Means (G, C) of features (N, C) by group (N,); 0 for a group without any."""
    counts = torch.bincount(groups)
    return x.new_zeros(len(counts), x.shape[1]).index_add_(0, groups, x) / counts.clamp(min=1)[:, None]


def performances(units: Tensor) -> Tensor:
    """Number (N,) of the performance of each rendered face: which of the units (N, U) are there, however strongly."""
    return torch.unique(units > 0, dim=0, return_inverse=True)[1]


def spread_within(x: Tensor, index: Tensor) -> Tensor:
    """Covariance (C, C) of features (N, C) within groups, given their numbers (N,)."""
    residual = x.double() - _means(x.double(), index)[index]
    return residual.T @ residual / len(x)
