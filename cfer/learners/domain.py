"""Offsets of classes by the domain of a picture, as part of one linear head.

Rendered faces and photographs differ along one direction of the features. A class that is as likely in both may need
another offset in each, and a head that stays linear in the features can have one: what is added to a class's logit goes
along that direction from the one to the other.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cfer.learners.base import Head


@dataclass(frozen=True)
class Domains:
    """What is added to the logits of rendered faces and of photographs.

    Attributes:
        direction: (C,), and
        origin: (), such that `x @ direction + origin` is on average 0 of rendered faces and 1 of photographs.
        rendered: (K,) what is added of rendered faces.
        photographs: (K,) what is added of photographs.
    """

    direction: Tensor
    origin: Tensor
    rendered: Tensor
    photographs: Tensor

    def added(self, head: Head) -> Head:
        """A head (K, C) with the offsets in it."""
        apart = self.photographs - self.rendered
        weight = head.weight + apart[:, None] * self.direction
        return Head(weight, head.bias + self.rendered + apart * self.origin)

    def with_class(self, like: int) -> "Domains":
        """The same for one more class, which is offset as the classes from a number on are on average."""
        rows = (torch.cat([v, v[like:].mean()[None] if like < len(v) else v.new_zeros(1)]) for v in self.offsets)
        return replace(self, **dict(zip(("rendered", "photographs"), rows, strict=True)))

    @property
    def offsets(self) -> tuple[Tensor, Tensor]:
        """`rendered` and `photographs`."""
        return self.rendered, self.photographs

    def tensors(self) -> dict[str, Tensor]:
        """Named tensors for the disk."""
        return {name: getattr(self, name).contiguous() for name in self.__dataclass_fields__}
