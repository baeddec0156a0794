"""The trial of the oldest versions."""

from pathlib import Path

from tools.lowest_versions import TESTS


def test_the_tests_that_are_run_with_the_oldest_versions_are_there():
    assert [name for name in TESTS if not (Path(__file__).parents[1] / name).exists()] == []
