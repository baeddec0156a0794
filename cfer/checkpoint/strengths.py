"""Scale on which action units are called strong in a photograph: another scale for the same evidence.

The readout of action units has the scale of rendered faces, where units are performed clearly. Photographs give the
same units fainter evidence, so that an ordinary smile would hardly count as one. In photographs the evidence of a unit
is therefore scaled and offset (Platt, "Probabilistic outputs for support vector machines", 1999). Maps, and what
classes are made of, are of the evidence itself and stay as they are.
"""

from dataclasses import dataclass

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
