"""Saliency methods on rendered faces: right, faithful, fast?

    python -m benchmarks.explanations.saliency --run runs/evaluate --photographs ferplus.zip    # results/saliency.json

One picture each of people whom training never saw, every class but neutral in turn; the map is that of the class
shown. *right*: share of the evidence on pixels that the performed units moved, over their share of the area; less the
same of the mean map of all other people's pictures by the same method (what a map gets for knowing where faces are);
pointing game; rank correlation with the displacement; "truth_by_cells": the ratio that what moved has itself when it is
averaged over a map's cells. *faithful*: insertion less deletion, in logit units, on rendered
faces and on photographs. *fast*: median seconds a face, for one map or for all; `--times` measures that alone again.
Intervals over people. Slow methods see the first faces only.

A default is picked on other people and other photographs than the table's: of the methods that take less than
`FAST` seconds and are not clearly less faithful than the maps of the last layer, on rendered faces or on photographs
(the interval of the difference face by face does not lie below 0), the one that is most right. The blob does not
compete, and neither does what needs photographs that cannot be shipped. Photographs are of one part of the data, and
only those that are read as they are labelled. Faces without any evidence are left out of the scores that need some.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.common.results import read_result, write_result
from benchmarks.explanations.saliency_methods import (
    BLOB,
    DEFAULT,
    LAST,
    Baseline,
    Face,
    Method,
    methods,
    neutral_photographs,
    photographs,
    rendered_faces,
)
from cfer.checkpoint import load_checkpoint
from cfer.explain.attribution import neutral_faces
from cfer.explain.controls import cascade, random_backbone, random_head
from cfer.explain.faithfulness import deletion_insertion
from cfer.explain.localization import localization_ratio, pointing_game, rank_correlation
from cfer.explain.maps import positive
from cfer.features.displacement import SIZE
from cfer.network.face_model import FaceModel

PEOPLE, TAKEN_APART, STEPS, SLOW = 126, 42, 8, 10
"""Faces of the table in all and for deletion and insertion, its steps, and faces for slow methods."""
TIMED = 10
"""Faces for the times."""
HEADS = 3
"""Random heads: one may lie well by luck."""
FAST = 0.1


def interval(values: np.ndarray, draws: int = 2000) -> list[float]:
    """Mean and 95 % interval; one value a person, so that people are what is drawn."""
    values = values[~np.isnan(values)]
    picks = np.random.default_rng(0).integers(len(values), size=(draws, len(values)))
    low, high = np.quantile(values[picks].mean(1), (0.025, 0.975))
    return [round(float(v), 4) for v in (values.mean(), low, high)]


def shares(raw: Tensor) -> Tensor:
    """Positive evidence (h, w) as shares of its sum; zeros where there is none."""
    kept = positive(raw)
    return kept / kept.sum().clamp(min=1e-12)


def ratios(maps: list[Tensor], seen: list[Face]) -> np.ndarray:
    """`localization_ratio` of every rendered face's map."""
    return np.array([localization_ratio(m, f.moved.mask) for m, f in zip(maps, seen, strict=True) if f.moved])


