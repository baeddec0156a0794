import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from drawn_faces import TINY, killed_after
from safetensors.torch import load_file

from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.emotions import BASICS, prototype
from cfer.features.rendered import UNITS, load_rendered
from cfer.features.teachers import AGREEING, SIDES_SWAPPED, load_photograph_crops
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.synth.dataset import Plan, render_table
from cfer.synth.truth import read_truth
from cfer.training.au_supervision import (
    MultiTaskModel,
    Outputs,
    RenderedTruth,
    TeacherAnswers,
    expected_units_loss,
    idle,
    off_place,
    photograph_loss,
    photograph_map_loss,
    rendered_loss,
)
from cfer.training.basic import BasicRun, learn_basic
from cfer.training.batches import photograph_views, rendered_views
from cfer.training.training_set import load_photographs


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
    assert [tuple(k.shape) for k in known] == [(6, len(UNITS)), (6, 68, 2), (6,), (6, len(UNITS), 2, 2)]
    assert torch.equal(before, torch.random.get_rng_state())


def outputs(count: int, **given: torch.Tensor) -> Outputs:
    """Answers that are all zero but for those given."""
    zeros = {
        "logits": (count, 7),
        "units": (count, len(UNITS)),
        "landmarks": (count, 68, 2),
        "blendshapes": (count, 52),
        "unit_maps": (count, len(UNITS), 4, 4),
        "class_maps": (count, 7, 4, 4),
        "levelled": (count, 2, len(UNITS)),
    }
    return Outputs(**{name: given.get(name, torch.zeros(shape)) for name, shape in zeros.items()})


def test_the_loss_by_hand_and_blind_to_faces_without_a_name():
    wanted, landmarks, moved = (
        torch.zeros(2, len(UNITS)),
        torch.full((2, 68, 2), 1.05),
        torch.zeros(2, len(UNITS), 4, 4),
    )
    named = rendered_loss(outputs(2), RenderedTruth(wanted, landmarks, torch.tensor([-1, 4]), moved))
    nameless = rendered_loss(outputs(2), RenderedTruth(wanted, landmarks, torch.tensor([-1, -1]), moved))
    halves = F.binary_cross_entropy(torch.tensor(0.5), torch.tensor(0.0))
    assert float(nameless) == pytest.approx(3 * float(halves) + 8 * (1.05 - 0.025), rel=1e-5)
    assert float(named - nameless) == pytest.approx(0.3 * float(torch.tensor(7.0).log()), rel=1e-4)


def test_a_map_costs_what_lies_off_the_place_that_was_moved():
    moved = torch.zeros(1, 2, 2, 2)
    moved[0, 0, 0, 0] = 1  # the first moved one cell, the second was not performed
    maps = torch.full((1, 2, 2, 2), -50.0)  # softplus of it is nothing
    maps[0, 0, 0, 0], maps[0, 0, 1, 1] = 30, 90  # softplus leaves large numbers as they are: a quarter is in place
    assert float(off_place(maps, moved)) == pytest.approx(math.log(4), rel=1e-6)
    maps[0, 0, 1, 1] = -50
    assert float(off_place(maps, moved)) == pytest.approx(0, abs=1e-6)
    maps[0, 1] = 70
    assert float(off_place(maps, moved)) == pytest.approx(0, abs=1e-6)  # what was not performed has no place
    assert float(idle(maps, moved)) == pytest.approx(4 * 70 / (30 + 1), rel=1e-6)


def test_a_map_without_evidence_is_drawn_to_its_place():
    moved = torch.zeros(1, 1, 2, 2)
    moved[0, 0, 0, 0] = 1
    for value in (0.0, -3.0):
        maps = torch.full((1, 1, 2, 2), value, requires_grad=True)
        cost = off_place(maps, moved)
        assert cost.item() == pytest.approx(math.log(4), rel=1e-6)
        cost.backward()
        assert float(maps.grad[0, 0, 0, 0]) < -0.01
        assert bool((maps.grad.flatten()[1:] > 0.01 / 3).all())


def test_an_expressions_map_belongs_on_what_its_units_moved_together():
    moved = torch.zeros(1, len(UNITS), 4, 4)
    moved[0, 0, 0, 0] = moved[0, 5, 3, 3] = 1
    unit_maps = torch.full((1, len(UNITS), 4, 4), -50.0)
    unit_maps[0, 0, 0, 0] = unit_maps[0, 5, 3, 3] = 50
    truth = RenderedTruth(torch.zeros(1, len(UNITS)), torch.zeros(1, 68, 2), torch.tensor([2]), moved)

    def cost(*cells: tuple[int, int]) -> float:
        class_maps = torch.full((1, 7, 4, 4), -50.0)
        for row, column in cells:
            class_maps[0, 2, row, column] = 50
        return float(rendered_loss(outputs(1, unit_maps=unit_maps, class_maps=class_maps), truth))

    in_place = cost((0, 0), (3, 3))
    assert cost((0, 0)) == pytest.approx(in_place, abs=1e-5)
    assert cost((0, 0), (3, 3), (1, 1), (2, 2)) == pytest.approx(in_place + 0.3 * math.log(2), rel=1e-5)


