import pytest
import torch

from cfer.explain.familiarity import NEIGHBOURS, familiarity_of


def test_what_lies_among_the_known_is_familiar_and_what_lies_apart_is_not():
    torch.manual_seed(0)
    known = torch.randn(200, 16) * 0.1 + torch.eye(16)[0]
    found = familiarity_of(known)
    assert found.strangeness(torch.eye(16)[0]) < 0.2
    assert found.strangeness(torch.eye(16)[1]) == 1.0


def test_by_hand_in_the_plane():
    """Known directions one degree apart: the fifth neighbour of a middle one is three degrees off."""
    angles = torch.arange(0, 40.0).deg2rad()
    found = familiarity_of(torch.stack([angles.cos(), angles.sin()], 1))
    chord = 2 * torch.tensor(1.5).deg2rad().sin()
    assert found.distances[0] == pytest.approx(float(chord), rel=1e-3)
    between = torch.tensor(20.5).deg2rad()
    assert found.strangeness(torch.stack([between.cos(), between.sin()])) == 0.0  # 2.5 degrees to the fifth


def test_too_few_have_no_neighbours():
    assert familiarity_of(torch.ones(NEIGHBOURS, 3)) is None
