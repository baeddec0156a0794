import math

import pytest
import torch

from cfer.explain.localization import energy_pointing_game, localization_ratio, pointing_game, rank_correlation


def test_scores_by_hand():
    mask = torch.zeros(4, 4)
    mask[:2, :2] = 1  # a quarter
    assert localization_ratio(mask, mask) == 4
    assert energy_pointing_game(mask, mask) == 1
    assert energy_pointing_game(torch.ones(4, 4), mask) == 0.25
    assert localization_ratio(torch.ones(4, 4), mask) == 1
    assert localization_ratio(torch.ones(4, 4) - mask, mask) == 0
    half = torch.zeros(4, 4)
    half[0, 0], half[3, 3] = 1.0, 3.0  # a quarter of the evidence on the mask, its peak off it
    assert localization_ratio(half, mask) == 1
    assert pointing_game(half, mask) == 0
    assert pointing_game(half.flip(0, 1), mask) == 1
    far = torch.arange(16.0).reshape(4, 4)
    assert rank_correlation(far, far) == pytest.approx(1)
    assert rank_correlation(15 - far, far) == pytest.approx(-1)


def test_what_speaks_against_does_not_count():
    mask = torch.zeros(4, 4)
    mask[0] = 1
    raw = mask - 5 * (1 - mask)
    assert localization_ratio(raw, mask) == 4
    assert math.isnan(localization_ratio(-torch.ones(4, 4), mask))
    assert math.isnan(pointing_game(-torch.ones(4, 4), mask))
    assert math.isnan(rank_correlation(torch.ones(4, 4), mask))
