"""Logistic regression on all features of all classes: the honest upper bound of every linear head."""

import warnings

import torch

from cfer.learners.base import Head, LinearLearner, Step

C = 3e-3  # of standardised features


class Logistic(LinearLearner):
    """Keeps everything and starts afresh after every step (scikit-learn's, L2, classes balanced).

    Fitted: `x` (N, C), `y` (N,), and the head's `weight` (K, C) and `bias` (K,).
    """

    def __init__(self, inverse_penalty: float = C) -> None:
        """Set scikit-learn's C."""
        super().__init__()
        self.inverse_penalty = inverse_penalty

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Keep the step's rows and fit all of them."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        x = torch.cat([self.fitted["x"], step.x]) if self.fitted else step.x
        y = torch.cat([self.fitted["y"], step.y]) if self.fitted else step.y
        # A coarse tolerance: further digits cost twenty times the time and do not recognise more.
        model = LogisticRegression(C=self.inverse_penalty, class_weight="balanced", max_iter=300, tol=1e-2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits decide nothing
            model.fit(x.numpy(), y.numpy())
        weight, bias = torch.from_numpy(model.coef_).float(), torch.from_numpy(model.intercept_).float()
        self.fitted = {"x": x, "y": y, "weight": weight, "bias": bias}

    def solved_head(self) -> Head:
        """The head that was fitted with the last step."""
        return Head(self.fitted["weight"], self.fitted["bias"])