def test_units_that_agree_with_the_teachers_cost_nothing():
    generator = torch.Generator().manual_seed(0)
    shapes = torch.randn(40, 52, generator=generator)
    units = torch.zeros(40, len(UNITS))
    for unit, numbers in AGREEING:
        units[:, UNITS.index(unit)] = 3 * shapes[:, list(numbers)].mean(1) - 7  # another origin and scale
    answers = TeacherAnswers(torch.full((40, 7), 1 / 7), shapes, torch.zeros(40, 68, 2))
    prior = torch.full((7,), 1 / 7).log()
    agreeing = photograph_loss(outputs(40, units=units, blendshapes=shapes), answers, prior)
    opposed = photograph_loss(outputs(40, units=-units, blendshapes=shapes), answers, prior)
    assert float(agreeing) == pytest.approx(0.5 * float(torch.tensor(7.0).log()), abs=1e-3)
    assert float(opposed - agreeing) == pytest.approx(0.3 * 2, abs=1e-3)


def test_a_units_logit_is_the_mean_of_its_map_and_the_bias():
    face = FaceModel(TINY.backbone, BASICS, seed=1).eval()
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    model = MultiTaskModel(face).eval()
    with torch.no_grad():
        model.units.weight.normal_(generator=torch.Generator().manual_seed(1))
        model.units.bias.fill_(0.3)
        found = model(x)
        torch.testing.assert_close(found.logits, face(x))
    torch.testing.assert_close(found.units, found.unit_maps.mean((2, 3)) + 0.3)
    centred = found.logits - face.head.bias
    torch.testing.assert_close(found.class_maps.mean((2, 3)), centred - centred.mean(1, keepdim=True))
    assert found.landmarks.shape == (2, 68, 2)
    assert found.blendshapes.shape == (2, 52)


def test_what_a_unit_moved_goes_where_the_view_goes(faces):
    config = replace(TINY, preprocessing=Preprocessing(64, 64))
    _, truth = rendered_views(faces, 8, config, torch.Generator().manual_seed(5))
    performed = truth.units > 0.3
    assert performed.any()
    assert bool((truth.moved.sum((2, 3)) > 0)[performed].all())
    assert bool((truth.moved.sum((2, 3)) == 0)[truth.units == 0].all())
    assert float(truth.moved.max()) <= 1


@pytest.fixture(scope="module")
def photographs(rendered, tmp_path_factory):
    """Rendered faces that play photographs, with answers of invented teachers."""
    folder = tmp_path_factory.mktemp("photographs")
    lines = ["path,label,person"]
    for number, sample in enumerate(rendered.samples):
        (folder / f"{number}.jpg").write_bytes(rendered.source.read_bytes(sample.path))
        lines.append(f"{number}.jpg,{sample.label or ''},p{number}")  # some have no label, and no row in the table
    (folder / "samples.csv").write_text("\n".join(lines) + "\n")
    count, generator = len(rendered), np.random.default_rng(0)
    np.savez(
        folder / "teachers.npz",
        basic_logits=generator.normal(size=(count, 7)).astype(np.float16),
        blendshapes=generator.random((count, 52)).astype(np.float16),
        landmarks=np.repeat(np.arange(count, dtype=np.float16)[:, None, None] / 100, 478, 1).repeat(2, 2),
    )
    return read_data(folder)


def test_teachers_answers_stay_with_their_pictures(photographs):
    crops = load_photograph_crops(photographs, Preprocessing(64, 64))
    assert len(photographs) == 6  # of ten rows four have no label
    assert len(crops.rows) == 6
    with np.load(photographs.source.root / "teachers.npz") as file:
        logits = file["basic_logits"].astype(np.float32)
    numbers = [int(photographs.samples[row].path.removesuffix(".jpg")) for row in crops.rows]
    torch.testing.assert_close(crops.basic, torch.from_numpy(logits[numbers]).softmax(1))
    # landmark k of picture n lies at n / 100 of the picture in both directions: one point, told apart by the number
    assert len({round(float(places[0, 0]), 3) for places in crops.landmarks}) == 6


def test_photographs_without_teachers_are_refused(rendered):
    with pytest.raises(ValueError, match=r"no teachers\.npz"):
        load_photograph_crops(rendered, Preprocessing(64, 64))


