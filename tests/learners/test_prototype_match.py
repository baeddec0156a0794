"""Match of action units with published prototypes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cfer.learners.base import Head
from cfer.learners.prototype_match import TRUST, Matches, moments, prototype_matches

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(200, 12, generator=GENERATOR) + 3
UNITS = torch.randn(4, 12, generator=GENERATOR)
SHARES = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.3], [float("nan")] * 4])
WEIGHTS = torch.rand(200, generator=GENERATOR)


def test_a_match_is_a_discriminant_of_standardised_units():
    usual = SHARES[:3].mean(0)
    head = prototype_matches(UNITS, SHARES, usual, X, WEIGHTS)
    found = F.linear(X.double(), *head).numpy()

    # independently, with numpy's own weighted moments
    def standardised(values):
        mean = np.average(values, axis=0, weights=WEIGHTS)
        return (values - mean) / np.sqrt(np.average((values - mean) ** 2, axis=0, weights=WEIGHTS))

    read = standardised((X @ UNITS.T).double().numpy())
    p = usual.clamp(0.05, 0.9).double().numpy()
    places = TRUST * (SHARES[:3].clamp(0.05, 0.9).double().numpy() - p) / np.sqrt(p * (1 - p))
    squared = ((read[:, None] - places[None]) ** 2).sum(2)
    nearest = standardised(-0.5 * (squared - (read**2).sum(1, keepdims=True)))
    np.testing.assert_allclose(found[:, :3], nearest, atol=1e-4)


def test_a_class_without_a_prototype_is_left_alone():
    head = prototype_matches(UNITS, SHARES, SHARES[:3].mean(0), X, WEIGHTS)
    assert not head.weight[3].any()
    assert head.bias[3] == 0
    mean, deviation = moments(F.linear(X.double(), *head)[:, :3], WEIGHTS)
    torch.testing.assert_close(mean, torch.zeros(3, dtype=torch.double), atol=1e-5, rtol=0)
    torch.testing.assert_close(deviation, torch.ones(3, dtype=torch.double), atol=1e-5, rtol=0)


def test_matches_are_added_to_a_head_and_make_room_for_a_class_that_has_none():
    matches = Matches(torch.ones(2, 12), torch.tensor([1.0, 2.0]))
    plain = Head(torch.zeros(2, 12), torch.zeros(2))
    assert matches.added(plain).bias.tolist() == [1.0, 2.0]
    roomy = matches.with_class()
    assert roomy.rows.shape == (3, 12)
    assert roomy.origins.tolist() == [1.0, 2.0, 0.0]
    assert Matches(**roomy.tensors()).rows[2].abs().sum() == pytest.approx(0)
