"""The same folder again after something was changed: computed anew or refused in words, never the old numbers."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_faces import TINY, draw_face
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from cfer.checkpoint import load_checkpoint
from cfer.cli import app
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.emotions import BASICS, EXPRESSIONS
from cfer.evaluation.run import evaluate, kept_outcomes
from cfer.features.table import FeatureTable, extract_features
from cfer.features.teachers import answers_digest
from cfer.learners.teen import Teen
from cfer.network.face_model import FaceModel
from cfer.protocol.protocol import Protocol, Setting
from cfer.training.basic import LEARNED, BasicRun, learn_basic, pictures_learned_by, prepare_basic
from cfer.training.finish_basic import finish_basic
from cfer.training.training_set import FILE, load_saved_material

runner = CliRunner()
SHOWN = ("neutral", "happy", "surprised", "happily surprised")
PROTOCOL = Protocol(folds=3, orders=1, least=10)


def write_people(root: Path, seed: int = 0) -> Path:
    """Twelve people who show four expressions twice each."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(12):
        for name in SHOWN:
            for take in range(2):
                path = f"{person}-{name.replace(' ', '-')}-{take}.png"
                draw_face(EXPRESSIONS[name].constituents or (name,), rng, size=64).save(root / path)
                rows.append({"path": path, "label": name, "person": f"p{person}"})
    write_rows(root / "people.csv", rows)
    return root / "people.csv"


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def shuffled(path: Path, column: str) -> None:
    """A table with one of its columns dealt anew."""
    rows = list(csv.DictReader(path.open()))
    values = np.random.default_rng(1).permutation([row[column] for row in rows])
    write_rows(path, [{**row, column: str(value)} for row, value in zip(rows, values, strict=True)])


@pytest.fixture
def people(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return write_people(tmp_path / "data")


def asked(people: Path, out: Path):
    fixed = ["--already-cropped", "--folds", "3", "--orders", "1", "--processes", "1", "--method", "nearest-mean"]
    return runner.invoke(app, ["evaluate", "--data", str(people), "--shots", "all", "--out", str(out), *fixed])


def last(out: Path) -> float:
    return json.loads((out / "report.json").read_text())["settings"][0]["scores"]["last"][0]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (lambda people: shuffled(people, "label"), "labels: not the same"),
        (lambda people: shuffled(people, "person"), "people: not the same"),
        (lambda people: write_people(people.parent, seed=7), "pictures: not the same"),
    ],
    ids=["labels", "people", "pictures"],
)
def test_an_evaluation_of_other_data_does_not_go_on(people, tmp_path, changed, named):
    out = tmp_path / "out"
    assert asked(people, out).exit_code == 0
    changed(people)
    again = asked(people, out)
    assert again.exit_code == 2
    assert named in again.stderr
    assert "Choose another --out folder" in again.stderr
    assert asked(people, tmp_path / "other").exit_code == 0


def test_pictures_replaced_in_place_give_their_own_features(people, tmp_path, basic_run):
    checkpoint = basic_run[1]
    given = (checkpoint.model, checkpoint.preprocessing)
    cache = tmp_path / "features.safetensors"
    first = extract_features(given[0], read_data(people, cropped=True), given[1], cache)
    write_people(people.parent, seed=7)
    again = extract_features(given[0], read_data(people, cropped=True), given[1], cache)
    fresh = extract_features(given[0], read_data(people, cropped=True), given[1])
    assert not torch.allclose(first.x, again.x)
    torch.testing.assert_close(again.x, fresh.x)


def features_of(people: Path, checkpoint):
    return extract_features(checkpoint.model, read_data(people, cropped=True), checkpoint.preprocessing)


