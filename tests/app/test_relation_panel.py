import re
from dataclasses import replace

import pytest

from cfer.app.relation_panel import relation_panel, render
from cfer.explain.relation import SIX
from cfer.explain.report import MapKind
from cfer.reader import Reader


@pytest.fixture(scope="module")
def seen(photograph):
    reader = Reader()
    return reader, reader.read(photograph).faces[0]


def test_the_panel_shows_what_the_report_says(seen):
    html, report = relation_panel(*seen, "happily surprised"), seen[1].relation("happily surprised")
    changed, whole = report.by(MapKind.INTEGRATED_GRADIENTS), report.by(MapKind.GRAD_CAM)
    rows = re.findall(r"<tr><td>(?:<b>)?([a-z ]+)(?:</b>)?</td>(.*?)</tr>", html)
    assert [name for name, _ in rows] == [*SIX, "constituents less others"]
    for place, (_, cells) in enumerate(rows[:6]):
        wanted = (changed.likeness["cosine"], whole.likeness["cosine"], report.head_likeness, report.lost_without)
        assert re.findall(r"<td>(.*?)</td>", cells) == [f"{values[place]:.2f}" for values in wanted]
    gap = re.findall(r"<b>([+-][\d.]+)</b>", rows[-1][1])[1]
    assert gap == f"{whole.gap['cosine']:+.2f}"
    assert changed.verdict in html
    assert whole.verdict in html


def test_without_evidence_there_is_no_number(seen):
    report = seen[1].relation("awed")
    whole = replace(
        report.by(MapKind.GRAD_CAM), likeness={"cosine": (None,) * 6}, verdict="There is nothing to compare."
    )
    html = render(replace(report, comparisons=(whole,), mixture_explained=None))
    assert "nothing to compare" in html
    assert html.count("<td>no evidence</td>") == 6
    assert "<td><b>no evidence</b></td>" in html
    assert "15 pairs" not in html


def test_a_basic_is_tied_to_nothing(seen):
    assert relation_panel(*seen, "happy") == ""


def test_a_model_on_which_nothing_was_measured_says_so(seen):
    reader, face = seen
    assert "not measured on this model" not in relation_panel(reader, face, "happily surprised")
    taught, _ = reader.teach("smirking", [face])
    assert "not measured on this model" in relation_panel(taught, taught.reread(face), "happily surprised")


def test_a_network_that_cannot_be_divided_has_no_column_of_change(seen):
    report = seen[1].relation("awed")
    html = render(replace(report, comparisons=(report.by(MapKind.GRAD_CAM),)))
    assert "differs from a neutral face" not in html
    assert "whole face" in html
    assert html.count("<th>") == 4
