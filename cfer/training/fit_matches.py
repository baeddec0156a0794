"""Fit of the second witness of classes, the match of units with prototypes, to photographs."""

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head
from cfer.learners.prototype_match import Matches, moments, prototype_matches
from cfer.protocol.stream import Features, Stream, prototypes

WEIGHT = 0.6
"""What the match counts beside the classes' own directions, both by their deviation over photographs."""


def fit_matches(head: Head, stream: Stream, weight: float = WEIGHT) -> Matches | None:
    """Matches on the scale of a balanced head, standardised over training photographs of the base classes.

    Photographs of every data set count alike, and so do classes in each. Where all pictures are rendered, it is these.

    Args:
        head: Over the first K classes of the stream.
        stream: With a readout of action units.
        weight: See `WEIGHT`.

    Returns:
        None without a readout of action units, or without any class that has a prototype.
    """
    if stream.units is None or not weight:
        return None
    shares = prototypes(stream.classes[: len(head.bias)], stream.units.numbers)
    base = stream.train.of(range(stream.base))
    photographs = _photographs(base, stream.rendered)
    weights = _even_weights(photographs)
    known = ~shares.isnan().any(1)
    if not bool(known[: stream.base].any()):
        return None
    usual = shares[: stream.base][known[: stream.base]].mean(0)
    matched = prototype_matches(stream.units.weight, shares, usual, photographs.x, weights)
    logits = F.linear(photographs.x, *head).double()
    _, deviation = moments(logits - logits.mean(1, keepdim=True), weights)
    scale = weight * float(deviation.mean())
    return Matches((scale * matched.weight).float(), (scale * matched.bias).float())


def _photographs(base: Features, rendered: tuple[bool, ...]) -> Features:
    if base.sources is None or all(rendered) or not rendered:
        return base
    return base.rows(~torch.tensor(rendered)[base.sources])


def _even_weights(pictures: Features) -> Tensor:
    """Weights (N,) of sum 1: data sets alike, and classes alike in each."""
    sources = torch.zeros_like(pictures.y) if pictures.sources is None else pictures.sources
    place = sources * (int(pictures.y.max()) + 1) + pictures.y
    each = 1 / torch.bincount(place).clamp(min=1).double()[place]
    total = torch.zeros(int(sources.max()) + 1, dtype=torch.double).index_add_(0, sources, each)
    found = each / total[sources]
    return found / found.sum()