def test_a_learner_that_is_broken_on_purpose_is_run_again(people, tmp_path, basic_run, monkeypatch):
    features, settings = features_of(people, basic_run[1]), (Setting("teen"), Setting("nearest-mean"))
    ticks = []
    right = list(evaluate(features, PROTOCOL, settings, tmp_path))
    list(evaluate(features, PROTOCOL, settings, tmp_path, tick=ticks.append))
    assert ticks == [6]  # all was found

    def answers_with_the_first(self):
        weight, bias = torch.zeros(0), torch.zeros(0)
        weight, bias = whole(self)
        return type(whole(self))(weight * 0, torch.arange(len(bias), 0, -1).float())

    whole = Teen.solved_head
    monkeypatch.setattr(Teen, "solved_head", answers_with_the_first)
    ticks.clear()
    broken = list(evaluate(features, PROTOCOL, settings, tmp_path, tick=ticks.append))
    assert ticks == [3, 1, 1, 1]  # teen's three folds again, the others as they were
    assert not np.array_equal(right[0].predicted, broken[0].predicted)
    np.testing.assert_array_equal(right[3].predicted, broken[3].predicted)
    monkeypatch.undo()
    kept, stale = kept_outcomes(tmp_path, features, PROTOCOL)
    assert {o.setting.method for o in kept} == {"nearest-mean"}  # a report does not mix versions
    assert stale == ["teen_all_0"]


def test_a_prediction_that_was_cut_off_is_made_again(people, tmp_path, basic_run):
    features, settings = features_of(people, basic_run[1]), (Setting("nearest-mean"),)
    whole = list(evaluate(features, PROTOCOL, settings, tmp_path))
    path = tmp_path / "predictions" / "nearest-mean_all_0-1.safetensors"
    path.write_bytes(path.read_bytes()[:-9])
    ticks = []
    again = list(evaluate(features, PROTOCOL, settings, tmp_path, tick=ticks.append))
    assert ticks == [2, 1]
    np.testing.assert_array_equal(whole[1].predicted, again[1].predicted)


@pytest.fixture
def brief(basic_run, drawn_faces, tmp_path) -> Path:
    """A finished run of phase 1 of no epoch."""
    out = tmp_path / "basic"
    shutil.copytree(basic_run[0], out)
    return out


def with_labels_moved(table: SampleTable) -> SampleTable:
    """A data set whose pictures bear the next class's votes."""
    return table.only(
        replace(s, label=BASICS[(BASICS.index(s.label) + 1) % 7], votes=(*s.votes[-1:], *s.votes[:-1]))
        for s in table.samples
        if s.label and s.votes
    )


def test_phase_1_on_other_labels_does_not_take_the_old_network(brief, drawn_faces):
    with pytest.raises(ValueError, match="data, labels: not the same"):
        learn_basic(BasicRun(with_labels_moved(drawn_faces), TINY, "random", brief), progress=False)
    assert learn_basic(BasicRun(drawn_faces, TINY, "random", brief), progress=False)  # the same goes on


def test_a_card_names_the_data_that_the_network_was_learned_from(brief, drawn_faces):
    """What the run says of its data is what the checkpoint says."""
    same = learn_basic(BasicRun(drawn_faces, TINY, "random", brief), progress=False)
    checkpoint = finish_basic(same, BasicRun(drawn_faces, TINY, "random", brief), progress=False)
    one = checkpoint.facts.phases[-1].data[0].fingerprint
    other = finish_basic(same, BasicRun(with_labels_moved(drawn_faces), TINY, "random", brief / "x"), progress=False)
    assert other.facts.phases[-1].data[0].fingerprint != one


def test_another_start_of_the_same_name_is_another_start(drawn_faces, tmp_path):
    model = FaceModel(TINY.backbone, BASICS, seed=1)
    for place, value in (("a", 0.0), ("b", 0.1)):
        (tmp_path / place).mkdir()
        weights = {
            k: v.contiguous() + value * (v.dtype.is_floating_point) for k, v in model.backbone.state_dict().items()
        }
        save_file(weights, str(tmp_path / place / "start.safetensors"))
    settings = replace(TINY, epochs=1)
    out = tmp_path / "run"
    prepare_basic(BasicRun(drawn_faces, settings, str(tmp_path / "a" / "start.safetensors"), out), progress=False)
    with pytest.raises(ValueError, match="start weights: not the same"):
        prepare_basic(BasicRun(drawn_faces, settings, str(tmp_path / "b" / "start.safetensors"), out), progress=False)
    prepare_basic(BasicRun(drawn_faces, settings, str(tmp_path / "a" / "start.safetensors"), out), progress=False)


