"""Whether the 22 classes and the action units of rendered faces can be learned across people.

    cfer synth --people 80 --per-class 2 --first 6000 --out faces
    python -m benchmarks.synth.learn --data faces

writes results/synth_learn.json. A frozen backbone (the FER+ checkpoint's, which has seen no rendered face) and a
linear head: logistic regression on the trunk's feature maps pooled over a coarse grid, trained on 60 people, tested on
20 others. Grid, input size and regularisation are chosen by folds over the training people.
"""

import argparse
import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from benchmarks.common.results import write_result
from cfer.checkpoint import DEFAULT, load_checkpoint
from cfer.emotions import EXPRESSIONS
from cfer.faces.align import face_crop
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.pictures import PictureError, read_picture
from cfer.synth.truth import read_truth

TRAIN_PEOPLE = 60
SETTINGS = tuple((px, grid) for px in (112, 224) for grid in (1, 2, 3))
STRENGTHS = (1e-4, 1e-3, 1e-2)


@torch.inference_mode()
def grid_features(model: FaceModel, crops: list[np.ndarray], px: int, grids: tuple[int, ...]) -> dict[int, np.ndarray]:
    """Feature maps of px x px crops, averaged over g x g cells, (N, g * g * C) for each g."""
    preprocessing = Preprocessing(px, px, True)
    found: dict[int, list[torch.Tensor]] = {g: [] for g in grids}
    for start in tqdm(range(0, len(crops), 32), f"features at {px} px"):
        maps = model.features(preprocessing(crops[start : start + 32]))
        for g in grids:
            found[g].append(F.adaptive_avg_pool2d(maps, g).flatten(1))
    return {g: torch.cat(parts).numpy() for g, parts in found.items()}


def head(strength: float) -> Pipeline:
    """Logistic regression on standardised features, in the span of their 600 leading components to save time."""
    components = PCA(600, svd_solver="randomized", random_state=0)
    return make_pipeline(StandardScaler(), components, LogisticRegression(C=strength, max_iter=400))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="what `cfer synth` wrote")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT)
    arguments = parser.parse_args()
    with (arguments.data / "samples.csv").open() as file:
        rows = list(csv.DictReader(file))

    def load(row: dict[str, str]) -> np.ndarray | None:
        try:
            return face_crop(read_picture(arguments.data / row["path"]), already_cropped=False)
        except PictureError:
            return None

    with ThreadPoolExecutor(2) as pool:
        crops = list(tqdm(pool.map(load, rows), "faces", len(rows)))
    found = [i for i, crop in enumerate(crops) if crop is not None]
    rows, seen = [rows[i] for i in found], [c for c in crops if c is not None]
    people = sorted({row["person"] for row in rows})
    known = np.array([row["person"] in people[:TRAIN_PEOPLE] for row in rows])
    person = np.array([row["person"] for row in rows])
    label = np.array([list(EXPRESSIONS).index(row["label"]) for row in rows])
    truths = [read_truth(arguments.data / row["truth"]) for row in rows]
    units = sorted({unit for t in truths for unit in t.units})
    present = np.array([[unit in t.units for unit in units] for t in truths])

    model = load_checkpoint(arguments.checkpoint).model.eval()
    features: dict[tuple[int, int], np.ndarray] = {}
    for px in sorted({px for px, _ in SETTINGS}):
        grids = tuple(g for p, g in SETTINGS if p == px)
        features |= {(px, g): x for g, x in grid_features(model, seen, px, grids).items()}
    chosen, best, tried = None, -1.0, {}
    for setting, x in features.items():
        for strength in STRENGTHS:
            folds = GroupKFold(3).split(x[known], label[known], person[known])
            scores = [
                head(strength).fit(x[known][a], label[known][a]).score(x[known][b], label[known][b]) for a, b in folds
            ]
            tried[f"{setting[0]} px, {setting[1]} x {setting[1]} cells, C {strength:g}"] = round(
                float(np.mean(scores)), 4
            )
            print(setting, strength, round(float(np.mean(scores)), 4), flush=True)
            if np.mean(scores) > best:
                chosen, best = (setting, strength), float(np.mean(scores))
    assert chosen is not None
    setting, strength = chosen
    x = features[setting]
    read = head(strength).fit(x[known], label[known]).predict(x[~known])
    true = label[~known]
    recall = {n: round(float((read[true == k] == k).mean()), 4) for k, n in enumerate(EXPRESSIONS)}
    by_person = np.array([(read == true)[person[~known] == p].mean() for p in people[TRAIN_PEOPLE:]])
    draws = np.random.default_rng(0).choice(by_person, (2000, len(by_person))).mean(1)
    areas = {}
    for k, unit in enumerate(units):
        fitted = head(strength).fit(x[known], present[known, k])
        areas[unit] = round(float(roc_auc_score(present[~known, k], fitted.predict_proba(x[~known])[:, 1])), 4)
    result = {
        "command": "python -m benchmarks.synth.learn --data faces",
        "train": {"people": TRAIN_PEOPLE, "pictures": int(known.sum())},
        "test": {"people": len(people) - TRAIN_PEOPLE, "pictures": int((~known).sum())},
        "faces_not_found": len(crops) - len(found),
        "chosen_on_training_people": {"input_px": setting[0], "cells": setting[1], "C": strength},
        "tried": tried,
        "accuracy_22": round(float((read == true).mean()), 4),
        "interval_95_over_people": [round(float(q), 4) for q in np.quantile(draws, (0.025, 0.975))],
        "recall": recall,
        "unit_presence_auc": areas,
        "unit_presence_auc_mean": round(float(np.mean(list(areas.values()))), 4),
    }
    write_result("synth_learn", result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
