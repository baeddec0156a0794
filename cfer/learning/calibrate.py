"""From balanced logits to probabilities: how much of the class prior to add, and at which temperature."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cfer.learning.metrics import expected_calibration_error, fit_temperature

STRENGTHS = tuple(i / 10 for i in range(11))
TOLERANCE = 0.01


@dataclass(frozen=True)
class Calibration:
    """What is folded into a head.

    Attributes:
        prior_strength: Share of the training prior's logarithm that is added to the balanced logits; 0 treats all
            classes alike, 1 expects the training data's frequencies.
        temperature: What the logits are divided by afterwards.
    """

    prior_strength: float
    temperature: float


def log_shares(counts: Tensor) -> Tensor:
    """Logarithm of the class shares (K,) from counts (K,)."""
    return torch.log((counts + 1) / (counts + 1).sum())


def even_temperature(logits: Tensor, true: Tensor, sources: Tensor) -> float:
    """The temperature at which the worst-calibrated data set is calibrated best.

    One temperature cannot fit pictures of different clarity; the likelihood's would suit the larger data set alone.

    Args:
        logits: (N, K).
        true: (N,) class indices.
        sources: (N,) number of the data set of each row.
    """
    plain, labels = logits.double(), true.numpy()

    def worst(temperature: float) -> float:
        chances = (plain / temperature).softmax(1).numpy()
        parts = [(sources == s).numpy() for s in sources.unique()]
        return max(expected_calibration_error(chances[part], labels[part]) for part in parts)

    return min((2 ** (step / 8) for step in range(-24, 41)), key=worst)


def calibrate(logits: Tensor, true: Tensor, counts: Tensor, sources: Tensor | None = None) -> Calibration:
    """Choose on validation data.

    The prior is the weakest whose accuracy is within `TOLERANCE` of the best: as balanced over the classes as
    accuracy allows, so that the commonest class is not the answer to every doubt. Then the temperature minimises the
    negative log-likelihood or, with several data sets, is that of `even_temperature`.

    Args:
        logits: (N, K), balanced.
        true: (N,) class indices.
        counts: (K,) training pictures a class.
        sources: (N,) number of the data set of each row; None where there is only one.
    """
    prior = log_shares(counts)
    scores = [float(((logits + s * prior).argmax(1) == true).double().mean()) for s in STRENGTHS]
    chosen = next(s for s, score in zip(STRENGTHS, scores, strict=True) if score >= max(scores) - TOLERANCE)
    adjusted = logits + chosen * prior
    if sources is None or len(sources.unique()) < 2:
        return Calibration(chosen, fit_temperature(adjusted, true))
    return Calibration(chosen, even_temperature(adjusted, true, sources))


def fold(weight: Tensor, bias: Tensor, counts: Tensor, calibration: Calibration) -> tuple[Tensor, Tensor]:
    """The calibrated head, weight (K, C) and bias (K,): its softmax is the probability.

    The classes' mean row is taken out. No probability changes by that, but maps do: what all classes share (there is a
    face) is then no evidence for any of them, and a map shows what speaks for its class rather than for the average.
    """
    prior = calibration.prior_strength * log_shares(counts)
    bias = (bias + prior) / calibration.temperature
    weight = weight / calibration.temperature
    return weight - weight.mean(0), bias - bias.mean()
