"""Reading with somebody's own neutral face as zero."""

import copy

import pytest
import torch
import torch.nn.functional as F

from cfer.pictures import PictureError
from cfer.reading.own_neutral import own_shift, usual_neutral
from cfer.system.resources import EXAMPLES

HAPPY, NEUTRAL, OTHER = (EXAMPLES / name for name in ("2-happy.jpg", "4-surprised.jpg", "8-disgusted.jpg"))


@pytest.fixture(scope="module")
def faces(reader):
    return {path.stem: reader.face(path) for path in (HAPPY, NEUTRAL, OTHER)}


def test_more_pictures_take_more_of_what_is_peculiar_out():
    usual = torch.zeros(3)
    each = torch.tensor([[3.0, 0.0, 1.0]])
    torch.testing.assert_close(own_shift(each, usual), each[0] / 2)
    torch.testing.assert_close(own_shift(each.expand(3, -1), usual), 0.75 * each[0])
    torch.testing.assert_close(own_shift(each, each[0]), torch.zeros(3))


def test_half_of_the_neutral_faces_deviation_is_taken_out_of_answers_units_and_maps(reader, faces):
    own = reader.with_neutral(NEUTRAL)
    checkpoint = reader.checkpoint
    rest = faces[NEUTRAL.stem].features
    deviation = rest - usual_neutral(checkpoint, rest)
    face = own.face(HAPPY)
    corrected = faces[HAPPY.stem].features - deviation / 2
    torch.testing.assert_close(face.features, corrected, atol=1e-5, rtol=1e-4)
    chances = (F.linear(corrected, *checkpoint.head) * face.answer.sharpness).softmax(0)
    assert list(face.probabilities.values()) == pytest.approx(chances.tolist(), abs=1e-4)
    units = reader.unit_strengths(corrected[None])[0]
    assert [u.intensity for u in face.units] == pytest.approx(units.tolist(), abs=1e-4)
    place = checkpoint.model.action_units.index(12)
    wanted = float(checkpoint.model.units.weight[place] @ corrected)
    assert float(face.unit_maps[12].sum()) == pytest.approx(wanted, abs=1e-2)
    assert face.to_dict()["own_neutral"] == 1
    assert "own_neutral" not in faces[HAPPY.stem].to_dict()


def test_without_it_nothing_changes_to_the_last_bit(reader, faces):
    own = reader.with_neutral([NEUTRAL, OTHER])
    assert len(own.neutral_faces) == 2
    assert own.without_neutral() is reader
    assert own.without_neutral().face(HAPPY).probabilities == faces[HAPPY.stem].probabilities
    assert reader.without_neutral() is reader
    assert reader.neutral_faces == ()


def test_lessons_and_adapting_are_as_without_it_and_it_comes_last(reader, faces):
    own = reader.with_neutral(faces[NEUTRAL.stem])
    taught, effect = own.teach("smirking", [OTHER], constituents=("happy", "disgusted"))
    plain, plain_effect = reader.teach("smirking", [OTHER], constituents=("happy", "disgusted"))
    assert effect.verdict == plain_effect.verdict
    assert torch.equal(taught.lessons[0].shots, plain.lessons[0].shots)
    assert taught.without_neutral().face(HAPPY).probabilities == plain.face(HAPPY).probabilities
    again = plain.with_neutral(NEUTRAL)
    assert taught.face(HAPPY).probabilities == pytest.approx(again.face(HAPPY).probabilities, abs=1e-6)
    assert taught.with_lessons(()).face(HAPPY).probabilities == pytest.approx(own.face(HAPPY).probabilities, abs=1e-6)

    adapted, _ = own.adapt([faces[stem] for stem in faces] * 7)
    first, _ = reader.adapt([faces[stem] for stem in faces] * 7)
    assert adapted.face(HAPPY).probabilities == pytest.approx(
        first.with_neutral(NEUTRAL).face(HAPPY).probabilities, abs=1e-6
    )
    assert adapted.unadapted().face(HAPPY).probabilities == pytest.approx(own.face(HAPPY).probabilities, abs=1e-6)


def test_an_earlier_step_and_a_copy_read_for_the_same_person(reader):
    own = reader.with_neutral(NEUTRAL)
    then = own.at_step(3)
    assert len(then.names) == len(reader.at_step(3).names)
    face = then.face(HAPPY)
    chances = (F.linear(face.features, *reader.checkpoint.heads[3]) * face.answer.sharpness).softmax(0)
    assert list(face.probabilities.values()) == pytest.approx(chances.tolist(), abs=1e-3)
    assert then.without_neutral().face(HAPPY).probabilities == reader.at_step(3).face(HAPPY).probabilities
    assert copy.deepcopy(own).face(HAPPY).probabilities == pytest.approx(own.face(HAPPY).probabilities, abs=1e-6)


def test_what_cannot_be_a_neutral_face_is_refused(reader, tmp_path):
    with pytest.raises(PictureError, match="Bring a picture of the neutral face"):
        reader.with_neutral([])
    with pytest.raises(PictureError, match="no file named"):
        reader.with_neutral(tmp_path / "gone.jpg")


def test_usual_is_taken_from_faces_of_the_same_kind(reader, faces, photograph):
    checkpoint = reader.checkpoint
    photographs = checkpoint.domains.shares(checkpoint.checks.x).argmax(1) == 1
    neutral = checkpoint.checks.y == checkpoint.names.index("neutral")
    rows = checkpoint.checks.x[neutral & photographs]
    torch.testing.assert_close(usual_neutral(checkpoint, rows.mean(0)), rows.mean(0))
    rendered = usual_neutral(checkpoint, faces[HAPPY.stem].features)
    assert checkpoint.names[int(F.linear(rendered, *checkpoint.head).argmax())] == "neutral"
    assert int(checkpoint.domains.shares(rendered[None]).argmax()) == 0
