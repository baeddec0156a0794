from types import SimpleNamespace

import pytest
import torch

from cfer.app.tabs.explore import example_paths
from cfer.batch import read_rows
from cfer.checkpoint.checkpoint import ClassInfo
from cfer.checkpoint.sureness import RENDERED, Curve, Sureness, families
from cfer.reading.answer import FAMILY, LABEL, answers_of

NAMES = ("neutral", "happy", "angry", "disgusted", "angrily disgusted")


def asked(logits, *, sureness=None):
    """The answer about one face by a model of five classes that knows no kinds of pictures."""
    checkpoint = SimpleNamespace(classes=tuple(map(ClassInfo.of, NAMES)), sureness=sureness or Sureness(), domains=None)
    reader = SimpleNamespace(checkpoint=checkpoint, families=families([each.parts for each in checkpoint.classes]))
    return answers_of(reader, torch.tensor([logits]), torch.zeros(1, 2))


def test_by_hand():
    chances, (answer,) = asked([0.0, 2.0, 0.0, 0.0, 0.0])
    e = torch.tensor(2.0).exp()
    assert answer.label == "happy"
    assert answer.probability == pytest.approx(float(e / (e + 4)))
    assert chances.sum() == pytest.approx(1)
    assert answer.reliability == pytest.approx(answer.probability)
    assert answer.sureness == "rather"
    assert (answer.family, answer.family_probability, answer.basis) == (("happy",), answer.probability, LABEL)


def test_the_family_is_the_answer_where_only_that_is_sure():
    _, (answer,) = asked([0.0, 0.0, 3.0, 2.9, 3.1])
    assert answer.label == "angrily disgusted"
    assert answer.sureness == "unsure"
    assert answer.basis == FAMILY
    assert answer.family == ("angry", "disgusted")
    p = torch.tensor([0.0, 0.0, 3.0, 2.9, 3.1]).softmax(0)
    assert answer.family_probability == pytest.approx(float(p[2:].sum()))


def test_photographs_are_read_less_sharply_and_answered_the_same():
    plain, (before,) = asked([0.0, 2.0, 1.0, 0.0, 0.0])
    softer, (after,) = asked([0.0, 2.0, 1.0, 0.0, 0.0], sureness=Sureness(photographs=0.5))
    assert after.label == before.label
    assert after.probability < before.probability
    assert (softer.argsort(dim=1, stable=True) == plain.argsort(dim=1, stable=True)).all()


def test_how_often_such_answers_are_right_decides_the_word():
    curves = {kind: Curve(0.0, 1.0, {"happy": 3.0, "other": -3.0}) for kind in ("photographs", "rendered")}
    for logits, word in (([0.0, 2.0, 0.0, 0.0, 0.0], "certain"), ([0.0, 0.0, 0.0, 0.0, 2.0], "unsure")):
        _, (answer,) = asked(logits, sureness=Sureness(curves=curves))
        assert answer.sureness == word


def test_every_door_gives_the_same_answer(reader):
    paths = example_paths()
    rows = read_rows(paths, [path.name for path in paths], reader=reader)
    for path, row in zip(paths, rows, strict=True):
        face = reader.face(path)
        answer, plain = face.answer, face.to_dict()
        assert answer.kind == RENDERED
        assert plain["answer"] == answer.to_dict()
        assert plain["doubts"] == []
        assert row["expression"] == answer.label == face.top
        assert (row["sureness"], row["basis"]) == (answer.sureness, answer.basis)
        assert row["family"] == " or ".join(answer.family)
        assert row["family_probability"] == pytest.approx(answer.family_probability, abs=1e-3)
        assert face.probabilities[face.top] == pytest.approx(answer.probability)
