from collections import Counter

import numpy as np
import pytest

from cfer.emotions import EXPRESSIONS
from cfer.synth.action_units import ACTION_UNITS
from cfer.synth.performance import FREE, LEVELS, Performance


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_required_units_always_and_optional_ones_as_published(name):
    rng = np.random.default_rng(0)
    rounds = 400
    tally = Counter()
    for _ in range(rounds):
        tally.update(list(Performance.sample(name, rng).units))
    wanted = EXPRESSIONS[name]
    assert set(tally) == set(wanted.required) | set(wanted.optional)
    assert all(tally[unit] == rounds for unit in wanted.required)
    for unit, share in wanted.optional.items():
        assert tally[unit] / rounds == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / rounds))


def test_the_vocabularys_units_can_all_be_performed():
    needed = {unit for e in EXPRESSIONS.values() for unit in (*e.required, *e.optional)}
    assert needed <= set(ACTION_UNITS)


@pytest.mark.parametrize("level", LEVELS)
def test_levels_set_the_required_units(level):
    low, high = LEVELS[level]
    rng = np.random.default_rng(1)
    for _ in range(20):
        performance = Performance.sample("surprised", rng, level)
        assert all(low <= performance.units[unit] <= high for unit in EXPRESSIONS["surprised"].required)


def test_chance_is_the_callers():
    one, two = (Performance.sample("awed", np.random.default_rng(3)) for _ in range(2))
    assert one == two
    with pytest.raises(KeyError):
        Performance.sample("bored", np.random.default_rng(0))
    with pytest.raises(KeyError):
        Performance.sample("awed", np.random.default_rng(0), "f")


def test_a_free_performance_has_no_expression_in_mind():
    rng = np.random.default_rng(0)
    drawn = [Performance.sample_free(rng) for _ in range(600)]
    assert {p.expression for p in drawn} == {FREE}
    assert {len(p.units) for p in drawn} == set(range(1, 8))
    assert all(0.25 <= q <= 1 for p in drawn for q in p.units.values())
    often = Counter(u for p in drawn for u in p.units)
    assert set(often) == set(ACTION_UNITS)
    assert not any({24, 25} <= set(p.units) or {24, 26} <= set(p.units) for p in drawn)
    pairs = Counter((a, b) for p in drawn for a in p.units for b in p.units if a < b)
    assert len(pairs) == 17 * 16 / 2 - 2  # any two that can go together do
