"""Second witness of a class: how well the action units that are read match its published prototype.

A class's own direction is learned from its pictures: from renders alone where all of them are rendered. Its prototype
(Du, Tao & Martinez, PNAS 2014) says which units people show with it, wherever the units are read. Units are linear in
the features and the match is linear in the units, so both witnesses together are one linear head: maps of all classes
still come from one pass, and a part of a class's map is the weighted sum of its units' maps.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from cfer.learners.base import Head

LEAST_SHARE, MOST_SHARE = 0.05, 0.9
"""Between which published shares are taken to lie: nobody's table is certain."""
TRUST = 0.6
"""By how many standard deviations of what is read a prototype is believed, beside those of its shares."""


NOTHING = 1e-9
"""Least deviation of what varies."""


@dataclass(frozen=True)
class Matches:
    """Match with prototypes, as what is added to a head.

    Attributes:
        rows: (K, C) added to the classes' rows; 0 for a class without a prototype.
        origins: (K,) added to their offsets.
    """

    rows: Tensor
    origins: Tensor

    def added(self, head: Head) -> Head:
        """A head (K, C) with the matches in it."""
        return Head(head.weight + self.rows, head.bias + self.origins)

    def with_class(self) -> "Matches":
        """The same for one more class, which has one witness alone."""
        return Matches(
            torch.cat([self.rows, self.rows.new_zeros(1, self.rows.shape[1])]),
            torch.cat([self.origins, self.origins.new_zeros(1)]),
        )

    def tensors(self) -> dict[str, Tensor]:
        """Named tensors for the disk."""
        return {"rows": self.rows.contiguous(), "origins": self.origins.contiguous()}


def prototype_matches(units: Tensor, prototypes: Tensor, usual: Tensor, x: Tensor, weights: Tensor) -> Head:
    """Classes by their prototypes alone: discriminants of standardised units, all of one variance.

    s_c = sum_u m_cu v_u - sum_u m_cu^2 / 2, with v_u the unit's reading, standardised over the pictures, and
    m_cu = TRUST (p_cu - p_u) / sqrt(p_u (1 - p_u)) where the class should lie, p_u being what is usual. Then each
    class's score is standardised over the pictures, too.

    Args:
        units: Rows (U, C) of a readout.
        prototypes: Shares (K, U) of people who show each unit, 0 to 1; NaN for a class without any.
        usual: The same (U,) of the pictures.
        x: Features (N, C) of pictures.
        weights: (N,) of the pictures.

    Returns:
        Rows (K, C) and offsets (K,): of mean 0 and deviation 1 over the pictures; 0 for a class without a prototype.
    """
    rows, x = units.double(), x.double()
    known = ~prototypes.isnan().any(1)
    shares = prototypes.double().nan_to_num(0.5).clamp(LEAST_SHARE, MOST_SHARE)
    p = usual.double().clamp(LEAST_SHARE, MOST_SHARE)
    mean, deviation = moments(x @ rows.T, weights)
    apart = TRUST * (shares - p) / (p * (1 - p)).sqrt()  # (K, U)
    matched = apart @ (rows / deviation[:, None])
    bias = -apart @ (mean / deviation) - 0.5 * apart.square().sum(1)
    mean, deviation = moments(x @ matched.T + bias, weights)
    kept = known.double()
    return Head((kept / deviation)[:, None] * matched, kept * (bias - mean) / deviation)


def moments(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (K,) and standard deviation (K,) of values (N, K) that count by weights (N,)."""
    shares = (weights / weights.sum()).to(values.dtype)[:, None]
    mean = (shares * values).sum(0)
    return mean, (shares * (values - mean).square()).sum(0).sqrt().clamp(min=NOTHING)
