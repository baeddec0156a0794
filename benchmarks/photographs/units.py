"""What each witness of action units is worth on photographs, and the choice of their weights.

    python -m benchmarks.photographs.units START FERPLUS PHOTOGRAPHS RENDERED... --held FACES --run RUN
                                                                        writes results/photograph_units.json

START is the checkpoint whose readout was learned from rendered faces, RENDERED are what `cfer train basic` learned
units from, FACES other rendered people, RUN the run of `cfer train basic --epochs 0` whose cached features are used.

Four measures, each 1 at best: of telling photographs of expressions that usually show a unit from those of expressions
that never do (`cfer.evaluation.unit_scores`), on photographs and on FER+; of telling rendered faces with a unit from
those without; and the rank correlation with MediaPipe's blendshapes *within* photographs of one expression, which a
readout of expressions would not have. Blendshapes count half as much as rendered faces, because no measure here is
independent of them; what labels count beside is chosen by the mean of the four on validation people. The test part is
looked at once, for the chosen weights and for each witness alone. Nor are the first two measures independent of labels;
what was held apart are people, and, as long as labels of FER+ are not used, its pictures.
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split_together
from cfer.emotions import BASICS, PRESENT
from cfer.evaluation.unit_scores import unit_aucs
from cfer.features.rendered import UNITS, joined_crops, load_rendered
from cfer.features.still_places import look_at
from cfer.features.table import cache_path, extract_features
from cfer.features.teachers import read_answers
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.training.basic import pictures_learned_by
from cfer.training.finish_basic import labelled_rows
from cfer.training.readouts import blendshapes_of, training_part
from cfer.training.unit_witnesses import (
    BLENDSHAPES,
    WitnessWeights,
    performances,
    spread_within,
    with_witnesses,
)

TRIED = [(0.0, 0.0), (0.5, 0.0), (0.0, 5.0), *((b, g) for b in (0.25, 0.5, 1.0) for g in (2.0, 3.0, 5.0, 8.0))]
"""Weights of blendshapes and of labels."""
FEWEST = 30
"""Photographs of a class from which on correlations within it count."""


def within(readings: Tensor, shapes: Tensor, labels: np.ndarray) -> float:
    """Mean rank correlation of units and their blendshapes within photographs of one expression."""
    logits = torch.logit(shapes.clamp(1e-4, 1 - 1e-4)).numpy()
    found = [
        spearmanr(logits[mine][:, list(places)].mean(1), readings.numpy()[mine, UNITS.index(unit)]).statistic
        for unit, places in BLENDSHAPES.items()
        for mine in (labels == name for name in BASICS)
        if mine.sum() >= FEWEST
    ]
    return float(np.nanmean(found))


def main() -> None:
    """Choose on validation people, and look at the test part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("start", type=Path)
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("rendered", type=Path, nargs="+")
    parser.add_argument("--held", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    asked = parser.parse_args()
    start = load_checkpoint(asked.start)
    model, preprocessing = start.model, start.preprocessing
    own = model.units
    assert own is not None
    assert model.action_units == UNITS
    read = [read_data(asked.ferplus), read_data(asked.photographs)]
    parted = split_together(read, seed=start.facts.seed, learned=pictures_learned_by(asked.run) or ())
    votes, photographs = (
        extract_features(model, rows, preprocessing, cache_path(asked.run, rows), progress=True)
        for rows in map(labelled_rows, parted)
    )
    x, elsewhere, performed = _rendered(asked.rendered, model, preprocessing)
    held, _, exact_units = _rendered([asked.held], model, preprocessing)
    shown = exact_units.numpy() >= PRESENT
    spread = spread_within(x, performances(performed))
    answers = read_answers(photographs.table)

    def scores(rows: Tensor, part: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, table in (("photographs", photographs), ("FER+", votes)):
            mine = [i for i, s in enumerate(table.table.samples) if s.split == part and s.label in BASICS]
            labels = [str(table.table.samples[i].label) for i in mine]
            aucs = unit_aucs(F.linear(table.x[mine], rows), labels, UNITS)
            found[name] = {"mean": float(np.mean(list(aucs.values()))), "least": min(aucs.values()), "units": aucs}
            if name == "photographs":
                shapes = answers.blendshapes[[answers.rows[table.table.samples[i].path] for i in mine]]
                readings = F.linear(table.x[mine], rows)
                found["within"] = within(readings, torch.from_numpy(shapes), np.array(labels))
        exact = F.linear(held, rows).numpy()
        found["rendered"] = float(np.mean([roc_auc_score(shown[:, u], exact[:, u]) for u in range(len(UNITS))]))
        found["mean"] = float(
            np.mean([found["photographs"]["mean"], found["FER+"]["mean"], found["rendered"], found["within"]])
        )
        return found

    def rows_of(weights: WitnessWeights) -> Tensor:
        labelled = [training_part(each) for each in (photographs, votes)]
        return with_witnesses(own.weight.detach(), labelled, blendshapes_of([photographs]), spread, elsewhere, weights)

    plain = WitnessWeights()
    tried = []
    for blendshapes, labels in TRIED:
        weights = replace(plain, blendshapes=blendshapes, labels=labels)
        tried.append({"weights": asdict(weights), **scores(rows_of(weights), "validation")})
        print(blendshapes, labels, tried[-1]["mean"])
    asked_of = [row for row in tried if row["weights"]["blendshapes"] == plain.blendshapes]
    best = max(asked_of, key=lambda row: row["mean"])
    chosen = WitnessWeights(**best["weights"])
    alone = replace(plain, blendshapes=0.0, labels=0.0)
    found = {
        "tried on validation people": tried,
        "chosen": asdict(chosen),
        "shipped": asdict(plain),
        "test": {
            "rendered faces alone": scores(rows_of(alone), "test"),
            "blendshapes beside": scores(rows_of(replace(plain, labels=0.0)), "test"),
            "labels of photographs beside": scores(rows_of(replace(plain, blendshapes=0.0)), "test"),
            "shipped": scores(rows_of(plain), "test"),
        },
    }
    print({name: row["mean"] for name, row in found["test"].items()}, found["chosen"])
    print(write_result("photograph_units", found))


def _rendered(places: list[Path], model: FaceModel, preprocessing: Preprocessing) -> tuple[Tensor, Tensor, Tensor]:
    """Features of rendered faces, rows of what lies where nothing moved, and their units' intensities (N, U)."""
    faces = joined_crops([load_rendered(read_data(each), preprocessing) for each in places])
    looked = look_at(model, preprocessing, faces)
    return looked.x, looked.elsewhere, faces.units


if __name__ == "__main__":
    main()
