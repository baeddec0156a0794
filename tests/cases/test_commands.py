"""Commands on what people do: nothing of theirs is lost, one sentence, exit code 2, nothing half-written."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from cases.made import encoded, plain, table, tree
from typer.testing import CliRunner

from cfer.checkpoint import DEFAULT, CheckpointError, load_checkpoint
from cfer.cli import app
from cfer.system.output_folders import OutputError, claimed
from cfer.system.processes import usable_cores
from cfer.system.resources import EXAMPLES

runner = CliRunner()
FACE = str(sorted(Path(EXAMPLES).glob("*.jpg"))[0])
OTHER = str(sorted(Path(EXAMPLES).glob("*.jpg"))[1])


def refused(*arguments: str) -> str:
    """What a command says that ends with exit code 2, in one line."""
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == 2, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    (line,) = [text for text in result.stderr.splitlines() if text.startswith("cfer: ")]
    assert "Traceback" not in result.output
    return line


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


WRITERS = {
    "teach": ("teach", "smirk", FACE, "--out", "OUT"),
    "explain": ("explain", FACE, "--out", "OUT"),
    "synth": ("synth", "--people", "1", "--out", "OUT"),
    "evaluate": ("evaluate", "--people", "10", "--out", "OUT"),
    "measure": ("measure", "CHECKPOINT", "--run", "OUT"),
    "train basic": ("train", "basic", "--data", "DATA", "--out", "OUT"),
    "train continual": ("train", "continual", "--data", "DATA", "--out", "OUT"),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("there", ["someone's work", "someone's config.json", "a file"])
def test_what_is_not_ours_is_never_written_over(writer, there, tmp_path):
    out = tmp_path / "out"
    if there == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        name = "config.json" if "config" in there else "thesis.doc"
        (out / name).write_text('{"files": {}, "made_by": "me"}')
    before = content(tmp_path)
    places = {"OUT": str(out), "DATA": str(tmp_path / "nowhere"), "CHECKPOINT": str(DEFAULT)}
    said = refused(*(places.get(a, a) for a in WRITERS[writer]))
    assert str(out) in said
    assert content(tmp_path) == before


def test_a_checkpoint_with_something_else_in_its_folder_is_not_replaced(tmp_path):
    out = tmp_path / "taught"
    assert runner.invoke(app, ["teach", "smirk", FACE, "--out", str(out)]).exit_code == 0
    assert runner.invoke(app, ["teach", "smirk", OTHER, "--out", str(out)]).exit_code == 0  # its own is replaced
    (out / "notes.txt").write_text("mine")
    assert "'notes.txt'" in refused("teach", "smirk", FACE, "--out", str(out))
    assert (out / "notes.txt").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["taught"]


def test_evidence_leaves_no_older_overlay_beside_a_newer_manifest(tmp_path):
    out = tmp_path / "evidence"
    for classes in ("happy,sad", "Surprise, happily-surprised"):
        result = runner.invoke(app, ["explain", FACE, "--classes", classes, "--out", str(out)])
        assert result.exit_code == 0, result.output
    listed = json.loads((out / "manifest.json").read_text())["files"]
    assert set(content(out)) == {*listed, "manifest.json"}
    assert {"overlay-surprised.png", "overlay-happily-surprised.png"} <= set(listed)
    assert "overlay-sad.png" not in listed


def test_a_mistake_claims_no_folder(tmp_path):
    data = tree(
        tmp_path / "set",
        *(f"{part}/{c}/{n}.png" for part in ("train", "val", "test") for c in ("happy", "sad") for n in range(3)),
    )
    out = tmp_path / "run"
    wrong = tmp_path / "start.bin"
    wrong.write_bytes(b"not weights")
    basic = ("train", "basic", "--data", str(data), "--out", str(out))
    assert "no network 'resnet_18'" in refused(*basic, "--start", "random", "--backbone", "resnet_18")
    for transformer in ("vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"):
        said = refused(*basic, "--start", "random", "--backbone", transformer, "--input-px", "224")
        assert "Choose a convolutional network" in said
    assert "no safetensors file" in refused(*basic, "--start", str(wrong), "--backbone", "test_efficientnet")
    assert "There is no" in refused(*basic, "--start", str(tmp_path / "gone"), "--backbone", "test_efficientnet")
    said = refused(*basic, "--start", "random", "--backbone", "test_efficientnet")
    assert "no training picture of: neutral, fearful" in said
    assert "needs two basics and a compound" in refused("evaluate", "--data", str(data), "--out", str(out))
    assert "not a checkpoint" in refused("evaluate", "--checkpoint", str(data), "--out", str(out))
    assert not out.exists()


def test_a_second_program_is_kept_out_of_a_folder(tmp_path):
    with (
        claimed(tmp_path / "run", "evaluate"),
        pytest.raises(OutputError, match="Another program"),
        claimed(tmp_path / "run", "evaluate"),
    ):
        pass
    with claimed(tmp_path / "run", "evaluate"):  # free again
        pass
    with pytest.raises(OutputError, match="what 'cfer evaluate' wrote"), claimed(tmp_path / "run", "measure"):
        pass


def test_a_folder_of_pictures_is_read(tmp_path):
    shutil.copy(FACE, tmp_path / "a.jpg")
    (tmp_path / "b").mkdir()
    shutil.copy(OTHER, tmp_path / "b" / "c.jpg")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._a.jpg").write_bytes(b"x")
    result = runner.invoke(app, ["read", "--json", str(tmp_path)])
    assert result.exit_code == 0
    assert [Path(json.loads(line)["path"]).name for line in result.stdout.splitlines()] == ["a.jpg", "c.jpg"]
    assert "holds no picture among 1 files" in refused("read", str(tree(tmp_path / "empty", "x.txt=x")))


def test_a_picture_is_not_its_own_check_and_not_taught_twice(tmp_path):
    from PIL import Image

    copy = tmp_path / "copy.jpg"
    Image.open(FACE).convert("RGB").save(copy, quality=60)
    result = runner.invoke(app, ["teach", "smirk", FACE, str(copy), "--check", FACE])
    assert result.exit_code == 0, result.output
    assert "Picture 2 is the same as picture 1" in result.stderr
    assert "Check picture 1 is the same as taught picture 1" in result.stderr
    assert "cannot be measured from one picture" in result.stdout


@pytest.mark.parametrize("name", ["Happiness", "Happily-Surprised", "happily_surprised", " SAD ", "fear"])
def test_a_known_expression_by_another_name_is_the_one_that_exists(name):
    assert "knows" in refused("teach", name, FACE)


@pytest.mark.parametrize("name", ["a,b", "a/b", "..", "a:b", "x" * 41, "a\tb\0", "<b>", ""])
def test_a_name_that_no_file_or_list_could_bear_is_refused(name):
    refused("teach", name, FACE)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT, tmp_path / "checkpoint"))


def _set(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))


BROKEN = {
    "a list": (lambda f: (f / "config.json").write_text("[]"), "not a checkpoint of cfer"),
    "null": (lambda f: (f / "config.json").write_text("null"), "not a checkpoint of cfer"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "cannot be read"),
    "deeply nested": (lambda f: (f / "config.json").write_text("[" * 100_000), "cannot be read"),
    "no list of files": (lambda f: _set(f, files=None), "does not list its files"),
    "classes of a wrong type": (lambda f: _set(f, classes=3), "does not hold a whole checkpoint"),
    "no classes": (lambda f: _set(f, classes=[]), "does not hold a whole checkpoint"),
    "a calibration of a wrong type": (lambda f: _set(f, calibration="x"), "does not hold a whole checkpoint"),
    "a sureness that lacks a kind": (
        lambda f: _set(f, sureness={"photographs": 1.0, "family": 1.0, "curves": {}, "hits": {}}),
        "does not hold a whole checkpoint",
    ),
    "an unknown learner": (
        lambda f: _set(f, learner={"name": "x", "per_class": 1}),
        "does not hold a whole checkpoint",
    ),
    "an unknown network": (lambda f: _set(f, backbone={"name": "x"}), "does not hold a whole checkpoint"),
    "a newer schema": (lambda f: _set(f, schema_version="9"), "schema version '9'"),
    "a strange file": (lambda f: (f / "notes.txt").write_text("x"), "notes.txt, which its config.json does not list"),
    "a placeholder": (
        lambda f: (f / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"),
        "git lfs pull",
    ),
    "a missing file": (lambda f: (f / "checks.safetensors").unlink(), "lacks checks.safetensors"),
    "a cut-off file": (lambda f: os.truncate(f / "learner.safetensors", 5000), "not the file that was saved"),
    "a file outside": (lambda f: _set(f, files={"../x": {"bytes": 1, "sha256": ""}}), "outside the folder"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_checkpoint_that_is_not_whole_is_refused_in_words(kind, checkpoint):
    change, words = BROKEN[kind]
    change(checkpoint)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(checkpoint)
    refused("read", FACE, "--checkpoint", str(checkpoint))


def test_what_a_file_manager_leaves_does_not_spoil_a_checkpoint(checkpoint):
    (checkpoint / ".DS_Store").write_bytes(b"x")
    (checkpoint / "measured" / "._relations.json").write_bytes(b"x")
    assert load_checkpoint(checkpoint).names


def test_a_cut_off_plan_is_made_again(tmp_path):
    from cfer.synth.dataset import Plan, render_folder

    plan = Plan(people=1, classes=("happy",), size=64)
    render_folder(plan, tmp_path / "faces")
    (tmp_path / "faces" / "plan.json").write_text('{"vers')
    assert render_folder(plan, tmp_path / "faces") == 1
    assert json.loads((tmp_path / "faces" / "plan.json").read_text())["size"] == 64


def test_a_cut_off_cache_is_made_again(tmp_path):
    from cfer.data.readers import read_data
    from cfer.features.table import extract_features

    model = load_checkpoint()
    rows = read_data(table(tmp_path, f"path,label\n{FACE},happy\n"))
    cache = tmp_path / "features.safetensors"
    first = extract_features(model.model, rows, model.preprocessing, cache)
    os.truncate(cache, cache.stat().st_size // 2)
    again = extract_features(model.model, rows, model.preprocessing, cache)
    assert torch.equal(first.x, again.x)
    assert torch.equal(extract_features(model.model, rows, model.preprocessing, cache).x, first.x)


def test_a_full_disk_leaves_what_was_there_and_says_so(tmp_path, monkeypatch):
    from cfer.system import files
    from cfer.system.files import write_text

    write_text(tmp_path / "a.txt", "whole")

    def full(self, data):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(files.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_text(tmp_path / "a.txt", "half")
    monkeypatch.undo()
    assert content(tmp_path) == {"a.txt": b"whole"}


def _reads(around: str) -> str:
    code = f"""
