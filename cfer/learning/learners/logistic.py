"""Logistic regression on all features of all classes: the honest upper bound of every linear head."""

import warnings

import torch
from torch import Tensor

from cfer.learning.learners.base import Linear
from cfer.learning.stream import Step

C = 3e-3  # of standardised features


class Logistic(Linear):
    """Keeps everything and starts afresh after every step (scikit-learn's, L2, classes balanced).

    State: `x` (N, C), `y` (N,).
    """

    def __init__(self, inverse_penalty: float = C) -> None:
        """Set scikit-learn's C."""
        self.inverse_penalty = inverse_penalty
        self.state: dict[str, Tensor] = {}
        self._fitted: tuple[int, tuple[Tensor, Tensor]] | None = None

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Keep the step's rows."""
        self.state = {
            "x": torch.cat([self.state["x"], step.x]) if self.state else step.x,
            "y": torch.cat([self.state["y"], step.y]) if self.state else step.y,
        }

    def head(self) -> tuple[Tensor, Tensor]:
        """Fitted when it is asked for."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        rows = len(self.state["y"])
        if self._fitted is None or self._fitted[0] != rows:
            # A coarse tolerance: further digits cost twenty times the time and do not recognise more.
            model = LogisticRegression(C=self.inverse_penalty, class_weight="balanced", max_iter=300, tol=1e-2)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits decide nothing
                model.fit(self.state["x"].numpy(), self.state["y"].numpy())
            head = torch.from_numpy(model.coef_).float(), torch.from_numpy(model.intercept_).float()
            self._fitted = rows, head
        return self._fitted[1]