def test_answers_that_were_cut_off_are_refused_in_words(tmp_path, photographs):
    folder = tmp_path / "cut"
    shutil.copytree(photographs.source.root, folder)
    whole = (folder / "teachers.npz").read_bytes()
    (folder / "teachers.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"no teachers\.npz"):
        load_photograph_crops(read_data(folder), Preprocessing(64, 64))


def test_photographs_are_drawn_by_the_generator_alone(photographs):
    config = replace(TINY, preprocessing=Preprocessing(64, 64))
    drawn = load_photographs(split(photographs), config.preprocessing, progress=False)
    before = torch.random.get_rng_state()
    views, answers = photograph_views(drawn, 6, config, torch.Generator().manual_seed(2))
    again, _ = photograph_views(drawn, 6, config, torch.Generator().manual_seed(2))
    assert torch.equal(views, again)
    assert views.shape == (6, 1, 64, 64)
    assert answers.landmarks.shape == (6, 68, 2)
    assert float(drawn.log_prior.exp().sum()) == pytest.approx(1, abs=1e-3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_in_a_mirror_left_and_right_blendshapes_change_places(photographs):
    config = replace(TINY, preprocessing=Preprocessing(64, 64))
    drawn = load_photographs(split(photographs), config.preprocessing, progress=False)
    sided = torch.zeros(len(drawn.crops.pixels), 52)
    sided[:, 44] = 1  # the left half of a smile
    drawn = replace(drawn, crops=replace(drawn.crops, blendshapes=sided))
    _, answers = photograph_views(drawn, 40, config, torch.Generator().manual_seed(2))
    smiles = answers.blendshapes[:, [44, 45]]
    assert torch.equal(smiles.sum(1), torch.ones(40))
    assert 5 < int(smiles[:, 1].sum()) < 35  # about half of the views are mirrored
    assert sorted(SIDES_SWAPPED) == list(range(52))


@pytest.mark.slow
def test_learning_beside_others_resumes_with_the_same_numbers(
    drawn_faces, rendered, photographs, tmp_path, monkeypatch
):
    config = replace(TINY, epochs=2, rendered_batch=4, photograph_batch=4)
    kept = {"rendered": [rendered], "photographs": split(photographs)}
    learn_basic(BasicRun(drawn_faces, config, "random", tmp_path / "whole", **kept), progress=False)
    with killed_after(5, monkeypatch):
        learn_basic(BasicRun(drawn_faces, config, "random", tmp_path / "parts", **kept), progress=False, save_seconds=0)
    learn_basic(BasicRun(drawn_faces, config, "random", tmp_path / "parts", **kept), progress=False)
    lines = [(tmp_path / part / "metrics.jsonl").read_text() for part in ("whole", "parts")]
    assert lines[0] == lines[1]
    with pytest.raises(ValueError, match="rendered"):
        learn_basic(BasicRun(drawn_faces, config, "random", tmp_path / "whole"), progress=False)


@pytest.mark.slow
def test_a_run_goes_on_from_all_heads_of_another(drawn_faces, rendered, photographs, tmp_path):
    config = replace(TINY, epochs=1, rendered_batch=4, photograph_batch=4)
    kept = {"rendered": [rendered], "photographs": split(photographs)}
    learn_basic(BasicRun(drawn_faces, config, "random", tmp_path / "first", **kept), progress=False)
    still = replace(config, learning_rate=1e-9)
    learn_basic(BasicRun(drawn_faces, still, str(tmp_path / "first"), tmp_path / "second", **kept), progress=False)
    learn_basic(BasicRun(drawn_faces, still, "random", tmp_path / "anew", **kept), progress=False)
    first, second, anew = (load_file(tmp_path / run / "best.safetensors") for run in ("first", "second", "anew"))
    heads = [name for name in first if not name.startswith("face.backbone.")]
    assert any("units" in name for name in heads)
    assert all(torch.allclose(first[name], second[name], atol=1e-4) for name in heads)
    assert not all(torch.allclose(first[name], anew[name], atol=1e-4) for name in heads)


def test_a_run_that_is_damaged_is_no_start(drawn_faces, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "best.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no safetensors file that can be read"):
        learn_basic(BasicRun(drawn_faces, TINY, str(tmp_path / "run"), tmp_path / "out"), progress=False)


def test_expected_units_are_the_published_shares():
    """A reading that says just what the table says of a class has the least loss."""
    happy = F.one_hot(torch.tensor([BASICS.index("happy")]), 7).double()
    shares = torch.tensor([[min(prototype("happy").get(unit, 0.0), 0.9) for unit in UNITS]], dtype=torch.double)
    right = expected_units_loss(torch.logit(shares, eps=1e-6), happy)
    assert right < expected_units_loss(torch.zeros(1, len(UNITS), dtype=torch.double), happy)
    assert right < expected_units_loss(-torch.logit(shares, eps=1e-6), happy)


def test_evidence_in_photographs_is_wanted_where_the_units_show(faces):
    places = faces.landmarks[:1]
    answers = TeacherAnswers(F.one_hot(torch.tensor([BASICS.index("happy")]), 7).float(), torch.zeros(1, 52), places)

    def loss(rows: slice) -> float:
        maps = torch.full((1, len(UNITS), 8, 8), -5.0)
        maps[:, :, rows] = 5.0
        nothing = torch.zeros(1, 7)
        outputs = Outputs(
            nothing, torch.zeros(1, len(UNITS)), places, torch.zeros(1, 52), maps, maps[:, :7], torch.zeros(1, 2, 17)
        )
        return float(photograph_map_loss(outputs, answers))

    assert loss(slice(4, 7)) < loss(slice(0, 3))  # a smile is at the mouth and the cheeks, not on the forehead
