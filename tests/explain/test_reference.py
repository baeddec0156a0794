import numpy as np
import pytest

from cfer.checkpoint import DEFAULT, load_checkpoint, model_digest
from cfer.emotions import COMPOUNDS
from cfer.explain.facs import unit_overlap
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.reference import CompoundRelations, Luck, Reference, Tie
from cfer.explain.relation import SIX, head_likeness
from cfer.explain.similarity import MEASURES


@pytest.fixture(scope="module")
def shipped():
    found = Reference.from_files(load_checkpoint(DEFAULT).measured)
    assert found is not None
    return found


def made_up(own, luck, another, ahead, shuffled=(0.0, -0.1, 0.1)):
    """A reference with one compound, given intervals of its gap, and what a random head gives by luck."""
    gaps = {GRAD_CAM: own, f"{GRAD_CAM}, another person": another, f"{GRAD_CAM}, shuffled backbone": shuffled}
    row = {
        "constituents": ["fearful", "surprised"],
        "gap_less_elsewhere": {GRAD_CAM: {"cosine": ahead}},
        "gap": {name: {"cosine": values} for name, values in gaps.items()},
        "quantiles": {GRAD_CAM: {"cosine": [0.4, 0.6]}, f"{GRAD_CAM}, shuffled backbone": {"cosine": [0.0, 0.1]}},
    }
    heads = {"mean": {"cosine": luck}, "face": {"cosine": [0.0, 0.2]}}
    less = {"mean": {"cosine": luck - 0.05}, "face": {"cosine": [0.0, 0.1]}}
    by_luck = {f"{GRAD_CAM}, random head": Luck(**heads), f"{GRAD_CAM}, head on permuted labels": Luck(**less)}
    return Reference("0", 10, SIX, ("cosine",), {"awed": CompoundRelations.from_dict(row)}, row["gap"], by_luck)


def test_the_shipped_numbers_are_of_the_shipped_model(shipped):
    checkpoint = load_checkpoint(DEFAULT)
    assert shipped.model == model_digest(checkpoint.model)
    assert set(shipped.compounds) == set(COMPOUNDS)
    assert shipped.basics == SIX
    assert set(shipped.measures) == set(MEASURES)
    np.testing.assert_allclose(shipped.units(), unit_overlap(shipped.compounds), atol=1e-3)
    rows = head_likeness(checkpoint.model.head.weight.detach(), checkpoint.names, "awed")
    np.testing.assert_allclose(shipped.heads()[shipped.compounds.index("awed")], rows, atol=1e-3)
    for measure in MEASURES:
        for source in shipped.sources:
            values = shipped.matrix(measure, source)
            assert values.shape == (15, 6)
            known = np.isfinite(values)
            assert known.all() or "shuffled" in source
            # a network that is shuffled in part may give a class no evidence on any face: the tab says "none"
            blank = ~known
            assert (blank <= (blank.all(0)[None] | blank.all(1)[:, None])).all()
            assert (values[known] <= 1).all()
    for kind in (GRAD_CAM, INTEGRATED_GRADIENTS):
        assert shipped.mean_of("awed", "happy", kind)[0].ndim == 2
    assert all(len(faces) == 4 for faces in shipped.faces.values())


@pytest.mark.parametrize(
    ("gaps", "tie"),
    [
        (([-0.1, -0.2, 0.0], 0.1, [0.0, 0.0, 0.0], [-0.1, -0.2, 0.0]), Tie.NONE),
        (([0.2, 0.15, 0.3], 0.16, [0.0, 0.0, 0.0], [0.2, 0.1, 0.3]), Tie.NONE),  # a head that is lucky
        (([0.5, 0.45, 0.55], 0.1, [0.0] * 3, [0.5, 0.4, 0.6], [0.5, 0.4, 0.6]), Tie.NONE),  # the backbone's
        (([0.5, 0.45, 0.55], 0.1, [0.48, 0.42, 0.53], [0.02, -0.01, 0.05]), Tie.EXPRESSIONS),
        (([0.5, 0.45, 0.55], 0.1, [0.48, 0.42, 0.53], [0.02, 0.01, 0.03]), Tie.FACE),
    ],
)
def test_what_ties_a_compound_changes_with_the_evidence(gaps, tie):
    assert made_up(*gaps).tie("awed") is tie


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
    known = made_up([0.5, 0.4, 0.6], 0.1, [0.0, 0.0, 0.0], [0.5, 0.4, 0.6])
    assert words in known.about_one_face("awed", gap)


def test_a_taught_expression_has_nothing_to_be_held_against(shipped):
    assert "nothing to hold the gap against" in shipped.about_one_face("smirking", 0.5)
