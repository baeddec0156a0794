"""Whether maps of a photograph lie where the muscles of what it is labelled show, by every method that the page offers.

    python -m benchmarks.photographs.maps PHOTOGRAPHS [--checkpoint C]        writes results/photograph_maps.json

Photographs of the test part of PHOTOGRAPHS (people whom nothing was learned from) with a basic label; the map is that
of the label, whatever the answer. What moved is not known in photographs: regions around landmarks stand for it, of the
units that at least half of all people show with the expression (`cfer.explain.regions`; landmarks are the model's own).
*ratio*: share of the evidence there over the regions' share of the crop. *mean_map*: the same of the mean map of
everybody else's photographs of that label, which knows where faces have their muscles and nothing of this face.
*other_class*: that of the maps of the five other basics, which a method that depends on the class leaves behind.
*densest*: how often each part of the face has the densest evidence. *class_likeness*: mean cosine of the label's map
with those of the other basics; *likeness*: that of two methods' maps of the label. Classes count alike; intervals are
over people.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.app.panels.map_kinds import SHOWN
from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.emotions import prototype
from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.explain.localization import localization_ratio
from cfer.explain.maps import positive
from cfer.explain.regions import densest_part, region_map, shares, unit_regions
from cfer.explain.relation import SIX
from cfer.reading.face import FaceReading
from cfer.reading.reader import Reader

USUAL = 0.5
MOST = 40
"""Photographs of a class."""
DRAWS = 500
SIDE = 16
"""Cells a side at which maps of two methods are compared."""


class Shown(NamedTuple):
    """A photograph that was read, what it is labelled, whose it is, and where the label's muscles show."""

    face: FaceReading
    label: str
    person: str
    mask: Tensor


def muscles_of(name: str, face: FaceReading) -> Tensor:
    """Where (S, S) the units show that most people have with an expression."""
    assert face.landmarks is not None
    masks = unit_regions(face.landmarks)
    usual = [unit for unit, share in prototype(name).items() if share >= USUAL and unit in masks]
    return torch.from_numpy(np.any([masks[unit] for unit in usual], axis=0)).float()


def read_photographs(reader: Reader, path: Path) -> list[Shown]:
    """At most `MOST` of each label, in the table's order."""
    table = split(read_data(path), seed=reader.checkpoint.facts.seed).part("test")
    found: list[Shown] = []
    for label in SIX:
        for sample in [s for s in table.samples if s.label == label][:MOST]:
            faces = reader.read(table.source.read(sample.path)).faces
            if faces:
                found.append(Shown(faces[0], label, sample.group, muscles_of(label, faces[0])))
    return found


def balanced(values: np.ndarray, labels: np.ndarray, people: np.ndarray) -> list[float]:
    """Mean over classes of their means, with a 95 % interval over people; nan left out."""
    known = ~np.isnan(values)
    values, labels, people = values[known], labels[known], np.unique(people[known], return_inverse=True)[1]
    classes = np.unique(labels)

    def mean(weights: np.ndarray) -> float:
        each = [np.average(values[m], weights=weights[m]) for m in (labels == k for k in classes) if weights[m].sum()]
        return float(np.mean(each))

    spread = [mean(drawn[people]) for drawn in group_draws(people.max() + 1, DRAWS)]
    return [round(v, 4) for v in (mean(np.ones(len(values))), *percentiles(np.array(spread)))]


def alike(one: Tensor, other: Tensor) -> float:
    """Cosine of two maps' positive evidence, at one size; nan where one has none."""
    a, b = (F.adaptive_avg_pool2d(_large(raw), SIDE).flatten() for raw in (one, other))
    return float(F.cosine_similarity(a, b, dim=0)) if float(a.sum()) > 0 and float(b.sum()) > 0 else float("nan")


def _large(raw: Tensor) -> Tensor:
    size = [max(SIDE, side) for side in raw.shape]
    return F.interpolate(positive(raw)[None, None], size=size, mode="bilinear", align_corners=False)[0]


def measure(seen: Sequence[Shown], maps: Sequence[Tensor]) -> dict[str, Any]:
    """One row of the table: maps (6, h, w) of every face, in the order of `SIX`."""
    labels, people = np.array([s.label for s in seen]), np.array([s.person for s in seen])
    own = [raws[SIX.index(s.label)] for s, raws in zip(seen, maps, strict=True)]
    kept = [positive(raw) / positive(raw).sum().clamp(min=1e-12) for raw in own]
    total = {
        label: torch.stack([k for k, s in zip(kept, seen, strict=True) if s.label == label]).sum(0) for label in SIX
    }
    rows = {
        "ratio": [localization_ratio(raw, s.mask) for s, raw in zip(seen, own, strict=True)],
        "mean_map": [localization_ratio(total[s.label] - k, s.mask) for s, k in zip(seen, kept, strict=True)],
        "other_class": [
            _mean([localization_ratio(raws[i], s.mask) for i, name in enumerate(SIX) if name != s.label])
            for s, raws in zip(seen, maps, strict=True)
        ],
        "class_likeness": [
            _mean([alike(mine, raws[i]) for i, name in enumerate(SIX) if name != s.label])
            for s, raws, mine in zip(seen, maps, own, strict=True)
        ],
    }
    values = {name: np.array(each, float) for name, each in rows.items()}
    values["less_mean_map"] = values["ratio"] - values["mean_map"]
    values["less_other_class"] = values["ratio"] - values["other_class"]
    parts: dict[str, Counter[str]] = {label: Counter() for label in SIX}
    for s, raw in zip(seen, own, strict=True):
        assert s.face.landmarks is not None
        parts[s.label][densest_part(shares(raw, region_map(s.face.landmarks)))] += 1
    return {name: balanced(each, labels, people) for name, each in values.items()} | {
        "by_class": {k: round(float(np.nanmean(values["ratio"][labels == k])), 4) for k in SIX},
        "densest": {k: dict(parts[k].most_common()) for k in SIX},
    }


def _mean(values: Sequence[float]) -> float:
    """Mean of what is known; nan where nothing is."""
    known = [v for v in values if v == v]
    return float(np.mean(known)) if known else float("nan")


def main() -> None:
    """Read, and measure every method."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    asked = parser.parse_args()
    reader = Reader(asked.checkpoint) if asked.checkpoint else Reader()
    seen = read_photographs(reader, asked.photographs)
    found: dict[str, Any] = {
        "photographs": dict(Counter(s.label for s in seen)),
        "people": len({s.person for s in seen}),
        "methods": {},
    }
    own: dict[str, list[Tensor]] = {}
    for method in SHOWN:
        if method in reader.methods:
            maps = [s.face.maps_by(method, SIX).maps[0] for s in seen]
            own[method] = [raws[SIX.index(s.label)] for s, raws in zip(seen, maps, strict=True)]
            found["methods"][method] = measure(seen, maps)
            print(method, found["methods"][method], flush=True)
    found["likeness"] = {
        one: {
            other: round(_mean([alike(a, b) for a, b in zip(own[one], own[other], strict=True)]), 4)
            for other in own
            if other != one
        }
        for one in own
    }
    print(write_result("photograph_maps", found, reader.checkpoint))


if __name__ == "__main__":
    main()
