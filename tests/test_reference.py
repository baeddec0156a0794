import numpy as np
import pytest

from cfer.checkpoint import DEFAULT, load_checkpoint, model_digest
from cfer.emotions import COMPOUNDS
from cfer.explain.facs import unit_overlap
from cfer.explain.reference import Reference, reference
from cfer.explain.relation import SIX, head_likeness
from cfer.explain.similarity import MEASURES


@pytest.fixture(scope="module")
def shipped():
    found = reference()
    assert found is not None
    return found


def made_up(own, random_head, another, shuffled=(0.0, -0.1, 0.1)):
    """A reference with one compound and given intervals of its gap."""
    gaps = {"own": own, "random head": random_head, "another person": another, "shuffled backbone": shuffled}
    row = {
        "constituents": ["fearful", "surprised"],
        "gap": {name: {"cosine": values} for name, values in gaps.items()},
        "null_quantiles": {"own": {"cosine": [0.4, 0.6]}, "random head": {"cosine": [0.0, 0.2]}}
        | {"shuffled backbone": {"cosine": [0.0, 0.1]}},
    }
    return Reference("0", 10, SIX, ("cosine",), {"compounds": {"awed": row}, "overall": gaps})


def test_the_shipped_numbers_are_of_the_shipped_model(shipped):
    checkpoint = load_checkpoint(DEFAULT)
    assert shipped.model == model_digest(checkpoint.model)
    assert shipped.compounds == COMPOUNDS
    assert shipped.basics == SIX
    assert set(shipped.measures) == set(MEASURES)
    np.testing.assert_allclose(shipped.units(), unit_overlap(COMPOUNDS), atol=1e-3)
    rows = head_likeness(checkpoint.model.head.weight.detach(), checkpoint.names, "awed")
    np.testing.assert_allclose(shipped.heads()[COMPOUNDS.index("awed")], rows, atol=1e-3)
    for measure in MEASURES:
        for source in shipped.sources:
            values = shipped.matrix(measure, source)
            assert values.shape == (15, 6)
            assert np.isfinite(values).all()
            assert (values <= 1).all()


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        (([-0.1, -0.2, 0.0], [0.0, -0.1, 0.1], [0.0, 0.0, 0.0]), "No evidence"),
        (([0.2, 0.05, 0.3], [0.0, -0.1, 0.1], [0.0, 0.0, 0.0]), "No evidence"),  # not above the random head's interval
        (([0.5, 0.45, 0.55], [0.0, -0.1, 0.1], [0.0, 0.0, 0.0], [0.5, 0.4, 0.6]), "No evidence"),  # nor the backbone's
        (([0.5, 0.45, 0.55], [0.0, -0.1, 0.1], [0.48, 0.42, 0.53]), "just as much when the basics' maps"),
        (([0.5, 0.45, 0.55], [0.0, -0.1, 0.1], [0.2, 0.15, 0.25]), "on the same face more than across people"),
    ],
)
def test_the_sentence_changes_with_the_evidence(gaps, words):
    assert words in made_up(*gaps).verdict("awed")


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (None, "nothing to compare"),
        (-0.3, "No evidence here beyond what any two maps of a face share"),
        (0.15, "No evidence here beyond"),
        (0.3, "less than usual"),
        (0.5, "as usual"),
    ],
)
def test_a_face_is_held_against_faces_with_nothing_to_find(gap, words):
    known = made_up([0.5, 0.4, 0.6], [0.0, -0.1, 0.1], [0.0, 0.0, 0.0])
    assert words in known.about_one_face("awed", gap)


def test_a_taught_expression_has_nothing_to_be_held_against(shipped):
    assert "nothing to hold the gap against" in shipped.about_one_face("smirking", 0.5)
