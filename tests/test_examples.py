"""What is committed in `examples/` and said of rendered faces in `docs/` is what the code makes and the results say."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from cfer.data.readers import read_data
from cfer.emotions import EXPRESSIONS
from cfer.faces.detect import detect_faces
from cfer.pictures import read_picture
from cfer.synth.dataset import Shot, take
from cfer.synth.truth import Region, read_truth

ROOT = Path(__file__).parent.parent
MINI = ROOT / "examples" / "mini"


@pytest.fixture(scope="module")
def table():
    return read_data(MINI / "samples.csv")


def test_the_mini_set_is_small_and_whole(table):
    assert sum(p.stat().st_size for p in (ROOT / "examples").rglob("*") if p.is_file()) < 4_500_000
    assert len({s.person for s in table.samples}) == 6
    assert set(table.counts().values()) == {6}
    assert set(table.counts()) == set(EXPRESSIONS)
    with (MINI / "samples.csv").open() as file:
        for row in csv.DictReader(file):
            truth = read_truth(MINI / row["truth"])
            assert truth.expression == row["label"]
            assert set(EXPRESSIONS[row["label"]].required) <= set(truth.units)
            assert (truth.regions == Region.EYES).any()


def test_the_renderer_still_makes_these_pictures():
    for shot in (Shot(100, "happily surprised", 0), Shot(104, "hatred", 0)):
        picture, truth = take(shot)
        kept = read_picture(MINI / f"{shot.name}.jpg").astype(float)
        assert np.abs(kept - picture).mean() < 3  # what JPEG loses; a change of the renderer raises its VERSION
        told = read_truth(MINI / f"{shot.name}.truth.png")
        np.testing.assert_allclose(told.landmarks, truth.landmarks, atol=0.05)
        assert told.units == pytest.approx(dict(truth.units), abs=1e-3)


@pytest.mark.slow
def test_faces_are_found(table):
    found = [len(detect_faces(table.source.read(s.path))) for s in table.samples]
    assert np.mean([n == 1 for n in found]) > 0.98


def test_examples_say_where_they_come_from():
    sources = (ROOT / "examples" / "SOURCES.md").read_text(encoding="utf-8")
    assert "Nobody is shown" in sources
    assert "CC0" in sources
    assert len(list((ROOT / "examples").glob("*.jpg"))) >= 6


def test_the_documents_numbers_are_the_results():
    page = (ROOT / "docs" / "synthetic-faces.md").read_text(encoding="utf-8")
    results = {
        n: json.loads((ROOT / "benchmarks" / "results" / f"synth_{n}.json").read_text())
        for n in ("read", "learn", "speed", "ceiling")
    }
    readers = [r for r in results["read"].values() if isinstance(r, dict)]
    assert len(readers) == 4
    for reader in readers:
        recalls = " | ".join(f"{100 * value:.0f}" for value in reader["recall"].values())
        assert f"{100 * reader['mean_recall']:.1f} | {recalls} |" in page
    low, high = results["learn"]["interval_95_over_people"]
    assert f"{100 * results['learn']['accuracy_22']:.1f} % ({100 * low:.1f} to {100 * high:.1f})" in page
    assert f"{results['learn']['unit_presence_auc_mean']:.3f}" in page
    assert f"{results['speed']['pictures_a_core_second']:.1f} pictures" in page
    assert f"{results['speed']['peak_memory_mb']} MB" in page
    assert f"{100 * results['ceiling']['accuracy_22']:.1f} % over the 22 classes" in page
