"""Fit how sure answers may sound, on held-out pictures and as if all classes were equally frequent.

Photographs of compounds are rare, and most photographs are neutral or happy: calibrated on what there is, a model
sounds far too sure of a face that somebody brings *because* it shows something. So every class counts alike, and
classes without a held-out photograph are stood for by the others of their kind, basic or compound.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint.checkpoint import ClassInfo
from cfer.checkpoint.sureness import (
    FINEST,
    KINDS,
    OTHERS,
    PHOTOGRAPHS,
    PROMISES,
    RENDERED,
    UNSURE,
    Curve,
    Sureness,
    families,
    is_photograph,
    photograph_shares,
    sharpened,
    word_of,
)
from cfer.emotions import Kind
from cfer.learners.base import Head
from cfer.learners.domain import Domains

FACTORS = tuple(k / 20 for k in range(4, 31))
LEAST = 3
"""Held-out pictures from which on a class counts."""
RIDGE = 0.001
"""Weight of what is added for single answers, beside the mean cross-entropy."""
FEWEST_HITS = 20
FEWEST = 60
"""Held-out photographs from which on anything is fitted."""


def even_weights(y: Tensor, classes: Sequence[str]) -> Tensor:
    """Weights (N,) of sum 1 by which every class counts alike, those without pictures by the others of their kind."""
    counts, weights = torch.bincount(y, minlength=len(classes)), torch.zeros(len(y), dtype=torch.double)
    plain = [ClassInfo.of(name).kind in {Kind.NEUTRAL, Kind.BASIC} for name in classes]
    for kind in (True, False):
        mine = [k for k, is_plain in enumerate(plain) if is_plain == kind]
        seen = [k for k in mine if counts[k] >= LEAST]
        for k in seen:
            weights[y == k] = len(mine) / len(seen) / float(counts[k])
    return weights / weights.sum()


class Answered(NamedTuple):
    """Pictures that a head answered about.

    Attributes:
        logits: (N, K).
        y: Their classes (N,).
        shares: Share (N,) to which each is a photograph, 0 to 1.
    """

    logits: Tensor
    y: Tensor
    shares: Tensor

    @staticmethod
    def of(head: Head, x: Tensor, y: Tensor, domains: Domains | None) -> "Answered":
        """Answers of a calibrated head about features (N, C) of classes (N,)."""
        return Answered(F.linear(x, *head).double(), y, photograph_shares(x, domains).double())

    def by_kind(self) -> dict[str, "Answered"]:
        """Those that are photographs, and those that are rendered, where there are enough of them."""
        kinds = {PHOTOGRAPHS: is_photograph(self.shares), RENDERED: ~is_photograph(self.shares)}
        return {
            kind: Answered(self.logits[rows], self.y[rows], self.shares[rows])
            for kind, rows in kinds.items()
            if int(rows.sum()) >= FEWEST
        }

    def sure_and_right(self, factor: float) -> tuple[Tensor, Tensor]:
        """Probabilities (N,) of the answers, and 1 for those (N,) that are right, 0 for others."""
        chances = sharpened(self.logits, self.shares, factor)
        return chances.amax(1), (chances.argmax(1) == self.y).double()


def fit_sureness(held: Answered, test: Answered, classes: Sequence[str]) -> Sureness:
    """Fit to held-out pictures, and say how often each word is right about others.

    The factor of photographs is the one of the greatest likelihood, that of families likewise by whether a label is of
    the answer's family. How often answers are right is fitted for photographs and for rendered faces.

    Args:
        held: What the learner did not see.
        test: What nothing was fitted to.
        classes: Names of the head's rows.
    """
    kinds, related = held.by_kind(), families([ClassInfo.of(name).parts for name in classes])
    factor = family = 1.0
    if PHOTOGRAPHS in kinds:
        z, y, share = kinds[PHOTOGRAPHS]
        weight, own, rows = even_weights(y, classes), related[z.argmax(1)], range(len(y))

        def cost(factor: float) -> float:
            return -float((weight * sharpened(z, share, factor)[rows, y].clamp(min=1e-9).log()).sum())

        def family_cost(factor: float) -> float:
            chance = (sharpened(z, share, factor) * own).sum(1).clamp(1e-9, 1 - 1e-9)
            return -float((weight * torch.where(own[rows, y], chance, 1 - chance).log()).sum())

        factor, family = min(FACTORS, key=cost), min(FACTORS, key=family_cost)
    curves = {kind: fit_curve(each, factor, classes) for kind, each in kinds.items()}
    found = Sureness(factor, family, dict.fromkeys(KINDS, Curve()) | curves)
    return replace(found, hits={kind: word_hits(found, kind, each, classes) for kind, each in test.by_kind().items()})


def fit_curve(answered: Answered, factor: float, classes: Sequence[str]) -> Curve:
    """Fit how often answers are right, by their probability and by what they are.

    What is added for an answer is drawn towards 0 (`RIDGE`), because single pictures of rare classes weigh much; all
    compounds have one in common.
    """
    sure, right = answered.sure_and_right(factor)
    x, weights = torch.logit(sure.clamp(FINEST, 1 - FINEST)), even_weights(answered.y, classes)
    names = [name for name in classes if ClassInfo.of(name).kind in {Kind.NEUTRAL, Kind.BASIC}]
    place = torch.tensor([names.index(name) if name in names else len(names) for name in classes])
    group = place[answered.logits.argmax(1)]  # (N,)
    curve = torch.tensor([0.0, 1.0] + [0.0] * (len(names) + 1), dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([curve], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = F.binary_cross_entropy_with_logits(curve[0] + curve[1] * x + curve[2 + group], right, reduction="none")
        value = (weights * each).sum() + RIDGE * (curve[2:].square().sum() + (curve[1] - 1).square())
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    level, slope, *added = (round(value, 4) for value in curve.detach().tolist())
    return Curve(level, max(slope, 0.0), dict(zip((*names, OTHERS), added, strict=True)))


def word_hits(
    sureness: Sureness, kind: str, answered: Answered, classes: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """Number of answers that each word is said of, and the share of them that is right, classes evenly frequent.

    A word is left out whose answers weigh no more than `FEWEST_HITS` equal ones would (Kish's effective size).
    """
    sure, right = answered.sure_and_right(sureness.photographs)
    weights, tops = even_weights(answered.y, classes), answered.logits.argmax(1).tolist()
    words = [word_of(sureness.reliability(classes[k], p, kind)) for k, p in zip(tops, sure.tolist(), strict=True)]
    found = {}
    for word in (*PROMISES, UNSURE):
        rows = torch.tensor([each == word for each in words])
        whole = float(weights[rows].sum())
        if whole**2 >= FEWEST_HITS * float(weights[rows].square().sum()) > 0:
            found[word] = (int(rows.sum()), round(float((weights * right)[rows].sum()) / whole, 4))
    return found