def test_prepared_material_is_that_of_its_pictures(drawn_faces, tmp_path):
    prepare_basic(BasicRun(drawn_faces, TINY, "random", tmp_path / "one"), progress=False)
    other = with_labels_moved(drawn_faces)
    prepare_basic(BasicRun(other, TINY, "random", tmp_path / "two"), progress=False)
    shutil.copy(tmp_path / "one" / FILE, tmp_path / "two" / FILE)  # brought from the wrong run
    path = prepare_basic(BasicRun(other, TINY, "random", tmp_path / "two"), progress=False)
    assert torch.equal(
        load_saved_material(path).targets.sum(0), load_saved_material(tmp_path / "one" / FILE).targets.sum(0).roll(1)
    )


def test_phase_2_does_not_go_on_over_pictures_that_were_replaced(people, tmp_path, basic_run, ferplus_folder):
    data = tmp_path / "faces"
    shutil.copytree(ferplus_folder, data)
    command = ["train", "continual", "--data", str(data), "--basic", str(basic_run[0]), "--least", "10"]
    command += ["--learner", "closed-form", "--out", str(tmp_path / "out")]
    assert runner.invoke(app, command).exit_code == 0
    assert runner.invoke(app, command).exit_code == 0
    victim = data / "FER2013Train" / "fer0000002.png"
    Image.eval(Image.open(victim), lambda v: 255 - v).save(victim)
    again = runner.invoke(app, command)
    assert again.exit_code == 2
    assert "pictures: not the same" in again.stderr


