"""How strong action units are called in photographs."""

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cfer.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from cfer.checkpoint.strengths import FILE, StrengthScale, anatomical
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.data.sources import FolderSource
from cfer.data.splits import split
from cfer.emotions import PRESENT
from cfer.features.table import FeatureTable
from cfer.measure import strengths
from cfer.measure.checkpoint import STRENGTH_ERRORS, photograph_strengths
from cfer.measure.strengths import CLEAR, FALSE_ALARMS, counterparts, fit_scale, measure_strengths, strength_errors
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.reading.reader import Reader


def test_a_photographs_logits_are_scaled_and_a_rendered_faces_are_not() -> None:
    scale = StrengthScale(torch.tensor([1.0, 0.0]), torch.tensor(0.0), torch.tensor([2.0]), torch.tensor([3.0]))
    features = torch.tensor([[0.0, 5.0], [1.0, 5.0], [0.5, 0.0], [1.7, 0.0], [-1.0, 0.0]])
    found = scale(torch.full((5, 1), -4.0), features)
    # rendered, photograph (2 * -4 + 3), half-way, more than a photograph, less than a rendered face
    assert found[:, 0].tolist() == pytest.approx([-4.0, -5.0, -4.5, -5.0, -4.0])


def test_it_comes_back_from_its_bytes_and_knows_what_it_fits() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = ((8,), (), (3,), (3,))
    scale = StrengthScale(*(torch.randn(shape, generator=generator) for shape in shapes))
    again = StrengthScale.from_bytes(scale.to_bytes())
    assert torch.equal(again.direction, scale.direction)
    assert torch.equal(again.offset, scale.offset)
    assert scale.fits(units=3, features=8)
    assert not scale.fits(units=4, features=8)


def test_counterparts_are_the_mean_of_both_sides_and_the_largest_of_several() -> None:
    shapes = torch.zeros(1, 52)
    shapes[0, 44], shapes[0, 45] = 0.4, 0.8  # mouthSmile, left and right
    shapes[0, 25], shapes[0, 34], shapes[0, 35] = 0.3, 0.5, 0.7  # jawOpen; mouthLowerDown
    found = counterparts(shapes, (12, 25, 26, 17))[0].tolist()
    assert found[:3] == pytest.approx([0.6, 0.6, 0.3])
    assert math.isnan(found[3])


def test_few_neutral_photographs_show_a_unit_and_plain_expressions_show_it_clearly() -> None:
    generator = torch.Generator().manual_seed(1)
    labels = [*["neutral"] * 2000, *["happy"] * 1000, *["angry"] * 1000]
    logits = torch.randn(4000, 3, generator=generator) * torch.tensor([2.0, 0.5, 1.0]) - 4
    logits[2000:3000, 0] += 5  # lip corners, of happy faces
    logits[3000:, 1] += 1.5  # lip pressor, of angry ones
    units = (12, 24, 11)  # nobody's expression usually shows the nasolabial deepener
    scale, offset = fit_scale(logits, labels, units)
    called = (scale * logits + offset).sigmoid()
    present = (called >= PRESENT).float()
    assert present[:2000].mean(0).tolist() == pytest.approx([FALSE_ALARMS] * 3, abs=1e-3)
    for place, rows in ((0, slice(2000, 3000)), (1, slice(3000, 4000))):
        shown = called[rows, place][called[rows, place] > PRESENT]
        assert float(shown.median()) == pytest.approx(CLEAR, abs=0.01)
    spread = logits[:2000].std(0)
    assert float(scale[2] * spread[2]) == pytest.approx(float((scale * spread)[:2].sort().values[0]), rel=1e-3)
    assert [x.tolist() for x in fit_scale(logits[2000:], labels[2000:], units)] == [[1, 1, 1], [0, 0, 0]]


def test_a_face_shows_what_a_face_can_show() -> None:
    strengths = torch.tensor([[0.2, 0.8, 0.9, 0.4], [0.9, 0.5, 0.2, 0.9], [0.1, 0.1, 0.4, 0.7]])
    found = anatomical(strengths, (25, 26, 5, 7), 0.3)
    assert found[:, 0].tolist() == pytest.approx([0.8, 0.9, 0.1])  # a dropped jaw parts the lips
    assert found[0, 2:].tolist() == pytest.approx([0.9, 0.297])  # the weaker of two that contradict each other
    assert found[1, 2:].tolist() == pytest.approx([0.2, 0.9])
    assert found[2, 2:].tolist() == pytest.approx([0.297, 0.7])
    assert torch.equal(anatomical(strengths, (1, 2, 4, 6), 0.3), strengths)


