import numpy as np
import pytest

from cfer.evaluation.bootstrap import bootstrap_interval, group_draws, percentiles


def test_the_interval_is_wider_when_groups_move_together():
    correct = np.repeat([0.0, 1.0], 50)
    alone = bootstrap_interval(correct, np.arange(100))
    together = bootstrap_interval(correct, np.repeat(np.arange(10), 10))
    assert alone[0] < 0.5 < alone[1]
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    assert alone == pytest.approx((0.4, 0.6), abs=0.03)
    assert bootstrap_interval(correct) == alone


def test_every_draw_is_of_as_many_groups_as_there_are():
    draws = group_draws(15, 20)
    assert draws.shape == (20, 15)
    assert (draws.sum(1) == 15).all()


def test_percentiles_hold_the_middle_and_leave_out_what_is_not_known():
    assert percentiles(np.array([*range(101), np.nan]), 0.5) == (25.0, 75.0)
