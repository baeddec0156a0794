import json
import zipfile

import numpy as np
import pytest
from drawn_faces import draw_face
from PIL import Image
from typer.testing import CliRunner

from cfer.checkpoint import DEFAULT, load_checkpoint
from cfer.cli import app
from cfer.emotions import BASICS, EXPRESSIONS
from cfer.system.resources import EXAMPLES

runner = CliRunner()


@pytest.fixture(scope="module")
def pictures(photograph, tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    Image.fromarray(photograph).save(root / "astronaut.png")
    Image.fromarray(photograph[40:220, 130:310]).save(root / "crop.png")
    Image.new("RGB", (200, 200), "grey").save(root / "empty.png")
    (root / "broken.jpg").write_bytes(b"not a picture")
    return root


def test_read_prints_one_json_line_a_picture(pictures):
    names = ["astronaut.png", "empty.png", "broken.jpg"]
    result = runner.invoke(app, ["read", "--json", *(str(pictures / n) for n in names)])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 2  # one could not be read
    assert [line["path"] for line in lines] == [str(pictures / n) for n in names]
    assert [line["error"] for line in lines[:2]] == [None, None]
    assert "not a picture" in lines[2]["error"]
    assert [len(line["faces"]) for line in lines] == [1, 0, 0]
    (face,) = lines[0]["faces"]
    assert {line["schema_version"] for line in lines} == {3}
    assert set(face) == {"answer", "doubts", "box", "score", "probabilities", "action_units"}
    assert len(face["box"]) == 4
    assert set(BASICS) <= set(face["probabilities"]) <= set(EXPRESSIONS)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_read_takes_crops_whole_and_speaks_in_words(pictures):
    result = runner.invoke(app, ["read", "--already-cropped", str(pictures / "crop.png")])
    assert result.exit_code == 0
    assert "happy" in result.stdout
    result = runner.invoke(app, ["read", str(pictures / "empty.png")])
    assert "no face found" in result.stdout


def test_a_folder_that_is_no_checkpoint_is_refused_in_words(pictures):
    result = runner.invoke(app, ["read", str(pictures / "crop.png"), "--checkpoint", str(pictures)])
    assert result.exit_code == 2
    assert "is not a checkpoint" in result.stderr


def test_check_data_speaks_plainly(ferplus_folder, pictures):
    result = runner.invoke(app, ["check-data", str(ferplus_folder)])
    assert result.exit_code == 0
    assert "296 pictures" in result.stdout
    result = runner.invoke(app, ["check-data", str(pictures)])
    assert result.exit_code == 2
    assert "No folder bears the name of an expression" in result.stderr


def test_teach_measures_and_saves(pictures, tmp_path):
    crop = str(pictures / "crop.png")
    base = ["teach", "beaming", crop, "--already-cropped", "--part", "happy"]
    another = str(next(EXAMPLES.glob("*.jpg")))
    result = runner.invoke(app, [*base, "--check", another, "--out", str(tmp_path / "taught")])
    assert result.exit_code == 0, result.output
    assert "old classes, mean" in result.stdout
    assert "harmonic mean" in result.stdout
    assert load_checkpoint(tmp_path / "taught").names[-1] == "beaming"
    assert "cannot be measured from one picture" in runner.invoke(app, base).stdout


def test_lessons_are_saved_shown_merged_and_applied(pictures, tmp_path):
    crop, one, two = str(pictures / "crop.png"), tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    taught = runner.invoke(app, ["teach", "beaming", crop, "--already-cropped", "--lesson-file", str(one)])
    assert taught.exit_code == 0, taught.output
    assert "verdict: " in taught.stdout
    blend = ["teach", "smirking", "--part", "happy", "--part", "disgusted", "--eager", "careful"]
    assert runner.invoke(app, [*blend, "--lesson-file", str(two)]).exit_code == 0
    both = tmp_path / "both.safetensors"
    assert "2 lessons" in runner.invoke(app, ["lessons", "merge", str(one), str(two), "--out", str(both)]).stdout
    rows = [json.loads(line) for line in runner.invoke(app, ["lessons", "show", str(both)]).stdout.splitlines()]
    assert [(row["name"], row["pictures"], row["eager"]) for row in rows] == [
        ("beaming", 1, "balanced"),
        ("smirking", 0, "careful"),
    ]
    assert runner.invoke(app, ["lessons", "apply", str(both), "--out", str(tmp_path / "new")]).exit_code == 0
    assert load_checkpoint(tmp_path / "new").names[-2:] == ("beaming", "smirking")
    (tmp_path / "bad").write_bytes(b"no")
    refused = runner.invoke(app, ["lessons", "show", str(tmp_path / "bad")])
    assert refused.exit_code == 2
    assert "not a lesson file" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["beaming"], "Bring a picture"),
        (["beaming", "crop.png", "--already-cropped", "--eager", "wild"], "'wild' is none of these"),
        (["happy", "crop.png", "--already-cropped"], "knows 'happy' already"),
        (["beaming", "empty.png"], "empty.png: No face was found"),
        (["beaming", "broken.jpg"], "broken.jpg: This is not a picture"),
        (["beaming", "crop.png", "--already-cropped", "--part", "bored"], "'bored' is not a class"),
    ],
)
def test_a_lesson_that_cannot_be_given_is_refused_in_words(pictures, arguments, words):
    arguments = [str(pictures / a) if a.endswith((".png", ".jpg")) else a for a in arguments]
    result = runner.invoke(app, ["teach", *arguments])
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_dry_run_of_a_push_lists_every_file():
    result = runner.invoke(app, ["push", str(DEFAULT), "me/faces", "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "config.json" in result.stdout
    assert "Nothing was sent" in result.stdout
    assert runner.invoke(app, ["push", str(DEFAULT), "faces", "--dry-run"]).exit_code == 2
    assert "is not a name on the Hub" in runner.invoke(app, ["pull", "faces"]).stderr


@pytest.mark.slow
def test_the_whole_chain_from_a_zip_to_a_reading(ferplus_folder, tmp_path):
    data = tmp_path / "faces.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for file in sorted(ferplus_folder.rglob("*.*")):
            archive.write(file, file.relative_to(ferplus_folder).as_posix())
    basic, continual = tmp_path / "basic", tmp_path / "continual"
    small = ["--backbone", "test_efficientnet", "--start", "random", "--input-px", "64", "--batch-size", "16"]
    result = runner.invoke(
        app,
        ["train", "basic", "--data", str(data), "--out", str(basic), "--epochs", "2", *small],
        catch_exceptions=False,
    )
    assert result.exit_code == 0, result.output
    assert "test accuracy" in result.stdout
    continual_run = ["train", "continual", "--data", str(data), "--basic", str(basic), "--out", str(continual)]
    result = runner.invoke(app, [*continual_run, "--least", "10"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "9 classes" in result.stdout
    face = draw_face(("happy",), np.random.default_rng(5))
    face.save(tmp_path / "face.png")
    result = runner.invoke(
        app,
        [
            "read",
            "--json",
            "--already-cropped",
            str(tmp_path / "face.png"),
            "--checkpoint",
            str(continual / "checkpoint"),
        ],
    )
    assert len(json.loads(result.stdout)["faces"][0]["probabilities"]) == 9


def test_training_commands_refuse_in_words(ferplus_folder, tmp_path):
    result = runner.invoke(app, ["train", "basic", "--data", str(tmp_path / "gone")])
    assert result.exit_code == 2
    assert "There is nothing at" in result.stderr
    result = runner.invoke(app, ["train", "continual", "--data", str(ferplus_folder), "--learner", "magic"])
    assert "There is no learner 'magic'" in result.stderr
    result = runner.invoke(app, ["train", "continual", "--data", str(ferplus_folder), "--basic", str(tmp_path)])
    assert "does not exist" in result.stderr


def test_synth_renders_a_data_set_and_goes_on_where_it_was(tmp_path):
    command = ["synth", "--people", "1", "--out", str(tmp_path / "faces"), "--size", "64", "--processes", "1"]
    first = runner.invoke(app, command)
    assert first.exit_code == 0, first.output
    assert "22 pictures of 1 people: " in first.stdout
    (tmp_path / "faces" / "person-00000" / "awed-0.jpg").unlink()
    again = runner.invoke(app, command)
    assert "22 pictures of 1 people, 21 of which were there" in again.stdout
    described = runner.invoke(app, ["check-data", str(tmp_path / "faces" / "samples.csv")])
    assert described.exit_code == 0
    assert "sadly disgusted" in described.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--size", "70"], "multiple of 4"), (["--intensity", "z"], "no intensity 'z'"), (["--people", "0"], "--people")],
)
def test_synth_refuses_in_words(tmp_path, options, words):
    result = runner.invoke(app, ["synth", "--people", "1", "--out", str(tmp_path / "x"), *options])
    assert result.exit_code != 0
    assert words in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.rglob("*.jpg"))
