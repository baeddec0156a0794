"""What somebody's own neutral face as zero brings on photographs of people whom nothing was learned from.

    python -m benchmarks.photographs.own_neutral PHOTOGRAPHS --run RUN      writes results/own_neutral.json

People of the validation and test parts of PHOTOGRAPHS with at least one photograph labelled neutral and one labelled
otherwise; RUN is a run of `cfer train basic` whose cached features are used. Their other photographs are read as they
are, and with one or up to three of their neutral ones as zero, by three rules: the shipped n / (n + 1), all of the
deviation, and a quarter more cautious. Intervals are over people. Labels are noisy, and were given without looking at
a neutral face of the same person.
"""

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.emotions import BASICS
from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.evaluation.unit_scores import unit_aucs
from cfer.features.table import cache_path, extract_features
from cfer.reading.own_neutral import WORTH, own_shift, usual_neutral
from cfer.training.finish_basic import labelled_rows

DRAWS = 300
MOST = 3
"""Neutral photographs of a person at most."""
RULES = {"as it is": None, "shipped": WORTH, "all of it": 0.0, "a quarter with one": 3.0}


def main() -> None:
    """Read with and without, and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    asked = parser.parse_args()
    checkpoint = load_checkpoint(asked.checkpoint) if asked.checkpoint else load_checkpoint()
    assert checkpoint.model.units is not None
    rows = labelled_rows(split(read_data(asked.photographs), seed=checkpoint.facts.seed))
    table = extract_features(
        checkpoint.model, rows, checkpoint.preprocessing, cache_path(asked.run, rows), progress=True
    )
    people: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"neutral": [], "other": []})
    for i, sample in enumerate(table.table.samples):
        if sample.split != "train" and sample.label in BASICS:
            people[sample.group]["neutral" if sample.label == "neutral" else "other"].append(i)
    both = [person for person in people.values() if person["neutral"] and person["other"]]
    found: dict[str, Any] = {"people": len(both), "pictures": sum(len(p["other"]) for p in both)}
    for most in (1, MOST):
        kept = {
            name: _scores(both, most, worth, table.x, table.table.samples, checkpoint) for name, worth in RULES.items()
        }
        plain = kept["as it is"]
        found[f"up to {most} neutral"] = {
            name: {key: _summary(values, plain[key]) for key, values in each.items()} for name, each in kept.items()
        }
    print(found)
    print(write_result("own_neutral", found, checkpoint))


def _scores(
    people: list[dict[str, list[int]]], most: int, worth: float | None, x: Tensor, samples: Any, checkpoint: Any
) -> dict[str, np.ndarray]:
    """Mean recall of the expressive basics, and of units' areas under the curve, in every draw of people."""
    seven = [checkpoint.names.index(name) for name in BASICS]
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
        readings = checkpoint.model.units(features).numpy()
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
