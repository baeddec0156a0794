"""Nearest class mean: what every learner with gradients has to beat (Janson et al., arXiv 2210.04428)."""

import torch

from cfer.learners.base import Head, LinearLearner, Step, class_means


class NearestMean(LinearLearner):
    """Euclidean distance to the class means.

    Fitted: `means` (K, C).
    """

    takes_sources = True

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Add the means of a step's classes."""
        means = class_means(step)[0].float()
        self.fitted = {"means": torch.cat([self.fitted["means"], means]) if self.fitted else means}

    def solved_head(self) -> Head:
        """-|x - m|^2 / 2, but for the |x|^2 that all classes share."""
        means = self.fitted["means"]
        return Head(means, -0.5 * means.square().sum(1))
