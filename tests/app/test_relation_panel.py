import re

import pytest
import torch

from cfer.app import tie
from cfer.evidence import relation_numbers
from cfer.explain.relation import SIX
from cfer.reader import Reader


@pytest.fixture(scope="module")
def seen(photograph):
    reader = Reader()
    return reader, reader.read(photograph).faces[0]


def test_the_panel_shows_what_the_evidence_bundle_says(seen):
    html = tie.tie_panel(*seen, "happily surprised")
    numbers = relation_numbers(*seen, "happily surprised")
    rows = re.findall(r"<tr><td>(?:<b>)?([a-z ]+)(?:</b>)?</td>(.*?)</tr>", html)
    assert [name for name, _ in rows] == [*SIX, "constituents less others"]
    for place, (_, cells) in enumerate(rows[:6]):
        change, whole, head, lost = re.findall(r"<td>(.*?)</td>", cells)
        assert change == f"{numbers['change']['likeness']['cosine'][place]:.2f}"
        assert whole == f"{numbers['maps']['likeness']['cosine'][place]:.2f}"
        assert head == f"{numbers['head_likeness'][place]:.2f}"
        assert lost == f"{numbers['lost_without'][place]:.2f}"
    gap = re.findall(r"<b>([+-][\d.]+)</b>", rows[-1][1])[1]
    assert gap == f"{numbers['maps']['gap']['cosine']:+.2f}"
    for kind in ("change", "maps"):
        assert numbers[kind]["in_words"] in html


def test_without_evidence_there_is_no_number(seen):
    reader, face = seen
    nowhere = face.maps.maps.clone()
    nowhere[:, face.maps.classes.index("awed")] = -1
    blind = type(face)(**{**vars(face), "maps": type(face.maps)(**{**vars(face.maps), "maps": nowhere})})
    html = tie.tie_panel(reader, blind, "awed")
    assert "nothing to compare" in html
    assert html.count("<td>no evidence</td>") == 6
    assert "<td><b>no evidence</b></td>" in html
    assert "15 pairs" not in html


def test_a_basic_is_tied_to_nothing(seen):
    assert tie.tie_panel(*seen, "happy") == ""


def test_the_tie_is_only_spoken_of_for_the_model_it_was_measured_on(seen):
    reader, face = seen
    assert "own checkpoint, not on this one" not in tie.tie_panel(reader, face, "happily surprised")
    taught, _ = reader.teach("smirking", [face.crop])
    assert "own checkpoint, not on this one" in tie.tie_panel(taught, taught.reread(face), "happily surprised")


def test_a_network_without_the_layer_has_no_column_of_change(seen):
    _, face = seen
    reader = Reader()
    reader.__dict__["neutral"] = None  # as a backbone without the layer has it
    html = tie.tie_panel(reader, face, "awed")
    assert "differs from a neutral face" not in html
    assert "whole face" in html
    assert html.count("<th>") == 4
    torch.testing.assert_close(reader.change(face, ["awed"]).of("awed"), face.maps.of("awed"))
