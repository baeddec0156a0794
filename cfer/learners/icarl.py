"""iCaRL on fixed features: nearest mean of herded exemplars (Rebuffi et al., CVPR 2017, arXiv 1611.07725, alg. 1, 4).

What iCaRL learns by gradients is its representation; with features that stay as they are, its exemplars and its rule
remain.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head, LinearLearner, Step
from cfer.learners.memory import herding
from cfer.learners.rehearsal import Rehearsal


class ICaRL(Rehearsal):
    """Cosine to the mean of a class's normalised exemplars.

    Fitted: `memory_x` (M, C), `memory_y` (M,).
    """

    def __init__(self, per_class: int) -> None:
        """Keep `per_class` exemplars of each class, at least one."""
        super().__init__(per_class)

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Herd the new classes' exemplars."""
        if step.number == 0:
            self.clear(step.x.shape[1])
        self.remember(step, generator)

    def select(self, x: Tensor, label: int, generator: torch.Generator) -> Tensor:
        """See `herding`."""
        return herding(F.normalize(x), self.per_class)

    def head(self) -> Head:
        """See `LinearLearner.head`."""
        return LinearLearner.head(self)

    def solved_head(self) -> Head:
        """Normalised class means; |x| changes no decision."""
        x, y = F.normalize(self.fitted["memory_x"]), self.fitted["memory_y"]
        means = torch.stack([x[y == k].mean(0) for k in range(int(y.max()) + 1)])
        return Head(F.normalize(means), torch.zeros(len(means)))
