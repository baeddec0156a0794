"""Ridge regression on one-hot labels, on the features or on a random projection of them (RanPAC).

McDonnell et al., "RanPAC", NeurIPS 2023, arXiv 2307.02251: the Gram matrix and the class sums add up over steps, so
the head after the last step is that of all data at once, in any order.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Learner, Step, symmetric

PENALTIES = tuple(10.0**p for p in range(-2, 7))


class Ridge(Learner):
    """Class-balanced ridge regression; the penalty is chosen once, by folds over the base phase's pictures.

    Fitted: `gram` (M, M), `sums` (M, K), `penalty` (1,), and `projection` (C, M) where there is one.
    """

    def __init__(self, projected: int = 0, seed: int = 0) -> None:
        """Use the features as they are, or `projected` rectified random combinations of them."""
        super().__init__()
        self.projected, self.seed = projected, seed
        self._weight: Tensor | None = None

    def _lift(self, x: Tensor) -> Tensor:
        lifted = F.relu(x @ self.fitted["projection"]) if self.projected else x
        return torch.cat([lifted, torch.ones(len(x), 1)], 1).double()

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add a step's rows, each class weighing as one hundred rows would."""
        if step.number == 0:
            if self.projected:
                drawn = torch.Generator().manual_seed(self.seed)
                shape = (step.x.shape[1], self.projected)
                self.fitted = {"projection": torch.randn(shape, generator=drawn) / step.x.shape[1] ** 0.5}
            self.fitted = self.fitted | {"penalty": self._choose_penalty(step, generator)}
        gram, sums = self._statistics(step.x, step.y, step.new)
        if step.number:
            gram, sums = self.fitted["gram"] + gram, torch.cat([self.fitted["sums"], sums], 1)
        self.fitted = self.fitted | {"gram": gram, "sums": sums}

    def _statistics(self, x: Tensor, y: Tensor, classes: range) -> tuple[Tensor, Tensor]:
        lifted = self._lift(x)
        counts = torch.bincount(y - classes.start, minlength=len(classes)).clamp(min=1).double()
        weight = (100 / counts)[y - classes.start, None]
        targets = F.one_hot(y - classes.start, len(classes)).double() * weight
        return symmetric(lifted.T @ (lifted * weight)), lifted.T @ targets

    def _choose_penalty(self, step: Step, generator: torch.Generator) -> Tensor:
        fold = torch.randperm(len(step.x), generator=generator) % 5
        scores = torch.zeros(len(PENALTIES))
        for k in range(2):
            held = fold == k
            gram, sums = self._statistics(step.x[~held], step.y[~held], step.new)
            lifted = self._lift(step.x[held])
            for i, penalty in enumerate(PENALTIES):
                scores[i] += ((lifted @ _solve(gram, sums, penalty)).argmax(1) == step.y[held]).float().mean()
        return torch.tensor([PENALTIES[int(scores.argmax())]])

    def solve(self) -> None:
        """See `Learner.solve`."""
        self._weight = _solve(self.fitted["gram"], self.fitted["sums"], float(self.fitted["penalty"]))

    def logits(self, x: Tensor) -> Tensor:
        """Regression (B, K)."""
        assert self._weight is not None
        return (self._lift(x) @ self._weight).float()


def _solve(gram: Tensor, sums: Tensor, penalty: float) -> Tensor:
    eye = torch.eye(len(gram), dtype=gram.dtype)
    return torch.cholesky_solve(sums, torch.linalg.cholesky(gram + penalty * eye))