import sys, torch
{around}
from cfer.reading.reader import Reader
reader = Reader()
face = reader.face({FACE!r})
name = next(n for n in reader.names if reader.relatable(n))
face.explain(name), face.relation(name)
taught, _ = reader.teach("smirk", [face])
by_unit, _ = reader.teach("wink", units=(1, 12))
adapted, _ = taught.adapt([face] * 20)
readers = [reader, taught, by_unit, adapted, adapted.unadapted(), reader.at_step(2)]
readers.append(reader.with_lessons(taught.lessons))
said = [v for each in readers for v in each.reread(face).probabilities.values()]
sys.stdout.write(" ".join(f"{{v:.5f}}" for v in said))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]
    return done.stdout


@pytest.mark.slow
def test_readings_do_not_depend_on_what_is_switched_on_around_them():
    expected = _reads("")
    for around in (
        "torch.set_default_dtype(torch.float64)",
        "torch.inference_mode().__enter__()",
        "torch.autocast('cpu', torch.bfloat16).__enter__()",
        "torch.no_grad().__enter__()",
    ):
        assert _reads(around) == expected, around


def test_a_console_that_cannot_print_a_name_prints_its_codes(tmp_path):
    picture = tmp_path / "größe-雪.png"
    picture.write_bytes(encoded("PNG", plain(300, 300)))
    done = subprocess.run(
        [sys.executable, "-m", "cfer", "read", str(picture)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"no face found" in done.stdout


def test_a_containers_share_of_processors_is_known(tmp_path):
    quota = tmp_path / "cpu.max"
    quota.write_text("150000 100000\n")
    assert usable_cores(quota) <= 2
    quota.write_text("max 100000\n")
    assert usable_cores(quota) == usable_cores(tmp_path / "gone")
    quota.write_text("50000 100000\n")
    assert usable_cores(quota) == 1


def test_uploads_go_into_a_folder_that_did_not_exist_yet(tmp_path, monkeypatch):
    from cfer.app.build import own_uploads

    wanted = tmp_path / "not" / "there"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(wanted))
    own_uploads()
    assert Path(os.environ["GRADIO_TEMP_DIR"]).parent == wanted


@pytest.mark.slow
def test_an_interruption_of_several_processes_is_one_line_and_the_run_goes_on(tmp_path):
    command = [sys.executable, "-m", "cfer", "synth", "--people", "16", "--basics", "--size", "96", "--processes", "2"]
    command += ["--out", str(tmp_path / "faces")]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs would ignore it
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "faces").glob("person-*/*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [line for line in said.splitlines() if line.startswith("cfer:")] == [
        "cfer: stopped; the same command goes on from here."
    ]
    assert "Traceback" not in said
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert len(list((tmp_path / "faces").glob("person-*/*.jpg"))) == 16 * 7