def test_what_phase_1_learned_from_is_not_tested_on_in_phase_2(tmp_path, basic_run, ferplus_folder):
    """A second data set holds training pictures of the first under other people's names, all in its test part."""
    second = tmp_path / "second"
    rows = []
    for number, path in enumerate(sorted((ferplus_folder / "FER2013Train").glob("*.png"))[:160]):
        second.mkdir(exist_ok=True)
        shutil.copy(path, second / f"{number}.png")
        rows.append(
            {"path": f"{number}.png", "label": BASICS[number // 24 % 7], "person": f"q{number}", "split": "test"}
        )
    write_rows(second / "samples.csv", rows)
    command = ["train", "continual", "--data", str(ferplus_folder), "--data", str(second), "--basic", str(basic_run[0])]
    done = runner.invoke(app, [*command, "--least", "10", "--already-cropped", "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "second: 160 rows are left out" in done.stderr
    assert "No row of second is left" in done.stderr


def test_what_a_start_had_learned_is_not_tested_on_either(tmp_path, basic_run, ferplus_folder):
    """A run of other data, begun from a run over FER+, hands on what that was trained on."""
    other = tmp_path / "other"
    other.mkdir()
    rng = np.random.default_rng(5)
    rows = []
    for person in range(9):
        for name in BASICS:
            path = f"{person}-{name}.png"
            draw_face((name,), rng, size=64).save(other / path)
            rows.append({"path": path, "label": name, "person": f"p{person}"})
    write_rows(other / "samples.csv", rows)
    run = tmp_path / "run"
    command = ["train", "basic", "--data", str(other), "--start", str(basic_run[0]), "--epochs", "0", "--out", str(run)]
    command += ["--backbone", "test_efficientnet", "--input-px", "64", "--frozen-groups", "0", "--already-cropped"]
    done = runner.invoke(app, command)
    assert done.exit_code == 0, done.stderr
    before, now = (set(json.loads((each / LEARNED).read_text())) for each in (basic_run[0], run))
    assert len(before) > 100
    assert before < now
    assert load_checkpoint(run / "checkpoint").facts.phases[-1].name == "basic"
    (run / LEARNED).write_text('["cut')
    with pytest.raises(ValueError, match="is damaged"):
        pictures_learned_by(run)
    (run / LEARNED).unlink()
    assert pictures_learned_by(run) is None


def test_results_without_their_config_belong_to_nobody(brief, drawn_faces, people, tmp_path):
    (brief / "config.json").unlink()
    with pytest.raises(ValueError, match=r"of an earlier run, but not config\.json"):
        learn_basic(BasicRun(with_labels_moved(drawn_faces), TINY, "random", brief), progress=False)
    features = FeatureTable(read_data(people), torch.randn(96, 8, generator=torch.Generator().manual_seed(0)))
    list(evaluate(features, PROTOCOL, (Setting("nearest-mean"),), tmp_path / "out"))
    (tmp_path / "out" / "config.json").unlink()
    with pytest.raises(ValueError, match=r"of an earlier run, but not config\.json"):
        next(evaluate(features, PROTOCOL, (Setting("nearest-mean"),), tmp_path / "out"))


def test_a_prediction_under_another_jobs_name_is_not_that_jobs(people, tmp_path):
    features = FeatureTable(read_data(people), torch.randn(96, 8, generator=torch.Generator().manual_seed(0)))
    settings, out = (Setting("nearest-mean"), Setting("nearest-mean", 1)), tmp_path / "out"
    whole = list(evaluate(features, PROTOCOL, settings, out))
    folder = out / "predictions"
    shutil.copy(folder / "nearest-mean_all_0-0.safetensors", folder / "nearest-mean_1-shot_0-0.safetensors")
    shutil.copy(folder / "nearest-mean_all_0-1.safetensors", folder / "nearest-mean_all_0-1 (1).safetensors")
    found, stale = kept_outcomes(out, features, PROTOCOL)
    assert {o.setting for o in found} == {settings[0]}
    assert stale == ["nearest-mean_1-shot_0"]
    again = list(evaluate(features, PROTOCOL, settings, out))
    assert [o.setting for o in again] == [o.setting for o in whole]
    np.testing.assert_array_equal(again[3].predicted, whole[3].predicted)


def test_a_renamed_table_is_the_same_data(people, tmp_path):
    assert asked(people, tmp_path / "out").exit_code == 0
    people.rename(people.with_name("people-2024.csv"))
    again = asked(people.with_name("people-2024.csv"), tmp_path / "out")
    assert again.exit_code == 0, again.stderr


def test_answers_belong_to_the_order_in_which_they_were_given(tmp_path):
    write_rows(tmp_path / "samples.csv", [{"path": f"{n}.png", "label": "happy"} for n in range(3)])
    for number in range(3):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "teachers.npz").write_bytes(b"1")
    before = answers_digest(read_data(tmp_path))
    write_rows(tmp_path / "samples.csv", [{"path": f"{n}.png", "label": "happy"} for n in (2, 1, 0)])
    assert answers_digest(read_data(tmp_path)) != before


def test_a_finished_run_that_lost_a_file_says_so_or_mends_itself(drawn_faces, tmp_path):
    config = replace(TINY, epochs=1)
    learn_basic(BasicRun(drawn_faces, config, "random", tmp_path), progress=False)
    rows = (tmp_path / "metrics.jsonl").read_text()
    for damage in (rows[:20], None):
        (tmp_path / "metrics.jsonl").unlink() if damage is None else (tmp_path / "metrics.jsonl").write_text(damage)
        learn_basic(BasicRun(drawn_faces, config, "random", tmp_path), progress=False)
        assert (tmp_path / "metrics.jsonl").read_text() == rows
    (tmp_path / "best.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="is gone or damaged"):
        learn_basic(BasicRun(drawn_faces, config, "random", tmp_path), progress=False)
    (tmp_path / "best.safetensors").unlink()
    with pytest.raises(ValueError, match="is gone or damaged"):
        learn_basic(BasicRun(drawn_faces, config, "random", tmp_path), progress=False)
