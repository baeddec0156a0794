import re
from dataclasses import replace

import pytest

from cfer.app.panels.relation import relation_panel, render, verdict
from cfer.app.texts import Speech
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.relation import SIX
from cfer.reading.reader import Reader

SAY = Speech()


@pytest.fixture(scope="module")
def seen(photograph):
    reader = Reader()
    return reader, reader.read(photograph).faces[0]


def test_the_panel_shows_what_the_report_says(seen):
    html, report = relation_panel(*seen, "happily surprised", SAY), seen[1].relation("happily surprised")
    changed, whole = report.by(INTEGRATED_GRADIENTS), report.by(GRAD_CAM)
    rows = re.findall(r"<tr><td>(?:<b>)?([a-z ]+)(?:</b>)?</td>(.*?)</tr>", html)
    assert [name for name, _ in rows] == [*SIX, "its two basics less the others"]
    for place, (_, cells) in enumerate(rows[:6]):
        wanted = (whole.likeness["cosine"], changed.likeness["cosine"], report.head_likeness, report.lost_without)
        values = [column[place] for column in wanted]
        assert any(value is not None for value in values)
        said = [SAY("no_number") if value is None else f"{value:.2f}" for value in values]
        assert re.findall(r"<td>(.*?)</td>", cells) == said
    gap = re.findall(r"<b>([+-][\d.]+)</b>", rows[-1][1])[0]
    assert gap == f"{whole.gap['cosine']:+.2f}"
    assert verdict(report, SAY) in html


@pytest.mark.parametrize(
    ("likeness", "beyond", "words"),
    [
        (
            (0.8, 0.1, 0.1, 0.1, 0.7, 0.1),
            True,
            ("that for happy and that for surprised lie", "happy 0.80, surprised 0.70,", "more than chance"),
        ),
        (
            (0.8, 0.1, 0.1, 0.1, 0.0, 0.1),
            False,
            ("that for happy lies, but no more where that for surprised", "may be chance"),
        ),
        (
            (0.1, 0.5, 0.5, 0.5, 0.0, 0.5),
            None,
            ("where that for sad lies, which is no part of it", "Likeness: sad 0.50"),
        ),
        (
            (None, 0.5, 0.5, 0.5, 0.6, 0.5),
            True,
            ("that for surprised lies, but no more where that for happy", "more than chance"),
        ),
    ],
)
def test_the_verdict_is_a_plain_sentence_and_a_word_on_chance(seen, likeness, beyond, words):
    report = seen[1].relation("happily surprised")
    last = replace(report.comparisons[-1], likeness={"cosine": likeness}, beyond_chance=beyond)
    said = verdict(replace(report, comparisons=(last,)), SAY)
    for part in words:
        assert part in said


def test_without_evidence_there_is_no_number(seen):
    report = seen[1].relation("awed")
    whole = replace(report.by(GRAD_CAM), likeness={"cosine": (None,) * 6})
    html = render(replace(report, comparisons=(whole,), mixture_explained=None), SAY)
    assert html.count("<td>no evidence</td>") == 6
    assert "<td><b>no evidence</b></td>" in html
    assert "15 pairs" not in html


def test_a_basic_is_tied_to_nothing(seen):
    assert "no tie to measure" in relation_panel(*seen, "happy", SAY)


def test_a_model_on_which_nothing_was_measured_says_so(seen):
    reader, face = seen
    assert "was not measured on this model" not in relation_panel(reader, face, "happily surprised", SAY)
    taught, _ = reader.teach("smirking", [face])
    assert "was not measured on this model" in relation_panel(taught, taught.reread(face), "happily surprised", SAY)


def test_a_network_that_cannot_be_divided_has_no_column_of_change(seen):
    report = seen[1].relation("awed")
    html = render(replace(report, comparisons=(report.by(GRAD_CAM),)), SAY)
    assert "differs from neutral" not in html
    assert "whole face" in html
    assert html.count("<th>") == 4
