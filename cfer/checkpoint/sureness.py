"""Sureness of answers: how sharp probabilities are in photographs, and how often answers are right.

In photographs a label is right less often than in rendered faces at the same logits, most of all where compounds are as
frequent as basics. There, logits are therefore made smaller by one factor, which changes no answer and no map's shape.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from pydantic import TypeAdapter
from torch import Tensor

from cfer.learners.domain import Domains

PROMISES: Mapping[str, float] = {"certain": 0.9, "fairly": 0.7, "rather": 0.5}
"""Words, and the share of answers so called that is to be right; what no word holds for is "unsure"."""
UNSURE = "unsure"
KINDS = (PHOTOGRAPHS, RENDERED) = ("photographs", "rendered")
OTHERS = "other"
FINEST = 1e-4
"""Probabilities are kept so far from 0 and 1."""


@dataclass(frozen=True)
class Curve:
    """Logistic curve of how often answers are right, by their probability and by what they are (Platt, 1999).

    Attributes:
        level: At a probability of one half, in logits.
        slope: Over the logit of the probability.
        by_class: What is added for an answer, by its name; `OTHERS` for those that are not named.
    """

    level: float = 0.0
    slope: float = 1.0
    by_class: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, label: str, probability: float) -> float:
        """Share, 0 to 1, of answers of this label and probability that are right."""
        p = min(max(probability, FINEST), 1 - FINEST)
        level = self.level + self.by_class.get(label, self.by_class.get(OTHERS, 0.0))
        return 1 / (1 + math.exp(-level - self.slope * math.log(p / (1 - p))))


@dataclass(frozen=True)
class Sureness:
    """Sureness of a checkpoint's answers, where all its classes are equally frequent.

    Attributes:
        photographs: Factor on the logits of photographs.
        family: The same for the probability that an expression is of the answer's family.
        curves: By kind of picture, "photographs" and "rendered", how often answers are right.
        hits: By kind of picture, for each word the number of held-out answers and the share of them that is right.
    """

    photographs: float = 1.0
    family: float = 1.0
    curves: Mapping[str, Curve] = field(default_factory=lambda: dict.fromkeys(KINDS, Curve()))
    hits: Mapping[str, Mapping[str, tuple[int, float]]] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, facts: Any) -> Self:
        """Read what `dataclasses.asdict` gave, through JSON or not."""
        return TypeAdapter(cls).validate_python(facts)

    def reliability(self, label: str, probability: float, kind: str) -> float:
        """Share, 0 to 1, of such answers about a kind of picture that are right."""
        return self.curves[kind](label, probability)


def word_of(reliability: float) -> str:
    """The word whose promise an answer of a reliability keeps: a key of `PROMISES`, or `UNSURE`."""
    return next((word for word, promise in PROMISES.items() if reliability >= promise), UNSURE)


def photograph_shares(features: Tensor, domains: Domains | None) -> Tensor:
    """Share (N,) of 0 to 1 to which pictures with features (N, C) are photographs; 1 where no other kind is known."""
    return features.new_ones(len(features)) if domains is None else domains.shares(features)[:, 1].clamp(0, 1)


def is_photograph(shares: Tensor) -> Tensor:
    """True (N,) for what is taken for a photograph, by its share."""
    return shares >= 0.5


def sharpness(shares: Tensor, factor: float) -> Tensor:
    """Factor (N,) on the logits of pictures that are photographs to a share (N,): 1 for rendered faces."""
    return 1 + shares * (factor - 1)


def sharpened(logits: Tensor, shares: Tensor, factor: float) -> Tensor:
    """Probabilities (N, K) from logits (N, K), of pictures that are photographs to a share (N,) of 0 to 1."""
    return (logits * sharpness(shares, factor)[:, None]).softmax(1)


def families(parts: Sequence[Sequence[str]]) -> Tensor:
    """Table (K, K) of which classes are of one family: they share a basic expression that they are made of.

    Args:
        parts: Constituents of each class; a class without any is its own.
    """
    return torch.tensor([[bool({*one} & {*other}) for other in parts] for one in parts])
