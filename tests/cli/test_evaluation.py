import csv
import json

import numpy as np
import pytest
from drawn_faces import draw_face
from typer.testing import CliRunner

from cfer.cli import app

runner = CliRunner()
EXPRESSIONS = {
    "neutral": ("neutral",),
    "happy": ("happy",),
    "surprised": ("surprised",),
    "happily surprised": ("happy", "surprised"),
}


def write_manifest(root, people):
    """Each person shows each expression twice; whoever has no name is None."""
    rng = np.random.default_rng(0)
    rows = []
    for number, person in enumerate(people):
        for expression, parts in EXPRESSIONS.items():
            for take in range(2):
                name = f"{number}-{expression.replace(' ', '-')}-{take}.png"
                draw_face(parts, rng, size=64).save(root / name)
                rows.append({"path": name, "label": expression, "person": person})
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label", "person"])
        writer.writeheader()
        writer.writerows(rows)
    return root / "manifest.csv"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_manifest(tmp_path_factory.mktemp("people"), [f"p{i}" for i in range(12)])


def evaluate(manifest, out, *options):
    fixed = ["--already-cropped", "--folds", "3", "--orders", "1", "--processes", "1", "--out", str(out)]
    return runner.invoke(app, ["evaluate", "--data", str(manifest), *fixed, *options])


def test_a_manifest_goes_from_pictures_to_a_report(manifest, tmp_path):
    chosen = ["--method", "compositional", "--method", "nearest-mean"]
    result = evaluate(manifest, tmp_path, *chosen, "--shots", "1,all")
    assert result.exit_code == 0, result.output
    assert "4 classes (3 at once, then one a step), 12 people, 96 test pictures" in result.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert [(row["method"], row["shots"]) for row in report["settings"]] == [
        ("compositional", 1),
        ("nearest-mean", 1),
        ("compositional", None),
        ("nearest-mean", None),
    ]
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert len(rows) == 4 * 3
    for row in report["settings"]:
        value, low, high = row["scores"]["last"]
        setting = (row["method"], str(row["shots"] or "all"))
        mine = [float(r["last"]) for r in rows if (r["method"], r["shots"]) == setting]
        assert low <= value <= high
        assert value == pytest.approx(np.mean(mine), abs=0.01)  # folds are of equal size here
    assert report["settings"][1]["lead"].keys() == report["scores"].keys()
    # The same folder again, the manifest given the other way, takes in a setting and still reports the old ones.
    other_way = ["--data", "csv", "--manifest", str(manifest)]
    result = evaluate(manifest, tmp_path, *other_way, "--method", "compositional", "--shots", "0")
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert [row["shots"] for row in report["settings"]] == [0, 1, None, 1, None]


def test_people_without_names_are_pointed_out(tmp_path):
    manifest = write_manifest(tmp_path, [""] * 12)
    result = evaluate(manifest, tmp_path / "out", "--method", "compositional", "--shots", "all")
    assert result.exit_code == 0, result.output
    assert "the same person may be on both sides" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shots", "one"], "--shots is a list such as"),
        (["--memory", "all"], "--memory is a list such as"),
        (["--method", "magic"], "There is no method 'magic'"),
        (["--method", "nearest-mean", "--shots", "0"], "Without a picture of a class only compositional"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
        (["--manifest", "other.csv"], "are two data sets"),
        (["--data", "csv"], "--data csv needs --manifest"),
        (["--checkpoint", "."], "is not a checkpoint"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(manifest, tmp_path, options, words):
    result = evaluate(manifest, tmp_path, *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_too_few_pictures_are_refused_with_their_counts(tmp_path):
    manifest = write_manifest(tmp_path, ["a", "b", "c"])
    result = evaluate(manifest, tmp_path / "out", "--method", "compositional")
    assert result.exit_code == 2
    assert "needs two basics and a compound with 20 pictures each" in result.stderr
    assert "'happy': 6" in result.stderr
