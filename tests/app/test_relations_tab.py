import json
import re
from dataclasses import replace

import numpy as np
import pytest

from cfer.app.relations import DELETION, HEAD, MIXTURE, UNITS, cell, matrix, sources_of, styled, summary
from cfer.emotions import COMPOUNDS
from cfer.explain.reference import CHANGE, WHOLE
from cfer.explain.similarity import MEASURES
from cfer.reader import Reader

HEADS, MEAN = f"{WHOLE}, random head", f"{WHOLE}, mean face"


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
    text = styled(known, view, HEADS).to_html()
    assert all(name in text for name in COMPOUNDS)
    words = summary(known, view)
    if view in MEASURES:
        assert all(source in words for source in sources_of(known).values())


def test_only_likeness_of_maps_has_nulls(known):
    assert not np.array_equal(matrix(known, "cosine", WHOLE), matrix(known, "cosine", MEAN))
    assert np.array_equal(matrix(known, HEAD, WHOLE), matrix(known, HEAD, MEAN))


def test_constituents_are_underlined(known):
    underlined = styled(known, "cosine", WHOLE).to_html().count("underline")
    assert underlined >= 1
    own = sum(len(known.facts["compounds"][c]["constituents"]) for c in COMPOUNDS)
    assert own == 30


def test_a_cell_shows_two_mean_maps_and_faces(known):
    shown = cell(known, "awed", "happy", "cosine")
    assert "not a constituent" in shown
    assert shown.count("cfer-heat") == 2
    assert shown.count("rendered face") == 4
    assert "a constituent" in cell(known, "awed", "fearful", "cosine")
    changed = cell(known, "awed", "fearful", "cosine", CHANGE)
    assert "change from neutral" in changed
    assert changed != cell(known, "awed", "fearful", "cosine")


def test_the_same_number_has_the_same_colour_under_every_null(known):
    facts, sources = json.loads(json.dumps(known.facts)), (WHOLE, HEADS, MEAN)
    for source in sources:
        facts["compounds"]["awed"]["likeness"][source]["cosine"][0] = 0.5
    changed = replace(known, facts=facts)
    row = known.compounds.index("awed")
    shades = set()
    for source in sources:
        sheet = styled(changed, "cosine", source).to_html(table_uuid="t")
        shades.add(re.search(rf"#T_t_row{row}_col1\b[^{{]*{{\s*background-color: ([^;]+)", sheet).group(1))
    assert len(shades) == 1


def test_a_place_without_evidence_on_any_face_says_none(known):
    facts = json.loads(json.dumps(known.facts))
    facts["compounds"]["awed"]["likeness"][WHOLE]["cosine"][0] = None
    assert styled(replace(known, facts=facts), "cosine", WHOLE).to_html().count(">none<") == 1


def test_agreement_is_that_of_the_maps_that_are_shown(known):
    whole, changed, null = (summary(known, "cosine", source) for source in (WHOLE, CHANGE, HEADS))
    assert "Agreement" not in null
    for words, name in ((whole, f"cosine, {WHOLE}"), (changed, f"cosine, {CHANGE}")):
        assert f"Spearman {known.facts['agreement_with_facs'][name]['spearman'][0]:.2f}" in words
