"""What somebody's own neutral face as zero brings to people whom nothing was learned from.

    python -m benchmarks.photographs.own_neutral PHOTOGRAPHS RENDERED --run RUN     writes results/own_neutral.json

Photographs: people of the validation and test parts of PHOTOGRAPHS with at least one picture labelled neutral and one
labelled otherwise, mostly press portraits of several occasions. Rendered: people of RENDERED, a folder of `cfer synth`,
whose pictures differ in light, pose and distance, too. RUN is a run of `cfer train basic` whose cached features are
used. Their other pictures are read as they are, and with one or up to three of their neutral ones as zero, by three
rules: the shipped n / (n + 1), all of the deviation, and a more cautious n / (n + 3). Intervals are over people.
Labels of photographs are noisy, and were given without looking at a neutral face of the same person.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.samples import Sample
from cfer.data.splits import split
from cfer.emotions import BASICS
from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.evaluation.unit_scores import unit_aucs
from cfer.features.table import FeatureTable, cache_path, extract_features
from cfer.reading.own_neutral import WORTH, own_shift, usual_neutral
from cfer.training.finish_basic import labelled_rows

DRAWS = 300
MOST = 3
"""Neutral photographs of a person at most."""
RULES = {"as it is": None, "n / (n + 1), shipped": WORTH, "all of it": 0.0, "n / (n + 3)": 3.0}


def main() -> None:
    """Read with and without, and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photographs", type=Path)
    parser.add_argument("rendered", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    asked = parser.parse_args()
    checkpoint = load_checkpoint(asked.checkpoint) if asked.checkpoint else load_checkpoint()
    found: dict[str, Any] = {}
    for name, place in (("photographs", asked.photographs), ("rendered", asked.rendered)):
        rows = labelled_rows(split(read_data(place), seed=checkpoint.facts.seed))
        cache = cache_path(asked.run, rows)
        table = extract_features(checkpoint.model, rows, checkpoint.preprocessing, cache, progress=True)
        found[name] = _with_and_without(table, checkpoint, tested="all" if name == "rendered" else "held out")
    print(found)
    print(write_result("own_neutral", found, checkpoint))


def _with_and_without(table: FeatureTable, checkpoint: Checkpoint, tested: str) -> dict[str, Any]:
    """Scores by every rule, of all people or of those held out."""
    people: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"neutral": [], "other": []})
    for i, sample in enumerate(table.table.samples):
        if (tested == "all" or sample.split != "train") and sample.label in BASICS:
            people[sample.group]["neutral" if sample.label == "neutral" else "other"].append(i)
    both = [person for person in people.values() if person["neutral"] and person["other"]]
    found: dict[str, Any] = {"people": len(both), "pictures": sum(len(p["other"]) for p in both)}
    for most in (1, MOST):
        asked_of = (table.x, table.table.samples, checkpoint)
        kept = {name: _scores(both, most, worth, *asked_of) for name, worth in RULES.items()}
        plain = kept["as it is"]
        found[f"up to {most} neutral"] = {
            name: {key: _summary(values, plain[key]) for key, values in each.items()} for name, each in kept.items()
        }
    return found


def _scores(
    people: list[dict[str, list[int]]],
    most: int,
    worth: float | None,
    x: Tensor,
    samples: Sequence[Sample],
    checkpoint: Checkpoint,
) -> dict[str, np.ndarray]:
    """Mean recall of the expressive basics, and of units' areas under the curve, in every draw of people."""
    seven, units = [checkpoint.names.index(name) for name in BASICS], checkpoint.model.units
    assert units is not None
    index, owners, shifts = [], [], []
    for number, person in enumerate(people):
        rest = x[person["neutral"][:most]]
        usual = usual_neutral(checkpoint, rest.mean(0))
        assert usual is not None
        shift = torch.zeros_like(usual) if worth is None else own_shift(rest, usual, worth)
        index += person["other"]
        owners += [number] * len(person["other"])
        shifts += [shift] * len(person["other"])
    features = x[index] - torch.stack(shifts)
    labels = np.array([str(samples[i].label) for i in index])
    answers = np.array(BASICS)[F.linear(features, *checkpoint.head)[:, seven].argmax(1).numpy()]
    with torch.no_grad():
        readings = units(features).numpy()
    draws = np.concatenate([np.ones((1, len(people))), group_draws(len(people), DRAWS)])
    recall, areas = [], []
    for draw in draws:
        weights = draw[owners]
        recall.append(
            np.mean(
                [
                    np.average(answers[k] == name, weights=weights[k])
                    for name in np.unique(labels)
                    if (k := labels == name).sum() >= 10 and weights[k].sum()
                ]
            )
        )
        counts = {name: weights[labels == name].sum() for name in np.unique(labels)}
        even = np.array([w / max(counts[name], 1) for w, name in zip(weights, labels, strict=True)])
        areas.append(np.mean(list(unit_aucs(readings, labels.tolist(), checkpoint.model.action_units, even).values())))
    return {"recall": np.array(recall), "units": np.array(areas)}


def _summary(values: np.ndarray, plain: np.ndarray) -> dict[str, list[float]]:
    """The value over all people, and how much more it is than without, with intervals over people."""
    gained = values - plain
    return {
        "value": [float(values[0]), *percentiles(values[1:])],
        "gained": [float(gained[0]), *percentiles(gained[1:])],
    }


if __name__ == "__main__":
    main()