def against_mean_map(maps: list[Tensor], seen: list[Face]) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of every face's map, and on the same face those of the mean map of everybody else's."""
    total = torch.stack([shares(raw) for raw in maps]).sum(0)
    return ratios(maps, seen), ratios([(total - shares(raw)) / (len(maps) - 1) for raw in maps], seen)


def gains(model: FaceModel, maps: list[Tensor], seen: list[Face]) -> np.ndarray:
    """Insertion less deletion of every face."""
    each = zip(maps, seen, strict=True)
    return np.array([deletion_insertion(model, f.x, m, model.classes.index(f.name), STEPS).gain for m, f in each])


def measure(
    model: FaceModel, seen: list[Face], photos: list[Face], method: Method, last: dict[str, np.ndarray]
) -> dict[str, Any]:
    """One row of the table.

    Args:
        model: The checkpoint's.
        seen: Rendered faces.
        photos: Photographs.
        method: What is measured.
        last: The gains of the last layer's maps, face by face; the first method to come leaves its own here.
    """
    maps = [method(model, face.x, face.name) for face in seen]
    own, others = against_mean_map(maps, seen)
    moved = [(raw, face.moved) for raw, face in zip(maps, seen, strict=True) if face.moved]
    few = slice(TAKEN_APART)
    gained = {
        "gain": gains(model, maps[few], seen[few]),
        "gain_on_photographs": gains(model, [method(model, f.x, f.name) for f in photos], photos),
    }
    for name, each in gained.items():
        last.setdefault(name, each)
    return {
        "faces": len(seen),
        "side": maps[0].shape[-1],
        "ratio": interval(own),
        "mean_map": interval(others),
        "less_mean_map": interval(own - others),
        "pointing": interval(np.array([pointing_game(raw, truth.mask) for raw, truth in moved])),
        "rank": interval(np.array([rank_correlation(raw, truth.far) for raw, truth in moved])),
        "photographs": len(photos),
        **{name: interval(each) for name, each in gained.items()},
        **{f"{name}_less_last": interval(each - last[name][: len(each)]) for name, each in gained.items()},
    }


def timed(model: FaceModel, tried: dict[str, tuple[Method, bool]], seen: list[Face]) -> dict[str, float]:
    """Median seconds of every method for one map of one face."""
    found = {}
    for name, (method, slow) in tried.items():
        seconds = []
        for face in seen[: 3 if slow else TIMED]:
            began = time.perf_counter()
            method(model, face.x, face.name)
            seconds.append(time.perf_counter() - began)
        found[name] = round(statistics.median(seconds), 4)
    return found


def with_picks(found: dict[str, Any], times: dict[str, float]) -> dict[str, Any]:
    """The file's content with the methods' times and what the rule picks."""
    for rows in (found["choice"], found["methods"]):
        for name, row in rows.items():
            row["seconds"] = times[name]
    return found | {"picked": pick(found["choice"], 2), "picked_by_means": pick(found["choice"], 0)}


def pick(choice: dict[str, dict[str, Any]], end: int) -> str:
    """The most right of the methods that are fast, as faithful as the last layer, and look at the picture.

    Args:
        choice: Rows of methods.
        end: What must not lie below the last layer's gain: the difference's mean (0) or its interval's upper end (2).
    """
    fit = {
        name: row["less_mean_map"][0]
        for name, row in choice.items()
        if row["seconds"] < FAST
        and all(row[f"{gain}_less_last"][end] >= 0 for gain in ("gain", "gain_on_photographs"))
        and name != BLOB
        and "from photographs" not in name
    }
    return max(fit, key=lambda name: fit[name])


def truth(seen: list[Face], side: int) -> list[float]:
    """The ratio of what moved itself, as a map of `side` cells a side of which each says how much of it moved."""
    masks = [face.moved.mask for face in seen if face.moved]
    return interval(np.array([localization_ratio(F.adaptive_avg_pool2d(m[None], side)[0], m) for m in masks]))


def randomised(model: FaceModel, seen: list[Face], method: Method) -> dict[str, list[float]]:
    """The ratio of maps of models that know less and less, and the whole model's less theirs."""
    generator = torch.Generator().manual_seed(0)
    own = ratios([method(model, f.x, f.name) for f in seen], seen)
    steps = len(cascade(model))
    lesser = {"head": [random_head(model, generator) for _ in range(HEADS)]}
    for count in (1, steps // 4, steps // 2, steps):
        lesser[f"last {count} of {steps} layers"] = [random_backbone(model, count, generator)]
    found = {}
    for name, others in lesser.items():
        each = [ratios([method(other, f.x, f.name) for f in seen], seen) for other in others]
        theirs = np.nanmean(each, axis=0)
        found[name] = interval(theirs)
        found[f"less {name}"] = interval(own - theirs)
    return found


def main() -> None:
    """Pick the default, measure all methods, then see what is left of the default on randomised models."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/evaluate"))
    parser.add_argument("--photographs", type=Path, required=True, help="FER+, as cfer reads it")
    parser.add_argument("--times", action="store_true", help="Only measure the times again")
    chosen = parser.parse_args()
    checkpoint = load_checkpoint()
    model = checkpoint.model.eval()
    everybody = rendered_faces(checkpoint, chosen.run)
    seen, others = everybody[:PEOPLE], everybody[PEOPLE:]
    photos = {part: photographs(checkpoint, chosen.photographs, part) for part in ("validation", "test")}
    neutral = Baseline(checkpoint.preprocessing.uncorrected(list(neutral_faces())))
    tried = methods(model, neutral, Baseline(neutral_photographs(checkpoint, chosen.photographs)))
    times = timed(model, tried, others)
    if chosen.times:
        write_result("saliency", with_picks(read_result("saliency"), times))
        return
    choice, table, random = {}, {}, {}
    last: dict[str, np.ndarray] = {}
    for name, (method, slow) in tried.items():
        if not slow:
            choice[name] = measure(model, others, photos["validation"], method, last)
            print("choice", name, choice[name], flush=True)
    last = {}
    for name, (method, slow) in tried.items():
        count = SLOW if slow else len(everybody)
        table[name] = measure(model, seen[:count], photos["test"][:count], method, last)
        print(name, table[name], flush=True)
    for name in (LAST, DEFAULT):
        random[name] = randomised(model, seen, tried[name][0])
        print(name, random[name], flush=True)
    found = {
        "people": len(seen),
        "people_to_choose": len(others),
        "area_share": interval(np.array([float(face.moved.mask.mean()) for face in seen if face.moved])),
        "truth_side": SIZE,
        "truth_by_cells": {side: truth(seen, side) for side in sorted({row["side"] for row in table.values()})},
        "choice": choice,
        "methods": table,
        "randomised": random,
    }
    write_result("saliency", with_picks(found, times))


if __name__ == "__main__":
    main()