def test_what_is_told_is_counted_by_hand() -> None:
    before = torch.tensor([[0.1, 0.9], [0.2, 0.9], [0.4, 0.9]])
    after = torch.tensor([[0.2, 0.9], [0.4, 0.9], [0.8, 0.9]])
    wanted = torch.tensor([[0.1, torch.nan], [0.5, torch.nan], [0.9, torch.nan]])
    told = strength_errors(before, after, wanted, (12, 17), ["neutral", "happy", "happy"])
    assert told["photographs"] == 3
    assert set(told["units"]) == {"12"}
    unit = told["units"]["12"]
    assert unit["error"] == pytest.approx([0.8 / 3, 0.3 / 3], abs=1e-4)
    assert unit["present"] == pytest.approx({"MediaPipe": 2 / 3, "before": 1 / 3, "after": 2 / 3}, abs=1e-4)
    assert told["expressions"]["neutral"] == {"12": {"MediaPipe": 0, "before": 0, "after": 0}}
    assert told["expressions"]["happy"] == {"12": {"MediaPipe": 1, "before": 0.5, "after": 1}}


@pytest.fixture
def taught(photograph: np.ndarray, tmp_path: Path) -> Path:
    """Pictures of one face in several lights, in two parts, with answers."""
    rows, shapes = ["path,label,split"], np.full((12, 52), 0.01, np.float32)
    for number in range(12):
        light = 0.5 + number / 24
        Image.fromarray((photograph[:300, 100:400] * light).astype(np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,neutral,{'test' if number % 3 == 0 else 'train'}")
        shapes[number, 44:46] = 0.5 + number / 60
    (tmp_path / "samples.csv").write_text("\n".join(rows))
    with io.BytesIO() as file:
        np.savez(file, basic_logits=np.zeros((12, 7)), blendshapes=shapes, landmarks=np.zeros((12, 478, 2), np.float32))
        (tmp_path / "teachers.npz").write_bytes(file.getvalue())
    return tmp_path / "samples.csv"


def test_a_checkpoint_that_was_measured_on_photographs_calls_their_units_by_their_scale(
    taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strengths, "FEWEST", 4)
    plain = replace(load_checkpoint(), measured={})
    out = tmp_path / "run"
    out.mkdir()
    found = photograph_strengths(plain, out, split(read_data(taught)))
    told = json.loads(found[STRENGTH_ERRORS])
    assert told["photographs"] == 4
    measured = Reader(replace(plain, measured=found))
    face = Reader(plain).face(taught.with_name("1.png"))
    smile, before = ({u.number: u.intensity for u in r.reread(face).units}[12] for r in (measured, Reader(plain)))
    assert plain.model.units is not None
    logits = plain.model.units(face.features[None])
    wanted = StrengthScale.from_bytes(found[FILE])(logits, face.features[None]).sigmoid()
    assert smile == pytest.approx(float(wanted[0, plain.model.action_units.index(12)]), abs=1e-5)
    assert smile != pytest.approx(before, abs=1e-3)
    again = measured.reread(face).unit_maps[12]
    assert torch.equal(again, face.unit_maps[12])  # the evidence stays what it was
    assert photograph_strengths(measured.checkpoint, out, None) == found  # measuring without photographs keeps them


def test_a_scale_of_another_network_is_not_loaded(tmp_path: Path) -> None:
    strange = StrengthScale(torch.zeros(3), torch.tensor(0.0), torch.ones(17), torch.zeros(17))
    checkpoint = replace(load_checkpoint(), measured={FILE: strange.to_bytes()})
    save_checkpoint(checkpoint, tmp_path / "saved", "card")
    with pytest.raises(CheckpointError, match="strengths of action units"):
        load_checkpoint(tmp_path / "saved")


def test_without_action_units_there_is_nothing_to_fit() -> None:
    checkpoint = replace(load_checkpoint(), model=FaceModel(BackboneConfig("test_efficientnet"), ("a", "b")))
    nothing = FeatureTable(SampleTable("none", FolderSource(Path()), ()), torch.zeros(0, 4))
    with pytest.raises(ValueError, match="reads no action units"):
        measure_strengths(checkpoint, nothing)


def test_photographs_without_a_test_part_are_refused_in_words(taught: Path) -> None:
    table = read_data(taught)
    one_part = table.only(s for s in table.samples if s.split == "train")
    features = FeatureTable(one_part, torch.zeros(len(one_part), 1024))
    with pytest.raises(ValueError, match="No photograph with a face is in the test part"):
        measure_strengths(load_checkpoint(), features)


def test_they_are_refused_before_their_features_are_computed(taught: Path, tmp_path: Path) -> None:
    table = read_data(taught)
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(ValueError, match="No photograph with a face is in the train part"):
        photograph_strengths(load_checkpoint(), run, table.only(s for s in table.samples if s.split == "test"))
    assert not list(run.iterdir())
