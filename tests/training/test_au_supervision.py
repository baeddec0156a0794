from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from drawn_faces import TINY, killed_after

from cfer.emotions import BASICS
from cfer.features.rendered import UNITS, load_rendered
from cfer.model import FaceModel, Preprocessing
from cfer.synth.dataset import Plan, render_table
from cfer.synth.truth import read_truth
from cfer.training.au_supervision import MultiTaskModel, rendered_loss
from cfer.training.basic import learn_basic, rendered_views


@pytest.fixture(scope="module")
def rendered():
    return render_table(Plan(people=2, first=60, classes=("neutral", "happy", "surprised"), free=2, size=160))


@pytest.fixture(scope="module")
def faces(rendered):
    return load_rendered(rendered, Preprocessing(64, 64))


def test_a_rendered_face_brings_its_units_landmarks_and_basic_expression(rendered, faces):
    assert len(faces.pixels) == len(rendered) == 10
    for row, sample in enumerate(rendered.samples):
        truth = read_truth(rendered.source.read_bytes(str(sample.truth)))
        for place, unit in enumerate(UNITS):
            assert float(faces.units[row, place]) == pytest.approx(truth.units.get(unit, 0.0), abs=1e-4)
        assert int(faces.basic[row]) == (BASICS.index(sample.label) if sample.label else -1)


def test_landmarks_lie_where_a_framed_face_has_them(faces):
    eyes, mouth, chin = faces.landmarks[:, 36:48].mean(1), faces.landmarks[:, 48:68].mean(1), faces.landmarks[:, 8]
    assert bool((eyes[:, 1].abs() < 0.5).all())
    assert bool((mouth[:, 1] > eyes[:, 1] + 0.3).all())
    assert bool((chin[:, 1] > mouth[:, 1]).all())
    assert bool((faces.landmarks.abs() < 1.3).all())
    right, left = faces.landmarks[:, 36, 0], faces.landmarks[:, 45, 0]
    assert bool((right < left - 0.4).all())


def test_data_without_truth_is_refused(rendered):
    with pytest.raises(ValueError, match="no rendered face"):
        load_rendered(rendered.only(replace(s, truth=None) for s in rendered.samples), Preprocessing(64, 64))


def test_views_are_drawn_by_the_generator_alone(faces):
    config = replace(TINY, preprocessing=Preprocessing(64, 64))
    before = torch.random.get_rng_state()
    (one, known), (two, _) = (rendered_views(faces, 6, config, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert one.shape == (6, 1, 64, 64)
    assert [tuple(k.shape) for k in known] == [(6, len(UNITS)), (6, 68, 2), (6,)]
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_loss_by_hand_and_blind_to_faces_without_a_name():
    logits, units, places = torch.zeros(2, 7), torch.zeros(2, len(UNITS)), torch.zeros(2, 68, 2)
    wanted, landmarks = torch.zeros(2, len(UNITS)), torch.full((2, 68, 2), 1.05)
    named = rendered_loss(logits, units, places, wanted, landmarks, torch.tensor([-1, 4]))
    nameless = rendered_loss(logits, units, places, wanted, landmarks, torch.tensor([-1, -1]))
    halves = F.binary_cross_entropy(torch.tensor(0.5), torch.tensor(0.0))
    assert float(nameless) == pytest.approx(3 * float(halves) + 8 * (1.05 - 0.025), rel=1e-5)
    assert float(named - nameless) == pytest.approx(0.3 * float(torch.tensor(7.0).log()), rel=1e-4)


def test_the_expression_logits_are_the_face_models_own():
    face = FaceModel(TINY.backbone, BASICS, seed=1).eval()
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits, units, landmarks = MultiTaskModel(face).eval()(x)
        torch.testing.assert_close(logits, face(x))
    assert units.shape == (2, len(UNITS))
    assert landmarks.shape == (2, 68, 2)


@pytest.mark.slow
def test_learning_beside_rendered_faces_resumes_with_the_same_numbers(drawn_faces, rendered, tmp_path, monkeypatch):
    config = replace(TINY, epochs=2, rendered_batch=4)
    kept = {"rendered": rendered, "progress": False}
    learn_basic(drawn_faces, config, "random", tmp_path / "whole", **kept)
    with killed_after(5, monkeypatch):
        learn_basic(drawn_faces, config, "random", tmp_path / "parts", **kept, save_seconds=0)
    learn_basic(drawn_faces, config, "random", tmp_path / "parts", **kept)
    lines = [(tmp_path / part / "metrics.jsonl").read_text() for part in ("whole", "parts")]
    assert lines[0] == lines[1]
    with pytest.raises(ValueError, match="rendered"):
        learn_basic(drawn_faces, config, "random", tmp_path / "whole", progress=False)
