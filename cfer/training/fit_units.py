"""Fit a readout of action units to the features of a network that was not taught any, or not taught on photographs."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head

PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
HELD_OUT = 0.2
"""Share of the pictures, the last ones, by which the penalty is chosen: rendered people follow one another."""


def fit_units(x: Tensor, intensities: Tensor, penalties: Sequence[float] = PENALTIES) -> Head:
    """Logistic regressions of intensities on features, one a unit, the penalty chosen on the last people.

    Args:
        x: Features (N, C), people in order.
        intensities: (N, U), 0 to 1, known of rendered faces.
        penalties: To choose from.

    Returns:
        Rows (U, C) and bias (U,) whose sigmoid is an intensity.
    """
    first = round(len(x) * (1 - HELD_OUT))

    def cost(penalty: float) -> float:
        tried = regressed(x[:first], intensities[:first], penalty)
        return float(F.binary_cross_entropy_with_logits(F.linear(x[first:], *tried), intensities[first:]))

    return regressed(x, intensities, min(penalties, key=cost))


def rescaled(units: Head, x: Tensor, intensities: Tensor) -> Head:
    """A readout at other scales and offsets, so that its answers fit; where its evidence lies stays.

    A network that was trained at one stride answers more faintly at another.

    Args:
        units: Rows (U, C) and bias (U,).
        x: Features (N, C).
        intensities: (N, U), 0 to 1, known of rendered faces.
    """
    logits = F.linear(x, *units)  # (N, U)
    fitted = [regressed(logits[:, [u]], intensities[:, [u]], 0.0) for u in range(logits.shape[1])]
    scale = torch.stack([f.weight[0, 0] for f in fitted]).clamp(min=0.1)  # a unit never counts against itself
    bias = torch.stack([f.bias[0] for f in fitted])
    return Head(scale[:, None] * units.weight, scale * units.bias + bias)


def regressed(x: Tensor, intensities: Tensor, penalty: float) -> Head:
    """Logistic regressions with a penalty on the squared rows, over standardised features.

    Args:
        x: (N, C).
        intensities: (N, U), 0 to 1.
        penalty: Weight of the squared rows' sum beside a unit's mean cross-entropy.
    """
    mean, scale = x.mean(0), x.std(0).clamp(min=1e-6)
    z = (x - mean) / scale
    usual = intensities.mean(0).clamp(1e-4, 1 - 1e-4)
    weight = torch.zeros(intensities.shape[1], x.shape[1], requires_grad=True)
    bias = (usual / (1 - usual)).log().requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = F.binary_cross_entropy_with_logits(F.linear(z, weight, bias), intensities, reduction="none")
        value = each.mean(0).sum() + penalty * weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    rows = weight.detach() / scale
    return Head(rows, bias.detach() - rows @ mean)


def levelled(units: Head, direction: Tensor, origin: Tensor, at_rest: Tensor, wanted: Tensor) -> Head:
    """Offsets that let neutral photographs read as neutral rendered faces do, and rendered ones as before.

    Args:
        units: The readout, rows (U, C).
        direction: (C,), with
        origin: (): 0 on average of rendered faces, 1 of photographs; see `cfer.learners.domain`.
        at_rest: Features (N, C) of neutral photographs.
        wanted: What is read (U,) on average of neutral rendered faces.
    """
    apart = wanted - F.linear(at_rest, *units).mean(0)
    return Head(units.weight + apart[:, None] * direction, units.bias + apart * origin)
