"""Scale on which action units are called strong in a photograph: another scale for the same evidence.

The readout of action units has the scale of rendered faces, where units are performed clearly. Photographs give the
same units fainter evidence, so that an ordinary smile would hardly count as one. In photographs the evidence of a unit
is therefore scaled and offset; see `cfer.measure.strengths`. Maps, and what classes are made of, are of the evidence
itself and stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from safetensors.torch import load, save
from torch import Tensor

FILE = "strengths.safetensors"
"""Name among the files that a checkpoint keeps under measured/."""


@dataclass(frozen=True)
class StrengthScale:
    """Scales and offsets of the units' logits in photographs.

    Attributes:
        direction: (C,), with
        origin: (): `direction @ x + origin` is 0 on average of rendered faces and 1 of photographs; see
            `cfer.learners.domain`.
        scale: (U,), and
        offset: (U,) of a photograph's logits.
    """

    direction: Tensor
    origin: Tensor
    scale: Tensor
    offset: Tensor

    def __call__(self, logits: Tensor, features: Tensor) -> Tensor:
        """Logits (N, U) whose sigmoid is an intensity, from the readout's (N, U) and the features (N, C)."""
        photograph = (features @ self.direction + self.origin).clamp(0, 1)[:, None]  # (N, 1)
        return logits + photograph * ((self.scale - 1) * logits + self.offset)

    def fits(self, units: int, features: int) -> bool:
        """True if it is of so many units and features."""
        shapes = [tuple(t.shape) for t in (self.direction, self.origin, self.scale, self.offset)]
        return shapes == [(features,), (), (units,), (units,)]

    def to_bytes(self) -> bytes:
        """One safetensors file."""
        return save({name: getattr(self, name).contiguous() for name in self.__dataclass_fields__})

    @staticmethod
    def from_bytes(data: bytes) -> "StrengthScale":
        """Read what `to_bytes` gave.

        Raises:
            TypeError: Something is missing or too much.
        """
        return StrengthScale(**load(data))


PARTED, DROPPED, WIDE, TIGHT = 25, 26, 5, 7
"""Lips part, jaw drop, upper lid raiser, lid tightener."""


def anatomical(strengths: Tensor, units: Sequence[int], present: float) -> Tensor:
    """Strengths (N, U) that a face can show: a dropped jaw parts the lips, and no lid is raised and tightened at once.

    Of two that contradict each other the weaker one is called just absent.

    Args:
        strengths: 0 to 1.
        units: FACS numbers.
        present: From where on a unit counts as shown.
    """
    found = strengths.clone()
    place = {unit: k for k, unit in enumerate(units)}
    if PARTED in place and DROPPED in place:
        parted, dropped = place[PARTED], place[DROPPED]
        found[:, parted] = torch.maximum(found[:, parted], found[:, dropped])
    if WIDE in place and TIGHT in place:
        both = found[:, [place[WIDE], place[TIGHT]]]  # (N, 2)
        weaker = (both >= present).all(1)[:, None] & (both == both.amin(1, keepdim=True))
        found[:, [place[WIDE], place[TIGHT]]] = torch.where(weaker, both.clamp(max=0.99 * present), both)
    return found
