import re
from dataclasses import replace

import numpy as np
import pytest

from cfer.app.server.visitors import Visitor
from cfer.app.tabs.relations import (
    DELETION,
    HEAD,
    MIXTURE,
    UNITS,
    Relations,
    cell,
    matrix,
    matrix_table,
    sources_of,
    summary,
)
from cfer.app.texts import Speech
from cfer.emotions import COMPOUNDS
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.similarity import MEASURES
from cfer.reading.reader import Reader

SAY = Speech()
HEADS, MEAN = f"{GRAD_CAM}, random head", f"{GRAD_CAM}, mean face"


@pytest.fixture(scope="module")
def known():
    found = Reader().measured
    assert found is not None
    return found


@pytest.mark.parametrize("view", [*MEASURES, MIXTURE, HEAD, DELETION, UNITS])
def test_every_view_is_a_matrix_with_a_summary(known, view):
    values = matrix(known, view, HEADS)
    assert values.shape == (15, 6)
    assert np.isfinite(values).all()
    text = matrix_table(known, view, HEADS, SAY)
    assert all(name in text for name in COMPOUNDS)
    words = summary(known, view, GRAD_CAM, Speech())
    if view in MEASURES:
        assert all(Speech()(source) in words for source in sources_of(known).values())


def test_only_likeness_of_maps_has_nulls(known):
    assert not np.array_equal(matrix(known, "cosine", GRAD_CAM), matrix(known, "cosine", MEAN))
    assert np.array_equal(matrix(known, HEAD, GRAD_CAM), matrix(known, HEAD, MEAN))


def test_constituents_are_underlined(known):
    assert matrix_table(known, "cosine", GRAD_CAM, SAY).count('class="own"') == 2 * len(COMPOUNDS)


def test_a_cell_shows_two_mean_maps_and_faces(known):
    shown = cell(known, "awed", "happy", "cosine", GRAD_CAM, SAY)
    assert "not one of its basics" in shown
    assert shown.count("cfer-heat") == 2
    assert shown.count("<img") == 2 + 4
    assert "(one of its basics)" in cell(known, "awed", "fearful", "cosine", GRAD_CAM, SAY)
    changed = cell(known, "awed", "fearful", "cosine", INTEGRATED_GRADIENTS, SAY)
    assert "change from a neutral face" in changed
    assert changed != cell(known, "awed", "fearful", "cosine", GRAD_CAM, SAY)


def test_a_switch_renews_the_matrix_the_words_and_the_chosen_cell(known):
    relations, row = Relations(known), known.compounds.index("awed")
    chosen = (row, known.basics.index("fearful"))
    before = relations.redraw("cosine", GRAD_CAM, chosen, Visitor())
    after = relations.redraw("cosine", INTEGRATED_GRADIENTS, chosen, Visitor())
    assert all(a != b for a, b in zip(before, after, strict=True))
    assert 'aria-pressed="true"' in after[0]
    assert "Choose a cell" in relations.redraw("cosine", GRAD_CAM, None, Visitor())[2]
    assert "(cosine)" in relations.redraw(UNITS, GRAD_CAM, chosen, Visitor())[2]  # the cell has maps alone


def with_likeness(known, sources, value):
    """The same with another likeness of awed and the first basic."""
    row = known.rows["awed"]
    likeness = {s: {m: list(values) for m, values in by.items()} for s, by in row.likeness.items()}
    for source in sources:
        likeness[source]["cosine"][0] = value
    return replace(known, rows={**known.rows, "awed": replace(row, likeness=likeness)})


def test_the_same_number_has_the_same_colour_under_every_null(known):
    sources = (GRAD_CAM, HEADS, MEAN)
    changed = with_likeness(known, sources, 0.5)
    row, shades = known.compounds.index("awed"), set()
    for source in sources:
        sheet = matrix_table(changed, "cosine", source, SAY)
        shades.add(re.search(rf'data-row="{row}" data-column="0"[^>]*background:([^;]+)', sheet).group(1))
    assert len(shades) == 1


def test_a_place_without_evidence_on_any_face_says_so(known):
    sheet = matrix_table(with_likeness(known, (GRAD_CAM,), None), "cosine", GRAD_CAM, SAY)
    assert sheet.count(">no evidence<") == 1


def test_agreement_is_that_of_the_maps_that_are_shown(known):
    whole, changed, null = (
        summary(known, "cosine", source, Speech()) for source in (GRAD_CAM, INTEGRATED_GRADIENTS, HEADS)
    )
    assert "Agreement" not in null
    for words, name in ((whole, f"cosine, {GRAD_CAM}"), (changed, f"cosine, {INTEGRATED_GRADIENTS}")):
        assert f"Spearman {known.agreement[name].spearman[0]:.2f}" in words
