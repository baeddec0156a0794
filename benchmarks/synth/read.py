"""How networks trained on real faces read rendered ones: the seven basic classes, fresh people.

    npm pack @vladmandic/face-api
    python -m benchmarks.synth.read --basic runs/basic/checkpoint --face-api vladmandic-face-api-1.7.15.tgz

writes results/synth_read.json. The readers: the project's checkpoint, asked for the seven; the FER+ network of the
basic phase that it grew from, as it is and with the frequencies of FER+'s classes taken out of its head (here all
classes are equally frequent); and face-api's expression network. People 5000 to 5099 were looked at by nobody while the
renderer was made; see docs/synthetic-faces.md for what was tuned on whom.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common.results import write_result
from cfer.checkpoint import DEFAULT
from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.reading.reader import Reader
from cfer.synth.dataset import Plan, render_table
from cfer.synth.truth import read_truth
from tools.face_api import LABELS, landmark_crop, load_weights, read_expressions

FIRST, PEOPLE = 5000, 100


def report(true: list[str], read: list[str | None], people: list[str]) -> dict[str, Any]:
    """Recalls, confusion and an interval over people."""
    confusion = [[sum(t == a and r == b for t, r in zip(true, read, strict=True)) for b in BASICS] for a in BASICS]
    recall = {
        a: round(row[i] / sum(t == a for t in true), 4)
        for i, (a, row) in enumerate(zip(BASICS, confusion, strict=True))
    }
    right = np.array([t == r for t, r in zip(true, read, strict=True)])
    names, which = np.unique(people, return_inverse=True)
    means = np.bincount(which, right) / np.bincount(which)  # classes are balanced within a person
    rng = np.random.default_rng(0)
    draws = rng.choice(means, (2000, len(names))).mean(1)
    return {
        "mean_recall": round(float(np.mean(list(recall.values()))), 4),
        "interval_95_over_people": [round(float(q), 4) for q in np.quantile(draws, (0.025, 0.975))],
        "recall": recall,
        "faces_not_found": sum(r is None for r in read),
        "confusion_rows_true": confusion,
    }


def by_checkpoint(table: SampleTable, folder: Path) -> list[str | None]:
    """What the checkpoint says, asked for the seven."""
    reader, said = Reader(folder), []
    for sample in table.samples:
        faces = reader.read(table.source.read(sample.path)).faces
        said.append(max(BASICS, key=lambda name: faces[0].probabilities[name]) if faces else None)
    return said


def by_basic(table: SampleTable, folder: Path, *, balanced: bool) -> list[str | None]:
    """What the head of the basic phase says."""
    reader, said = Reader(folder), []
    calibration = reader.checkpoint.calibration
    prior = calibration.prior_strength * torch.tensor(calibration.log_prior) / calibration.temperature
    for sample in table.samples:
        faces = reader.read(table.source.read(sample.path)).faces
        logits = faces[0].maps.logits[0] - balanced * prior if faces else None
        said.append(BASICS[int(logits.argmax())] if logits is not None else None)
    return said


def by_face_api(table: SampleTable, package: Path) -> list[str | None]:
    """What face-api's network says, on crops from the true landmarks."""
    source = table.source
    weights = load_weights(package)
    truths = [read_truth(source.read_bytes(str(s.truth))) for s in table.samples]
    crops = [landmark_crop(source.read(s.path), t.landmarks) for s, t in zip(table.samples, truths, strict=True)]
    return [LABELS[i] for i in read_expressions(weights, crops).argmax(1)]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT)
    parser.add_argument("--basic", type=Path, help="checkpoint of `cfer train basic`")
    parser.add_argument("--face-api", type=Path, help="npm archive of @vladmandic/face-api")
    parser.add_argument("--first", type=int, default=FIRST)
    parser.add_argument("--people", type=int, default=PEOPLE)
    arguments = parser.parse_args()
    table = render_table(Plan(arguments.people, 1, arguments.first, BASICS), os.cpu_count() or 1)
    true, people = [s.label or "" for s in table.samples], [s.person or "" for s in table.samples]
    result: dict[str, Any] = {
        "command": "python -m benchmarks.synth.read --basic runs/basic/checkpoint --face-api FACE_API.tgz",
        "people": [arguments.first, arguments.first + arguments.people - 1],
        "pictures": len(table),
        "classes": BASICS,
    }
    readers = {"cfer default checkpoint": by_checkpoint(table, arguments.checkpoint)}
    if arguments.basic:
        readers["cfer basic phase"] = by_basic(table, arguments.basic, balanced=False)
        readers["cfer basic phase, prior taken out"] = by_basic(table, arguments.basic, balanced=True)
    if arguments.face_api:
        readers["face-api"] = by_face_api(table, arguments.face_api)
    for name, said in readers.items():
        result[name] = report(true, said, people)
        print(name, result[name]["mean_recall"], result[name]["recall"])
    write_result("synth_read", result)


if __name__ == "__main__":
    main()
