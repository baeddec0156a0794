import pytest

from cfer.app.tabs.about import by_domain, confusion
from cfer.reading.reader import Reader


def test_the_confusion_is_the_checkpoints_own_test_in_shares(reader):
    figure = confusion(reader)
    counts = reader.checkpoint.facts.continual.test_counts
    assert list(figure.data[0].x) == list(reader.names)
    for shares, row in zip(figure.data[0].z, counts, strict=True):
        assert sum(shares) == pytest.approx(100)
        assert shares[0] == pytest.approx(100 * row[0] / sum(row))


def test_results_stand_apart_by_data_set(reader):
    table = by_domain(reader)
    for found in reader.checkpoint.facts.continual.data_sets:
        name = {"faces": "faces (rendered)"}.get(found.name, found.name)
        assert f"| {name} | {found.pictures:,} | {100 * found.accuracy:.1f} % (" in table


def test_a_model_that_was_not_tested_has_neither(basic_run):
    basic = Reader(basic_run[1])
    assert confusion(basic) is None
    assert by_domain(basic) == ""
