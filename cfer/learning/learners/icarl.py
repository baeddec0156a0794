"""iCaRL on fixed features: nearest mean of herded exemplars (Rebuffi et al., CVPR 2017, arXiv 1611.07725, alg. 1, 4).

What iCaRL learns by gradients is its representation; with features that stay as they are, its exemplars and its rule
remain.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learning.learners.base import Linear
from cfer.learning.memory import ExemplarMemory, herding
from cfer.learning.stream import Step


class ICarl(Linear):
    """Cosine to the mean of a class's normalised exemplars.

    State: `memory_x` (M, C), `memory_y` (M,).
    """

    def __init__(self, per_class: int) -> None:
        """Keep `per_class` exemplars of each class."""
        self.per_class = per_class
        self.state: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Herd the new classes' exemplars."""
        memory = (
            ExemplarMemory(self.state["memory_x"], self.state["memory_y"])
            if self.state
            else ExemplarMemory.empty(step.x.shape[1])
        )
        for label in step.new:
            mine = step.x[step.y == label]
            memory = memory.with_class(label, mine[herding(F.normalize(mine), self.per_class)])
        self.state = {"memory_x": memory.features, "memory_y": memory.labels}

    def head(self) -> tuple[Tensor, Tensor]:
        """Normalised class means; |x| changes no decision."""
        x, y = F.normalize(self.state["memory_x"]), self.state["memory_y"]
        means = torch.stack([x[y == k].mean(0) for k in range(int(y.max()) + 1)])
        return F.normalize(means), torch.zeros(len(means))
