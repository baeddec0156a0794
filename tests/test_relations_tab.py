import numpy as np
import pytest

from cfer.app.explore import relation_words
from cfer.app.relations import DELETION, HEAD, MIXTURE, SOURCES, UNITS, cell, matrix, styled, summary
from cfer.emotions import COMPOUNDS
from cfer.explain.reference import reference
from cfer.explain.similarity import MEASURES
from cfer.reader import Reader


@pytest.fixture(scope="module")
def known():
    found = reference()
    assert found is not None
    return found


@pytest.mark.parametrize("view", [*MEASURES, MIXTURE, HEAD, DELETION, UNITS])
def test_every_view_is_a_matrix_with_a_summary(known, view):
    values = matrix(known, view, "random head")
    assert values.shape == (15, 6)
    assert np.isfinite(values).all()
    text = styled(known, values).to_html()
    assert all(name in text for name in COMPOUNDS)
    words = summary(known, view)
    if view in MEASURES:
        assert all(source in words for source in SOURCES.values())


def test_only_likeness_of_maps_has_nulls(known):
    assert not np.array_equal(matrix(known, "cosine", "own"), matrix(known, "cosine", "mean face"))
    assert np.array_equal(matrix(known, HEAD, "own"), matrix(known, HEAD, "mean face"))


def test_constituents_are_underlined(known):
    values = matrix(known, "cosine", "own")
    underlined = styled(known, values).to_html().count("underline")
    assert underlined >= 1
    own = sum(len(known.facts["compounds"][c]["constituents"]) for c in COMPOUNDS)
    assert own == 30


def test_a_cell_shows_two_mean_maps_and_faces(known):
    shown = cell(known, "awed", "happy", "cosine")
    assert "not a constituent" in shown
    assert shown.count("cfer-heat") == 2
    assert shown.count("rendered face") == 4
    assert "a constituent" in cell(known, "awed", "fearful", "cosine")


def test_the_tie_is_only_spoken_of_for_the_model_it_was_measured_on(photograph, basic_run):
    reader = Reader()
    face = reader.read(photograph).faces[0]
    assert "gap" in relation_words(reader, face, "happily surprised")
    assert relation_words(reader, face, "happy") == ""
    other = Reader(basic_run[1])
    assert relation_words(other, other.read_crop(photograph[40:220, 130:310]), "happy") == ""
    taught, _ = reader.teach("smirking", [face.crop])
    assert relation_words(taught, taught.reread(face), "happily surprised") == ""
