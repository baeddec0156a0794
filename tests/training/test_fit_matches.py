"""The second witness of classes, fitted to a stream."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from cfer.emotions import BASICS
from cfer.features.table import UnitReadout
from cfer.learners.base import Head
from cfer.protocol.stream import Features, Stream
from cfer.training.fit_matches import fit_matches

GENERATOR = torch.Generator().manual_seed(0)
Y = torch.arange(7).repeat(40)
X = torch.randn(7, 10, generator=GENERATOR)[Y] + torch.randn(280, 10, generator=GENERATOR)
SOURCES = (torch.arange(280) % 4 == 0).long()
PICTURES = Features(X, Y, torch.arange(280), SOURCES)
READOUT = UnitReadout((1, 4, 12, 25), torch.randn(4, 10, generator=GENERATOR))
STREAM = Stream(BASICS, 7, PICTURES, PICTURES, PICTURES, (False, True), (), READOUT)
HEAD = Head(torch.randn(7, 10, generator=GENERATOR), torch.zeros(7))


def test_the_match_counts_a_share_of_the_classes_own_directions_over_photographs():
    photographs = PICTURES.rows(SOURCES == 0)
    weights = 1 / torch.bincount(photographs.y).double()[photographs.y]
    weights = (weights / weights.sum())[:, None]

    def deviation(values):
        return (weights * (values - (weights * values).sum(0)).square()).sum(0).sqrt()

    own = F.linear(photographs.x, *HEAD).double()
    for weight in (0.5, 1.0):
        found = fit_matches(HEAD, STREAM, weight)
        matched = F.linear(photographs.x, found.rows, found.origins).double()
        expected = weight * float(deviation(own - own.mean(1, keepdim=True)).mean())
        assert deviation(matched).tolist() == pytest.approx([expected] * 7, rel=1e-3)
        assert (weights * matched).sum(0).abs().max() < 1e-3


def test_without_action_units_or_a_weight_there_is_one_witness():
    assert fit_matches(HEAD, replace(STREAM, units=None)) is None
    assert fit_matches(HEAD, STREAM, 0.0) is None
    unknown = replace(STREAM, classes=tuple(f"class {k}" for k in range(7)))
    assert fit_matches(HEAD, unknown) is None
