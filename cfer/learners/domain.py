"""Offsets of classes by the domain of a picture, as part of one linear head.

Rendered faces and photographs lie at different places of the feature space, whatever they express, and a class that is
as likely in both may need another offset in each. A head that stays linear in the features can have one: how much a
picture is of each domain is linear in its features too.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from cfer.learners.base import Head


@dataclass(frozen=True)
class Domains:
    """Offsets that are added to the logits in each of S domains.

    Attributes:
        directions: (S, C), and
        origins: (S,), such that `directions @ x + origins` is on average 1 for a picture's own domain and 0 for the
            others; they sum to 1 for every picture.
        offsets: (S, K) what is added in each: rendered faces first, then photographs.
    """

    directions: Tensor
    origins: Tensor
    offsets: Tensor

    def shares(self, x: Tensor) -> Tensor:
        """Shares (N, S) of each domain in pictures with features (N, C); they sum to 1, some may be below 0."""
        return x @ self.directions.T + self.origins

    def added(self, head: Head) -> Head:
        """A head (K, C) with the offsets in it."""
        return Head(head.weight + self.offsets.T @ self.directions, head.bias + self.offsets.T @ self.origins)

    def with_class(self, like: int) -> "Domains":
        """The same for one more class, which is offset as the classes from a number on are on average."""
        later = self.offsets[:, like:]
        new = later.mean(1, keepdim=True) if later.shape[1] else later.new_zeros(len(self.offsets), 1)
        return replace(self, offsets=torch.cat([self.offsets, new], 1))

    def tensors(self) -> dict[str, Tensor]:
        """Named tensors for the disk."""
        return {name: getattr(self, name).contiguous() for name in self.__dataclass_fields__}


def barycentric(means: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates of points between S means, the least noisy ones that are linear.

    Args:
        means: (S, C), double.
        noise: Covariance (C, C) of what is no domain.

    Returns:
        Directions (S, C) and origins (S,): 1 at a domain's own mean, 0 at the others'.
    """
    apart = means[1:] - means[0]  # (S - 1, C)
    against = torch.linalg.solve(noise, apart.T)  # (C, S - 1)
    others = torch.linalg.solve(apart @ against, against.T)  # (S - 1, C)
    directions = torch.cat([-others.sum(0, keepdim=True), others])
    origins = -directions @ means[0]
    origins[0] += 1
    return directions, origins
