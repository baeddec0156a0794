import numpy as np
import pytest

from cfer.emotions import COMPOUNDS, EXPRESSIONS, prototype
from cfer.explain.facs import agreement, permuted_constituents, unit_overlap
from cfer.explain.relation import SIX


def test_prototypes_are_those_of_the_table():
    assert prototype("happy") == {12: 1.0, 25: 1.0, 6: 0.51}


def test_overlap_by_hand():
    # happy: 12, 25 and 6 in 51 %; disgusted: 9, 10, 17, and 4 in 31 %, 24 in 26 %: nothing in common
    # happily disgusted: 10, 12, 25, and 4 in 32 %, 6 in 61 %, 9 in 59 %
    found = unit_overlap(["happily disgusted"], ["happy", "disgusted"])[0]
    compound = np.sqrt(3 + 0.32**2 + 0.61**2 + 0.59**2)
    assert found[0] == pytest.approx((2 + 0.51 * 0.61) / np.sqrt(2 + 0.51**2) / compound)
    assert found[1] == pytest.approx((1 + 0.59 + 0.31 * 0.32) / np.sqrt(3 + 0.31**2 + 0.26**2) / compound)
    assert unit_overlap(["angry"], ["surprised"])[0, 0] == 0


def test_constituents_share_more_units_than_others():
    table = unit_overlap(COMPOUNDS)
    own = np.array([[b in EXPRESSIONS[c].constituents for b in SIX] for c in COMPOUNDS])
    assert table[own].mean() > table[~own].mean() + 0.3


def test_a_matrix_agrees_with_itself_and_not_with_noise():
    rng = np.random.default_rng(0)
    table = unit_overlap(COMPOUNDS)
    assert agreement(table, table) == pytest.approx((1, 1, 1))
    assert permuted_constituents(table, table, draws=200) == pytest.approx(1 / 201)
    noise = rng.normal(size=table.shape)
    _, low, high = agreement(noise, table)
    assert low < 0 < high
    assert 0.02 < permuted_constituents(noise, table, draws=200) <= 1
    mixed = table + 0.3 * noise
    assert low < agreement(mixed, table)[0] < 1
