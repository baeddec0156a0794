"""What a checkpoint says of photographs of people it has not learned from, asked for the seven basic expressions.

    python -m benchmarks.photographs.read FOLDER [--fer PYTHON]        writes results/photographs.json

FOLDER has a samples.csv. PYTHON is that of an environment with the package `fer`, an independent reader; see
`benchmarks/photographs/fer_package.py`. `--keep NAME` leaves the row of another reader, whose answers do not change
with the checkpoint, as it is in the committed result.

People are divided as in training, by the same seed; the test part is scored. Labels of press photographs given by
students are noisy, disgust most, so a perfect reader does not reach 100 %. Fearful has a handful of pictures and is
left out of one of the two means. Intervals are over people.

Landmarks are held against those of MediaPipe's face mesh in teachers.npz: distances over the distance between the eyes'
outer corners. Jaw lines are told apart, because the mesh has its silhouette where the 68 points have the jaw.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F

from benchmarks.common.results import read_result, write_result
from benchmarks.photographs.fer_package import ask_fer
from cfer.checkpoint import DEFAULT, Checkpoint, load_checkpoint
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.data.manifest import MANIFEST
from cfer.data.readers import read_data
from cfer.data.samples import Sample, SampleTable
from cfer.data.splits import split
from cfer.data.tables import read_table
from cfer.emotions import BASICS, find
from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.features.pooled import crop_features
from cfer.features.table import cache_path, extract_features
from cfer.features.teachers import TEACHERS, load_photograph_crops
from cfer.measure.landmarks import landmark_errors

SIX = [k for k, name in enumerate(BASICS) if name != "fearful"]


def scores(true: np.ndarray, predicted: np.ndarray, people: np.ndarray, classes: list[int]) -> list[float]:
    """Mean recall over classes with its interval when whole people (N,) are drawn again."""
    groups = np.unique(people, return_inverse=True)[1]
    draws = np.concatenate([np.ones((1, groups.max() + 1)), group_draws(groups.max() + 1, 1000)])  # all people first
    shown = np.stack([np.bincount(groups[true == k], minlength=groups.max() + 1) for k in classes], 1)  # (G, K)
    right = true == predicted
    hits = np.stack([np.bincount(groups[(true == k) & right], minlength=groups.max() + 1) for k in classes], 1)
    with np.errstate(invalid="ignore"):
        means = np.nanmean((draws @ hits) / (draws @ shown), 1)
    return [round(float(v), 4) for v in (means[0], *percentiles(means[1:]))]


def teachers_answers(folder: Path, rows: Sequence[Sample]) -> np.ndarray | None:
    """What the teacher's network says of the same pictures (N,), if its answers lie beside them.

    Where `tools.teach_photographs` put labels into what is learned from, the network's own answers stand beside them.
    """
    if not (folder / TEACHERS).is_file():
        return None
    order = {row["path"]: n for n, row in enumerate(read_table((folder / MANIFEST).read_bytes(), MANIFEST).rows)}
    with np.load(folder / TEACHERS, allow_pickle=False) as file:
        answers = file["face_api_logits" if "face_api_logits" in file else "basic_logits"].argmax(1)
    return answers[[order[s.path] for s in rows]]


def landmarks_off(checkpoint: Checkpoint, table: SampleTable, folder: Path) -> dict[str, Any] | None:
    """How far the checkpoint's landmarks lie from the teacher's, by part of the face; None where either has none."""
    if LANDMARKS not in checkpoint.measured or not (folder / TEACHERS).is_file():
        return None
    readout = LandmarkReadout.from_bytes(checkpoint.measured[LANDMARKS])
    faces = load_photograph_crops(table, checkpoint.preprocessing, progress=True)
    found = readout(crop_features(checkpoint.model, checkpoint.preprocessing, faces.pixels))
    return landmark_errors(found, faces.landmarks, faces.landmarks.mean(0))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT)
    parser.add_argument("--fer", help="Python of an environment with the package fer")
    parser.add_argument("--keep", action="append", default=[], help="a reader whose row stays as it is committed")
    parser.add_argument("--run", type=Path, default=Path("runs/photographs"), help="where features are cached")
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(arguments.checkpoint)
    whole = split(read_data(arguments.folder), seed=0)
    table = whole.only(s for s in whole.part("test").samples if s.label in BASICS)
    cache = cache_path(arguments.run, table)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, cache, progress=True)
    rows = features.table.samples
    true = np.array([BASICS.index(s.label) for s in rows if s.label])
    asked = [checkpoint.names.index(name) for name in BASICS]
    predicted = F.linear(features.x, *checkpoint.head)[:, asked].argmax(1).numpy()
    people = np.array([s.group for s in rows])
    readers = {"checkpoint": predicted, "teacher (teachers.npz)": teachers_answers(arguments.folder, rows)}
    if arguments.fer:
        answers = ask_fer(arguments.fer, [arguments.folder / s.path for s in rows])["answers"]
        readers["the package fer"] = np.array([BASICS.index(find(answer) or answer) for answer in answers])
    report = {
        "command": f"python -m benchmarks.photographs.read {arguments.folder.name}",
        "backbone": checkpoint.facts.backbone,
        "pictures": len(rows),
        "people": len(set(people)),
        "pictures of each class": {name: int((true == k).sum()) for k, name in enumerate(BASICS)},
        "landmarks off by": landmarks_off(checkpoint, whole.part("test"), arguments.folder),
        "readers": {
            name: {
                "mean recall without fearful": scores(true, said, people, SIX),
                "mean recall": scores(true, said, people, list(range(len(BASICS)))),
                "recall": {each: round(float((said[true == k] == k).mean()), 3) for k, each in enumerate(BASICS)},
            }
            for name, said in readers.items()
            if said is not None
        },
    }
    before = read_result("photographs")
    if arguments.keep and (before["pictures"], before["people"]) != (report["pictures"], report["people"]):
        parser.error("The committed result is of other pictures.")
    report["readers"] |= {name: before["readers"][name] for name in arguments.keep}
    report["rows of an earlier run"] = arguments.keep
    write_result("photographs", report, checkpoint)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
