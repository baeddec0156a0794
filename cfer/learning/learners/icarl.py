"""iCaRL on fixed features: nearest mean of herded exemplars (Rebuffi et al., CVPR 2017, arXiv 1611.07725, alg. 1, 4).

What iCaRL learns by gradients is its representation; with features that stay as they are, its exemplars and its rule
remain.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learning.learners.rehearsal import Rehearsal
from cfer.learning.memory import herding
from cfer.learning.stream import Step


class ICarl(Rehearsal):
    """Cosine to the mean of a class's normalised exemplars.

    State: `memory_x` (M, C), `memory_y` (M,).
    """

    def __init__(self, per_class: int) -> None:
        """Keep `per_class` exemplars of each class, at least one."""
        super().__init__(per_class)

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Herd the new classes' exemplars."""
        if step.number == 0:
            self.clear(step.x.shape[1])
        self.remember(step, generator)

    def select(self, x: Tensor, label: int, generator: torch.Generator) -> Tensor:
        """See `herding`."""
        return herding(F.normalize(x), self.per_class)

    def head(self) -> tuple[Tensor, Tensor]:
        """Normalised class means; |x| changes no decision."""
        x, y = F.normalize(self.state["memory_x"]), self.state["memory_y"]
        means = torch.stack([x[y == k].mean(0) for k in range(int(y.max()) + 1)])
        return F.normalize(means), torch.zeros(len(means))
