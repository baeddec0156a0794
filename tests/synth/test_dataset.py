import csv
from dataclasses import replace

import numpy as np
import pytest

from cfer.data.check import describe
from cfer.data.readers import read_data
from cfer.emotions import EXPRESSIONS
from cfer.pictures import PictureError
from cfer.synth.dataset import Plan, Shot, render_folder, render_table, take
from cfer.synth.truth import Truth, encode_truth, read_truth

PLAN = Plan(people=2, per_class=2, first=40, classes=("happy", "sadly angry"), size=64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("faces")
    assert render_folder(PLAN, out) == 0
    return out


def test_a_plan_lists_every_picture_once():
    shots = PLAN.shots()
    assert len(shots) == len(set(shots)) == 8
    assert shots[0] == Shot(40, "happy", 0)
    assert shots[0].name == "person-00040/happy-0"
    assert Shot(3, "happily surprised", 1).name == "person-00003/happily-surprised-1"
    assert len(Plan(3).shots()) == 3 * len(EXPRESSIONS)


@pytest.mark.parametrize("wrong", [{"size": 70}, {"level": "z"}, {"classes": ("bored",)}])
def test_impossible_plans_are_refused(wrong):
    with pytest.raises(ValueError, match=r"multiple of 4|no intensity|no expression"):
        replace(PLAN, **wrong)


def test_the_folder_is_a_data_set(folder):
    table = read_data(folder / "samples.csv")
    assert table.counts() == {"happy": 4, "sadly angry": 4}
    assert {s.person for s in table.samples} == {"person-00040", "person-00041"}
    assert table.source.read(table.samples[0].path).shape == (64, 64, 3)
    assert not table.oddities
    assert any("2 people" in line or "2 persons" in line for line in describe(table))
    with (folder / "samples.csv").open() as file:
        for row in csv.DictReader(file):
            assert read_truth(folder / row["truth"]).expression == row["label"]


def test_a_stopped_run_goes_on(folder, tmp_path):
    seen = []

    def stop(added):
        seen.append(added)
        if sum(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_folder(PLAN, tmp_path, tick=stop)
    assert len(list(tmp_path.rglob("*.jpg"))) == 3
    (tmp_path / "person-00041").mkdir(exist_ok=True)
    (tmp_path / "person-00041" / "happy-0.part").write_bytes(b"half a picture")
    assert render_folder(PLAN, tmp_path) == 3
    names = sorted(p.relative_to(folder) for p in folder.rglob("*.jpg"))
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*.jpg")) == names
    assert (tmp_path / "samples.csv").read_text() == (folder / "samples.csv").read_text()
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_a_folder_of_another_kind_is_left_alone(folder):
    before = sorted(folder.rglob("*"))
    with pytest.raises(ValueError, match="another kind"):
        render_folder(replace(PLAN, level="b"), folder)
    assert sorted(folder.rglob("*")) == before


def test_more_people_can_be_added(folder):
    assert render_folder(replace(PLAN, people=3), folder) == 8
    assert len(read_data(folder / "samples.csv")) == 12


@pytest.mark.slow
def test_memory_holds_the_same_and_processes_do_not_matter(folder):
    ticks = []
    table = render_table(PLAN, processes=2, tick=lambda: ticks.append(1))
    assert len(table) == len(ticks) == 8
    for sample in table.samples:
        there = read_data(folder / "samples.csv").source.read(sample.path)
        assert np.abs(table.source.read(sample.path).astype(int) - there).max() <= 2
        assert read_truth(table.source.read_bytes(sample.truth)).expression == sample.label


def test_truth_survives_coding(tmp_path):
    _, truth = take(Shot(40, "fearfully disgusted", 0), 224)
    path = tmp_path / "a.truth.png"
    path.write_bytes(encode_truth(truth))
    back: Truth = read_truth(path)
    assert back.expression == truth.expression
    assert back.units == pytest.approx(truth.units, abs=1e-4)
    np.testing.assert_allclose(back.landmarks, truth.landmarks, atol=0.006)
    np.testing.assert_array_equal(back.visible, truth.visible)
    np.testing.assert_array_equal(back.regions, truth.regions)
    assert back.pose == pytest.approx(truth.pose, abs=1e-4)
    assert list(back.displacement) == list(truth.displacement)
    for unit, field in truth.displacement.items():
        assert np.corrcoef(field.ravel(), back.displacement[unit].ravel())[0, 1] > 0.93
        assert back.displacement[unit].max() == pytest.approx(field.max(), rel=0.25)


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_what_is_no_truth_is_refused(tmp_path, content):
    path = tmp_path / "x.png"
    if content is None:
        from PIL import Image

        Image.new("L", (8, 8)).save(path)
    else:
        path.write_bytes(content)
    with pytest.raises(PictureError, match="no ground truth"):
        read_truth(path)
    with pytest.raises(PictureError, match="no ground truth"):
        read_truth(tmp_path / "missing.png")


def test_free_performances_are_data_without_a_label(tmp_path):
    plan = replace(PLAN, people=1, per_class=1, free=2)
    render_folder(plan, tmp_path)
    table = read_data(tmp_path / "samples.csv")
    free = [s for s in table.samples if s.label is None]
    assert [s.path for s in free] == ["person-00040/free-0.jpg", "person-00040/free-1.jpg"]
    truths = [read_truth(table.source.read_bytes(str(s.truth))) for s in free]
    assert all(t.expression == "free" and t.units for t in truths)
    assert truths[0].units != truths[1].units
    in_memory = {s.path: s for s in render_table(plan).samples}
    assert {s.path: s for s in table.samples} == in_memory
