"""From balanced logits to probabilities: a class prior and a temperature, folded into a linear head."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cfer.learners.base import Head


@dataclass(frozen=True)
class Calibration:
    """Calibration that is folded into a head.

    Attributes:
        prior_strength: Share of the training prior's logarithm that is added to the balanced logits; 0 treats all
            classes alike, 1 expects the training data's frequencies.
        temperature: What the logits are divided by afterwards.
        log_prior: Logarithm of every class's share of the training pictures, in the classes' order.
    """

    prior_strength: float
    temperature: float
    log_prior: tuple[float, ...]

    def with_class(self) -> "Calibration":
        """The same for one more class, which is expected as often as the rarest so far."""
        return replace(self, log_prior=(*self.log_prior, min(self.log_prior)))


def log_shares(counts: Tensor) -> Tensor:
    """Logarithm of the class shares (K,) from counts (K,), one pseudo-count a class."""
    return torch.log((counts + 1) / (counts + 1).sum())


def fold(head: Head, calibration: Calibration, offsets: Tensor | None = None, pulls: Tensor | None = None) -> Head:
    """The calibrated head: its softmax is the probability.

    The classes' mean row is taken out. No probability changes by that, but maps do: what all classes share (there is a
    face) is then no evidence for any of them, and a map shows what speaks for its class rather than for the average.

    Args:
        head: Balanced, over K classes.
        calibration: For the same classes.
        offsets: Added (K,) to the calibrated logits; none by default.
        pulls: Added (K, C) to the calibrated rows; none by default.
    """
    prior = calibration.prior_strength * torch.tensor(calibration.log_prior, dtype=torch.float32)
    bias = (head.bias + prior) / calibration.temperature
    weight = head.weight / calibration.temperature
    if offsets is not None:
        bias = bias + offsets
    if pulls is not None:
        weight = weight + pulls
    return Head(weight - weight.mean(0), bias - bias.mean())
