import pytest
import torch

from cfer.app.panels.map_kinds import unit_parts
from cfer.app.tabs.explore import example_paths
from cfer.emotions import BASICS, prototype
from cfer.explain.composition import compose
from cfer.explain.maps import Composed, by_units
from cfer.explain.relation import SIX


@pytest.fixture(scope="module")
def faces(reader):
    return [reader.read(path).faces[0] for path in example_paths()]


def test_shares_add_up_to_what_sets_the_face_apart_from_a_neutral_one(reader, faces):
    head = reader.checkpoint.model.head
    for face in faces[:3]:
        moved = face.maps.features[0] - reader.neutral_features
        scores = head.weight @ moved
        scores = scores - scores.mean()
        for name in (face.top, "happy", "awed"):
            found = face.composition(name)
            assert found.total == pytest.approx(float(scores[reader.names.index(name)]), abs=2e-3)


def test_by_hand():
    """Two features, one unit that reads the first; a head of two classes."""
    composed = Composed(torch.tensor([[2.0], [0.0]]), torch.tensor([[0.0, 1.0], [0.0, -1.0]]))
    moved = torch.tensor([1.5, 0.5]), torch.tensor([1.5])  # the unit moved by 1.5
    found = compose("happily surprised", 0, ("happy", "surprised"), composed, [12], moved, dict.fromkeys(SIX, 0.1))
    assert found.units[0].evidence == pytest.approx((2 - 1) * 1.5)  # less the mean over the classes
    assert found.units[0].of == ("happy",)
    assert found.beyond == pytest.approx(0.5)
    assert [(piece.kind, piece.of) for piece in found.pieces] == [("muscles", ("happy",)), ("beyond", ())]
    assert [piece.share for piece in found.pieces] == pytest.approx([1.5 / 2.0, 0.5 / 2.0])
    assert found.pair_sum == pytest.approx(0.2)


def test_the_plain_sum_of_two_basics_has_its_place_among_all_pairs():
    composed = Composed(torch.zeros(1, 1), torch.zeros(1, 2))
    basics = dict(zip(SIX, (0.3, 0.05, 0.25, 0.1, 0.2, 0.1), strict=True))
    found = compose("x", 0, ("happy", "surprised"), composed, [12], (torch.zeros(2), torch.zeros(1)), basics)
    assert found.pair_sum == pytest.approx(0.5)
    assert found.pair_place == 2  # after happy and fearful


def test_a_missing_muscle_speaks_for_a_class_but_is_nobodys(faces):
    for face in faces:
        for unit in face.composition(face.top).units:
            assert unit.shown or unit.of == ()
            for who in unit.of:
                assert unit.number in prototype(who)


def test_the_muscles_of_what_is_performed_speak_for_it(faces):
    """Rendered faces perform the prototypes: most of what muscles say for the answer is its basics' own."""
    for face in faces:
        pieces = face.composition(face.top).pieces
        assert sum(piece.share for piece in pieces) == pytest.approx(1)
        muscles = [piece for piece in pieces if piece.kind in {"muscles", "other", "absent"}]
        own = sum(piece.share for piece in muscles if piece.kind == "muscles")
        assert own > 0.5 * sum(piece.share for piece in muscles)


def test_a_muscle_at_rest_is_a_piece_of_its_own_and_the_last():
    composed = Composed(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.zeros(2, 2))
    moved = torch.zeros(2), torch.tensor([1.0, -1.0])  # one unit more at work than in a neutral face, one less
    found = compose("happy", 0, (), composed, [12, 4], moved, dict.fromkeys(SIX, 0.1))
    assert [(piece.kind, piece.share) for piece in found.pieces] == [("muscles", 0.5), ("absent", 0.5)]


def test_maps_of_muscles_sum_to_the_evidence_that_the_composition_has(reader, faces, photograph):
    for face in (faces[0], reader.face(photograph)):
        made = face.composition(face.top)
        evidence = {unit.number: unit.evidence for unit in made.units}
        parts = unit_parts(reader, face, face.top)
        for number, raw in parts:
            if isinstance(number, int):
                assert float(raw.sum()) == pytest.approx(evidence[number], abs=1e-3)
        assert float(sum(raw.sum() for _, raw in parts)) == pytest.approx(made.total, abs=5e-3)


def test_neutral_is_made_of_nothing(faces):
    assert faces[0].composition("neutral") is None


def test_weights_over_faces_leave_less_unexplained_than_over_all_directions(reader):
    model, x = reader.checkpoint.model, reader.checkpoint.checks.x
    x = x - x.mean(0)
    plain, weighed = (by_units(model, given).left @ x.T for given in (None, reader.checkpoint.checks.x))
    assert (weighed.square().sum(1) < plain.square().sum(1)).all()


def test_basics_are_renormalised(faces):
    for face in faces:
        assert tuple(face.basics) == BASICS
        assert sum(face.basics.values()) == pytest.approx(1)
