"""Lessons of 1, 3 and 5 pictures, scored over all classes, for each derived compound in turn.

    python benchmarks/lessons.py --basic runs/basic --continual runs/continual --data ferplus.zip

writes benchmarks/lessons.json. The class is taken out of the checkpoint (the closed form leaves no trace of it) and
taught again from drawn training pictures. What a newcomer may claim of the old classes is a policy (5 %); how hard the
mean is pulled to a guess, with and without the constituents named, is chosen on validation pictures. Test scores are
reported for that choice, with a bootstrap over the draws.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint, Head, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.evaluation.metrics import harmonic_mean
from cfer.evaluation.stream import Features, Stream
from cfer.features.table import extract_features
from cfer.lessons.lesson import FALSE_ALARMS, new_mean, new_row
from cfer.training.continual import ContinualConfig, build_stream
from cfer.training.finish_basic import labelled_rows

DRAWS = 10
PULLS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
TIE = 0.005  # of two pulls this close the weaker is taken: it leaves more to the pictures
ALARMS = (0.02, 0.1)  # beside the policy, to show the trade


def without(checkpoint: Checkpoint, k: int) -> tuple[Checkpoint, list[int]]:
    """The checkpoint without class k, and the classes that stay."""
    memory, head = checkpoint.memory, checkpoint.model.head
    stay = [i for i in range(len(checkpoint.names)) if i != k]
    place = torch.full((len(checkpoint.names),), -1)
    place[stay] = torch.arange(len(stay))
    kept = memory.exemplar_y != k
    reduced = replace(
        memory,
        means=memory.means[stay],
        counts=memory.counts[stay],
        exemplar_x=memory.exemplar_x[kept],
        exemplar_y=place[memory.exemplar_y[kept]],
    )
    classes = tuple(checkpoint.classes[i] for i in stay)
    return checkpoint.with_head(classes, Head(head.weight[stay], head.bias[stay]), reduced), stay


def score(
    checkpoint: Checkpoint, k: int, shots: Tensor, part: Features, pull: float, alarms: float, named: bool = True
) -> dict[str, float]:
    """Old classes before and after, the new class, and their harmonic mean on one part."""
    base, stay = without(checkpoint, k)
    parts = tuple(base.names.index(p) for p in checkpoint.classes[k].constituents) if named else ()
    weight, bias = new_row(base, new_mean(base.memory, shots, parts, pull), alarms)
    old = F.linear(part.x, base.model.head.weight, base.model.head.bias)
    logits = torch.cat([old, (part.x @ weight + bias)[:, None]], 1)
    before, after = old.argmax(1), logits.argmax(1)

    def recall(predicted: Tensor, wanted: int, true: int) -> float:
        return float((predicted[part.y == true] == wanted).float().mean())

    kept = [np.mean([recall(p, i, true) for i, true in enumerate(stay)]) for p in (before, after)]
    new = recall(after, len(stay), k)
    return {"before": kept[0], "after": kept[1], "new": new, "harmonic": harmonic_mean(float(kept[1]), new)}


def draws(stream: Stream, k: int, shots: int) -> list[Tensor]:
    """Features of drawn training pictures of class k."""
    mine = stream.train.x[stream.train.y == k]
    generators = (torch.Generator().manual_seed(1000 * k + d) for d in range(DRAWS))
    return [mine[torch.randperm(len(mine), generator=g)[:shots]] for g in generators]


def main() -> None:
    """Choose on validation, report on test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--basic", type=Path, default=Path("runs/basic"))
    parser.add_argument("--continual", type=Path, default=Path("runs/continual"))
    parser.add_argument("--data", required=True)
    arguments = parser.parse_args()
    basic = load_checkpoint(arguments.basic / "checkpoint")
    checkpoint = load_checkpoint(arguments.continual / "checkpoint")
    table = labelled_rows(split(read_data(arguments.data), seed=basic.facts["seed"]))
    cache = arguments.basic / "features.safetensors"
    features = extract_features(basic.model, table, basic.preprocessing, cache, progress=True)
    stream = build_stream(features, ContinualConfig(seed=checkpoint.facts["learner"]["seed"]))
    new = range(stream.base, len(stream.classes))

    def one_shot(part: Features, pull: float, alarms: float, named: bool) -> dict[str, float]:
        runs = [score(checkpoint, k, x, part, pull, alarms, named) for k in new for x in draws(stream, k, 1)]
        return {key: round(float(np.mean([r[key] for r in runs])), 4) for key in runs[0]}

    result: dict[str, object] = {
        "command": "python benchmarks/lessons.py --basic runs/basic --continual runs/continual --data ferplus.zip",
        "draws": DRAWS,
        "false_alarms": FALSE_ALARMS,
    }
    chosen = {}
    for named, key in ((True, "constituents named"), (False, "constituents not named")):
        grid = {pull: one_shot(stream.validation, pull, FALSE_ALARMS, named) for pull in PULLS}
        best = max(row["harmonic"] for row in grid.values())
        chosen[named] = next(pull for pull, row in grid.items() if row["harmonic"] >= best - TIE)
        result[key] = {
            "pull_chosen_on_validation": chosen[named],
            "validation_harmonic_by_pull": {str(pull): row["harmonic"] for pull, row in grid.items()},
            "test_one_shot": one_shot(stream.test, chosen[named], FALSE_ALARMS, named),
        }
    pull, alarms = chosen[True], FALSE_ALARMS
    result["test_one_shot_by_false_alarms"] = {str(a): one_shot(stream.test, pull, a, True) for a in ALARMS}
    rng = np.random.default_rng(0)
    for shots in (1, 3, 5):
        rows: dict[str, dict[str, object]] = {}
        keys = ("before", "after", "new", "harmonic")
        means: dict[str, list[float]] = {key: [] for key in keys}
        for k in new:
            runs = [score(checkpoint, k, x, stream.test, pull, alarms) for x in draws(stream, k, shots)]
            own = {key: float(np.mean([r[key] for r in runs])) for key in keys}
            picks = rng.integers(DRAWS, size=(1000, DRAWS))
            drawn = np.array([r["harmonic"] for r in runs])[picks].mean(1)
            interval = [round(float(q), 4) for q in np.quantile(drawn, (0.025, 0.975))]
            rows[stream.classes[k]] = {key: round(v, 4) for key, v in own.items()} | {"harmonic_interval": interval}
            for key in keys:
                means[key].append(own[key])
        rows["mean"] = {key: round(float(np.mean(means[key])), 4) for key in keys}
        result[f"test, {shots} shot{'s' if shots > 1 else ''}"] = rows
    text = json.dumps(result, indent=2)
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
