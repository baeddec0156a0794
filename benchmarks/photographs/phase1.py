"""What a training of the network brought: one checkpoint beside another, on people whom neither learned from.

    python -m benchmarks.photographs.phase1 FERPLUS FACES PHOTOGRAPHS RUN_OF_EVALUATE
        --before CHECKPOINT RUN --after CHECKPOINT RUN                          writes results/phase1.json

A checkpoint is what `cfer train continual` made of a RUN of `cfer train basic`, whose cached features are used; data as
for `cfer train continual`. Test parts: action units by how well they tell photographs of expressions that usually show
them from those of expressions that never do (`cfer.evaluation.unit_scores`); the seven basic classes asked for alone;
rendered faces over all classes; a linear discriminant on the features, fitted to training people, classes alike; and
where whole-face maps lie, on photographs (regions of the label's units by landmarks, which the network's own training
had for other people's photographs) and on rendered faces (pixels that moved, likewise). Differences are face by face,
with intervals over people. RUN_OF_EVALUATE has other rendered people.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch.nn.functional as F
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmarks.common.results import write_result
from benchmarks.explanations.saliency import interval, ratios
from benchmarks.explanations.saliency_methods import last, rendered_faces
from benchmarks.photographs.maps import read_photographs
from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split_together
from cfer.emotions import BASICS
from cfer.evaluation.metrics import accuracy, count_table, recalls
from cfer.evaluation.unit_scores import unit_aucs
from cfer.explain.localization import localization_ratio
from cfer.features.rendered import UNITS
from cfer.features.table import FeatureTable, cache_path, extract_features
from cfer.reading.reader import Reader
from cfer.training.basic import pictures_learned_by
from cfer.training.finish_basic import labelled_rows

NAMES = ("FER+", "rendered", "photographs")
FEWEST, CAP, TESTED = 10, 400, 200
"""Pictures of a class from which on its recall counts; of a class for the discriminant, to fit and to test."""
FACES = 126


def seven(checkpoint: Checkpoint, table: FeatureTable) -> dict[str, Any]:
    """The test part's basic classes, asked for alone, and how units tell them apart."""
    rows = [i for i, s in enumerate(table.table.samples) if s.split == "test" and s.label in BASICS]
    labels = [str(table.table.samples[i].label) for i in rows]
    y, x = np.array([BASICS.index(name) for name in labels]), table.x[rows]
    answers = F.linear(x, *checkpoint.head)[:, : len(BASICS)].argmax(1).numpy()
    counts = count_table(y, answers, len(BASICS))
    counted, recall = np.flatnonzero(counts.sum(1) >= FEWEST), recalls(counts)
    units = checkpoint.model.units
    assert units is not None
    found = unit_aucs(F.linear(x, units.weight.detach(), units.bias.detach()), labels, UNITS)
    return {
        "accuracy": round(accuracy(counts), 4),
        "mean recall": round(float(recall[counted].mean()), 4),
        "recall": {BASICS[k]: round(float(recall[k]), 4) for k in counted},
        "units": round(float(np.mean(list(found.values()))), 4) if found else None,
        "least unit": round(min(found.values()), 4) if found else None,
    }


def discriminant(table: FeatureTable) -> float:
    """Mean recall of the basic classes by a linear discriminant, fitted to training people, on all others."""
    generator = np.random.default_rng(0)

    def picked(parts: set[str], most: int) -> list[int]:
        found: list[int] = []
        for name in BASICS:
            rows = [i for i, s in enumerate(table.table.samples) if s.split in parts and s.label == name]
            found += list(generator.permutation(rows)[:most])
        return found

    fitted, tested = picked({"train"}, CAP), picked({"validation", "test"}, TESTED)
    labels = np.array([str(s.label) for s in table.table.samples])
    known = sorted(set(labels[fitted]))
    method = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[1 / len(known)] * len(known))
    answers = method.fit(table.x[fitted].numpy(), labels[fitted]).predict(table.x[tested].numpy())
    return round(float(np.mean([(answers == name)[labels[tested] == name].mean() for name in known])), 4)


def of_checkpoint(path: Path, run: Path, data: list[Path], photographs: Path, rendered: Path) -> dict[str, Any]:
    """One checkpoint's figures, and its whole-face maps' ratios face by face under "maps"."""
    checkpoint = load_checkpoint(path)
    read = [read_data(place) for place in data]
    parted = split_together(read, seed=checkpoint.facts.seed, learned=pictures_learned_by(run) or ())
    found: dict[str, Any] = {}
    for name, rows in zip(NAMES, map(labelled_rows, parted), strict=True):
        cache = cache_path(run, rows)
        table = extract_features(checkpoint.model, rows, checkpoint.preprocessing.uncorrected, cache, progress=True)
        found[name] = seven(checkpoint, table) | {"discriminant": discriminant(table)}
        if name == "rendered":
            test = [i for i, s in enumerate(rows.samples) if s.split == "test" and s.label in checkpoint.names]
            answers = F.linear(table.x[test], *checkpoint.head).argmax(1).tolist()
            right = [checkpoint.names[k] == rows.samples[i].label for k, i in zip(answers, test, strict=True)]
            found[name]["all classes"] = round(float(np.mean(right)), 4)
    seen = read_photographs(Reader(checkpoint), photographs)
    drawn = rendered_faces(checkpoint, rendered)[:FACES]
    found["maps"] = {
        "photographs": np.array([localization_ratio(s.face.maps.of(s.label)[0], s.mask) for s in seen]),
        "rendered": ratios([last(checkpoint.model, f.x, f.name) for f in drawn], drawn),
    }
    return found


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("faces", type=Path)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("rendered", type=Path, help="A run of `cfer evaluate`, with its rendered faces")
    parser.add_argument("--before", type=Path, nargs=2, required=True, metavar=("CHECKPOINT", "RUN"))
    parser.add_argument("--after", type=Path, nargs=2, required=True, metavar=("CHECKPOINT", "RUN"))
    asked = parser.parse_args()
    data = [asked.ferplus, asked.faces, asked.photographs]
    found = {
        name: of_checkpoint(*getattr(asked, name), data, asked.photographs, asked.rendered)
        for name in ("before", "after")
    }
    maps = {name: row["maps"] for name, row in found.items()}
    for name, row in found.items():
        row["maps"] = {kind: interval(values) for kind, values in maps[name].items()}
    found["maps, after less before"] = {
        kind: interval(values - maps["before"][kind]) for kind, values in maps["after"].items()
    }
    print(found)
    print(write_result("phase1", found, load_checkpoint(asked.after[0])))


if __name__ == "__main__":
    main()
