"""Distance of a face from everything that was learned from: deep nearest neighbours.

The distance of a face's features, scaled to length 1, to the k-th nearest features of known pictures tells what is
unlike all of them (Sun et al., "Out-of-distribution detection with deep nearest neighbors", ICML 2022). Known pictures
are a checkpoint's check features; how far one of them lies from the others is the yardstick.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

NEIGHBOURS = 5


@dataclass(frozen=True)
class Familiarity:
    """Known features and how far each lies from the others.

    Attributes:
        known: (P, C), of length 1.
        distances: (P,) of each to its k-th nearest among the others, in rising order.
    """

    known: Tensor
    distances: Tensor

    def strangeness(self, features: Tensor) -> float:
        """Share (0 to 1) of the known pictures that lie nearer to the others than these features (C,) do."""
        nearest = torch.cdist(F.normalize(features[None], dim=1), self.known)[0].topk(NEIGHBOURS, largest=False)
        return float((self.distances < nearest.values[-1]).float().mean())


def familiarity_of(features: Tensor) -> Familiarity | None:
    """Measure known features (P, C); None for too few to have neighbours."""
    if len(features) <= NEIGHBOURS:
        return None
    known = F.normalize(features, dim=1)
    nearest = torch.cdist(known, known).topk(NEIGHBOURS + 1, largest=False).values[:, -1]  # itself is the nearest
    return Familiarity(known, nearest.sort().values)
