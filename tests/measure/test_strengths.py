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
from cfer.checkpoint.strengths import FILE, StrengthScale
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.data.sources import FolderSource
from cfer.data.splits import split
from cfer.features.table import FeatureTable
from cfer.measure.checkpoint import STRENGTH_ERRORS, photograph_strengths
from cfer.measure.strengths import counterparts, fit_scale, measure_strengths, strength_errors
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


def test_shares_are_right_on_average_and_units_of_which_little_is_known_stay() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(4000, 3, generator=generator) * 2 - 4
    noise = torch.randn(4000, generator=generator) / 2
    known = (1.5 * logits[:, 0] + 3 + noise).sigmoid()
    wanted = torch.stack([known, torch.full((4000,), torch.nan), torch.full((4000,), 0.02)], 1)
    scale, offset = fit_scale(logits, wanted)
    error = (scale[0] * logits[:, 0] + offset[0]).sigmoid() - known
    # where the likelihood is greatest the errors are 0 on average, and nothing of them is left along the logits
    assert float(error.mean()) == pytest.approx(0, abs=1e-4)
    assert float((error * logits[:, 0]).mean()) == pytest.approx(0, abs=1e-3)
    assert float(scale[0]) == pytest.approx(1.5, abs=0.1)
    assert scale[1:].tolist() == [1, 1]
    assert offset[1:].tolist() == [0, 0]


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
        rows.append(f"{number}.png,happy,{'test' if number % 3 == 0 else 'train'}")
        shapes[number, 44:46] = 0.5 + number / 60
    (tmp_path / "samples.csv").write_text("\n".join(rows))
    with io.BytesIO() as file:
        np.savez(file, basic_logits=np.zeros((12, 7)), blendshapes=shapes, landmarks=np.zeros((12, 478, 2), np.float32))
        (tmp_path / "teachers.npz").write_bytes(file.getvalue())
    return tmp_path / "samples.csv"


def test_a_checkpoint_that_was_measured_on_photographs_calls_their_units_by_their_scale(
    taught: Path, tmp_path: Path
) -> None:
    plain = replace(load_checkpoint(), measured={})
    out = tmp_path / "run"
    out.mkdir()
    found = photograph_strengths(plain, out, split(read_data(taught)))
    told = json.loads(found[STRENGTH_ERRORS])
    assert told["photographs"] == 4
    measured = Reader(replace(plain, measured=found))
    face = Reader(plain).face(taught.with_name("1.png"))
    smile = {u.number: u.intensity for u in measured.reread(face).units}[12]
    assert smile == pytest.approx(0.5 + 1 / 60, abs=0.06)
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
