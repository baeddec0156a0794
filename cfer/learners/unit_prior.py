"""Prior of a class's mean in feature space, from published prototypes of action units."""

from typing import NamedTuple

import torch
from torch import Tensor


class UnitScale(NamedTuple):
    """Scale that takes prototypes (shares of people who show a unit, 0 to 1) to that of a readout of units.

    Attributes:
        origin: Reading (U,) where nobody shows the unit.
        gain: What a share of 1 adds, one number () for all units.
    """

    origin: Tensor
    gain: Tensor


def unit_scale(readings: Tensor, prototypes: Tensor) -> UnitScale:
    """Least squares over classes that are known by both: reading = origin_u + gain x share.

    One gain for all units, because several units are shown by one known class or none.

    Args:
        readings: (K, U) mean reading of each class.
        prototypes: (K, U) their published shares.
    """
    shares, found = prototypes - prototypes.mean(0), readings - readings.mean(0)
    gain = (shares * found).sum() / shares.square().sum().clamp(min=1e-9)
    return UnitScale(readings.mean(0) - gain * prototypes.mean(0), gain.clamp(min=0))


def patterns(readout: Tensor, covariance: Tensor) -> Tensor:
    """Patterns (C, U): the change of features where one unit reads one more and the others what they did.

    A = S W' (W S W')^-1, so that W A = I: the pattern that belongs to a linear readout (Haufe et al., NeuroImage 2014,
    eq. 6), along which features really vary, where the readout's own rows also point to where noise is cancelled.

    Args:
        readout: Rows (U, C).
        covariance: (C, C) of the features within classes.
    """
    shown = covariance @ readout.T  # (C, U)
    inner = readout @ shown
    ridge = 1e-6 * inner.trace() / len(inner) * torch.eye(len(inner), dtype=inner.dtype)
    return torch.linalg.solve(inner + ridge, shown.T).T
