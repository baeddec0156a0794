"""Where one-pass maps of classes and action units lie, and how well units are read, on unseen rendered people.

    cfer synth --people 10 --first 8000 --out runs/evaluate/faces
    python -m benchmarks.explanations.unit_maps runs/evaluate/faces       writes results/unit_maps.json

Ratio: share of a map's positive evidence on the pixels that moved over their share of the area; 1 is chance. A class is
held against what all performed units moved, a unit against what it moved itself. Beside it mean maps of the same class,
over all faces and over those who show it, held against each face, and rows of a head drawn at random. AUC: performed
against not performed. Intervals are over people.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.checkpoint import DEFAULT, load_checkpoint
from cfer.data.manifest import MANIFEST
from cfer.data.readers import read_data
from cfer.emotions import UNIT_NAMES
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.explain.controls import random_head
from cfer.explain.maps import maps_of, unit_maps_of
from cfer.features.rendered import MOVED_SIDE, UNITS, load_rendered


def ratios(maps: Tensor, moved: Tensor) -> np.ndarray:
    """Share (N,) of positive evidence of maps (N, h, w) on what moved (N, m, m) over the area's; nan without any."""
    large = F.interpolate(maps[:, None], size=(MOVED_SIDE, MOVED_SIDE), mode="bilinear", align_corners=False)[
        :, 0
    ].relu()
    on, total, area = (large * moved).sum((1, 2)), large.sum((1, 2)), moved.mean((1, 2))
    return torch.where((total > 0) & (area > 0), on / total / area, torch.nan).numpy()


def summary(values: np.ndarray, people: np.ndarray) -> list[float]:
    """Mean with its interval over people, faces without evidence left out."""
    kept = ~np.isnan(values)
    low, high = bootstrap_interval(values[kept], people[kept])
    return [round(float(v), 3) for v in (values[kept].mean(), low, high)]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(arguments.checkpoint)
    model, names = checkpoint.model, checkpoint.names
    table = read_data(arguments.folder / MANIFEST)
    faces = load_rendered(table, checkpoint.preprocessing)
    with torch.no_grad():
        inputs = (checkpoint.preprocessing.enlarge(p.float() / 255) for p in faces.pixels.split(44))
        last = torch.cat([model.features(x) for x in inputs])
    people = np.unique([table.samples[row].group for row in faces.rows], return_inverse=True)[1]
    shown = torch.tensor([names.index(str(table.samples[row].label)) for row in faces.rows])
    moved = faces.moved.any(1).float()
    every = torch.arange(len(shown))
    own, random = (maps_of(each, last).maps for each in (model, random_head(model, torch.Generator().manual_seed(0))))
    present = shown.unique()
    alike = torch.zeros_like(own[0])  # (K, h, w), the mean map of all who show the class
    alike[present] = torch.stack([own[shown == k, k].mean(0) for k in present])
    report: dict[str, Any] = {
        "command": f"python -m benchmarks.explanations.unit_maps {arguments.folder}",
        "pictures": len(shown),
        "people": int(people.max()) + 1,
        "area that moves": round(float(moved[moved.flatten(1).any(1)].mean()), 3),
        "class maps": {
            "own": summary(ratios(own[every, shown], moved), people),
            "mean of all faces": summary(ratios(own.mean(0)[shown], moved), people),
            "mean of those who show the same": summary(ratios(alike[shown], moved), people),
            "random head": summary(ratios(random[every, shown], moved), people),
        },
        "units": unit_report(unit_maps_of(model, last), faces.moved.float(), faces.units, model, last, people),
    }
    write_result("unit_maps", report)
    print(json.dumps(report, indent=1))


def unit_report(
    maps: Tensor, moved: Tensor, intensities: Tensor, model: Any, last: Tensor, people: np.ndarray
) -> Mapping[str, Any]:
    """Each unit's ratio where it was performed, its AUC, and what is read where it was and was not performed."""
    with torch.no_grad():
        read = model.units(model.pool(last)).sigmoid()
    found = {}
    for place, number in enumerate(UNITS):
        performed = moved[:, place].flatten(1).any(1)
        there = performed.numpy()
        if not there.any() or there.all():
            continue
        found[f"{UNIT_NAMES[number]}, AU{number}"] = {
            "ratio": summary(ratios(maps[performed, place], moved[performed, place]), people[there]),
            "area": round(float(moved[performed, place].mean()), 3),
            "auc": round(float(roc_auc_score(there, read[:, place])), 3),
            "performed at": round(float(intensities[performed, place].mean()), 2),
            "read where performed": round(float(read[performed, place].mean()), 2),
            "read where not": round(float(read[~performed, place].mean()), 2),
        }
    return found


if __name__ == "__main__":
    main()
