import hashlib
import json
import shutil

from typer.testing import CliRunner

from cfer.app.tabs.explore import example_paths
from cfer.cli import app


def related(*arguments):
    return CliRunner().invoke(app, ["relate", *map(str, arguments), "--method", "grad_cam"])


def test_a_folder_of_faces_becomes_a_figure_and_numbers(tmp_path):
    album = tmp_path / "album"
    for number, path in enumerate(example_paths()[:3]):
        (album / f"person-{number}").mkdir(parents=True)
        shutil.copy(path, album / f"person-{number}")
    (album / "notes.jpg").write_text("no picture")
    out = tmp_path / "out"
    done = related(album, "--class", "Happily_Surprised", "--person-folders", "--out", out)
    assert done.exit_code == 0, done.output
    assert "happily surprised on 3 faces" in done.output
    assert {path.name for path in out.iterdir()} == {"figure.svg", "maps.safetensors", "relation.json"}
    content = json.loads((out / "relation.json").read_text())
    assert (content["faces"], content["people"]) == (3, 3)
    assert [line for line in content["left_out"] if "notes.jpg" in line]
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in example_paths()[:3]}
    assert set(content["pictures_sha256"].values()) == hashes
    assert related(album, "--class", "happily surprised", "--out", out).exit_code == 0  # replaced


def test_what_cannot_be_related_is_said(tmp_path):
    refused = related(example_paths()[0], "--class", "happy", "--out", tmp_path / "a")
    assert refused.exit_code == 2
    assert "'happy' has no two basics" in refused.output
    few = related(example_paths()[0], "--class", "happily surprised", "--out", tmp_path / "b")
    assert few.exit_code == 2
    assert "1 faces are too few" in few.output
    assert not (tmp_path / "b").exists()
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "mine.txt").write_text("keep")
    other = related(example_paths()[0], "--class", "happily surprised", "--out", tmp_path / "c")
    assert other.exit_code == 2
    assert (tmp_path / "c" / "mine.txt").read_text() == "keep"
