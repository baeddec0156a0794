"""One's own neutral face as the zero of reading.

A face at rest may have low brows or raised corners of the mouth. What sets somebody's neutral face apart from what is
usual in neutral faces is in all their other faces, too, and a part of it is taken out of the features: all of it would
take the picture's own noise out with it. With n neutral pictures of deviation d on average the best guess of the
person's part is n / (n + WORTH) d, a mean that is shrunk towards nothing (James & Stein, 1961, with a fixed share).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.emotions import Kind
from cfer.explain.attribution import neutral_faces

WORTH = 1.0
"""Neutral pictures that the guess "nothing is peculiar" is worth: one picture counts half."""
FEWEST = 3
"""Check features of neutral photographs from which their mean is taken."""
RENDERED = 0
"""Place of rendered faces among the domains."""


@torch.no_grad()
def usual_neutral(checkpoint: Checkpoint, like: Tensor) -> Tensor | None:
    """Mean features (C,) of neutral faces of the kind, photographs or rendered ones, that a face (C,) is of.

    Those of photographs are the checkpoint's check features, those of rendered faces the package's own.

    Returns:
        None where the checkpoint keeps too few features of neutral faces.
    """
    x, domains = checkpoint.checks.x, checkpoint.domains
    if domains is not None and int(domains.shares(like[None]).argmax()) == RENDERED:
        inputs = checkpoint.preprocessing.uncorrected(neutral_faces())
        return checkpoint.model.pool(checkpoint.model.features(inputs)).mean(0)
    neutral = [k for k, c in enumerate(checkpoint.classes) if c.kind is Kind.NEUTRAL]
    rows = torch.isin(checkpoint.checks.y, torch.tensor(neutral, dtype=torch.long))
    if domains is not None:
        rows = rows & (domains.shares(x).argmax(1) != RENDERED)
    return x[rows].mean(0) if int(rows.sum()) >= FEWEST else None


def own_shift(features: Tensor, usual: Tensor, worth: float = WORTH) -> Tensor:
    """Shift (C,) that is taken out of a person's features: their neutral faces' deviation, shrunk.

    Args:
        features: Of the person's neutral faces (N, C).
        usual: Mean features (C,) of neutral faces.
        worth: See `WORTH`.
    """
    return (features.mean(0) - usual) * len(features) / (len(features) + worth)


def with_own_shift(checkpoint: Checkpoint, shift: Tensor) -> Checkpoint:
    """A checkpoint whose features are off by a person's shift (C,) beside its camera's."""
    camera = torch.zeros_like(shift) if checkpoint.shift is None else checkpoint.shift
    return checkpoint.with_shift(camera + shift, checkpoint.facts.adapted, checkpoint.facts.adapted_from)


def mean_shift(checkpoint: Checkpoint, features: Sequence[Tensor]) -> Tensor | None:
    """The shift (C,) of a person by the features of their neutral faces; None where nothing is usual."""
    each = torch.stack(list(features))
    usual = usual_neutral(checkpoint, each.mean(0))
    return None if usual is None else own_shift(each, usual)
