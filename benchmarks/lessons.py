"""Lessons of 1, 3 and 5 pictures: every compound taught to a checkpoint that knows all others, on other people.

    python -m benchmarks.lessons --run runs/evaluate      writes benchmarks/lessons.json

RUN/faces holds the people that `cfer evaluate` renders. A learner is fitted to all classes but one on the training
people of a fold, as `cfer train continual` does it; the class is then taught from drawn pictures, and everything is
scored over all classes on people whom nothing saw. "promised_loss": what the lesson says that the old classes lost,
from check features; "lost": what they lost on the test people. "shots": share of the taught pictures recognised.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import fold_split
from cfer.emotions import BASICS, COMPOUNDS
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.evaluation.metrics import harmonic_mean
from cfer.evaluation.stream import Features, make_stream, stream_label
from cfer.features.table import FeatureTable, extract_features
from cfer.learners.base import Head
from cfer.lessons.lesson import Policy, teach
from cfer.synth.dataset import MANIFEST
from cfer.training.continual import ContinualConfig, finish_step, held_back, new_learner

FOLDS, USED, DRAWS = 10, 3, 5
POLICIES = {
    "default": Policy(),
    "taught pictures need not be recognised": Policy(recognise=False),
    "twice the false alarms": Policy(false_alarms=0.1),
}


def without(base: Checkpoint, features: FeatureTable, compound: str) -> tuple[Checkpoint, Features, Features]:
    """A checkpoint that knows all classes but one, and training and test features with that one as the last class."""
    config = ContinualConfig()
    others = [name for name in COMPOUNDS if name != compound]
    whole = make_stream(features, (*BASICS, *others, compound), len(BASICS), stream_label)
    seen = range(len(whole.classes) - 1)
    parts = (part.of(seen) for part in (whole.train, whole.validation, whole.test))
    train, validation, test = parts
    known_only = replace(whole, classes=whole.classes[:-1], train=train, validation=validation, test=test)
    checks, stream = held_back(known_only, config)
    learner = new_learner(config, several=False)
    for number in range(len(stream)):
        learner.observe(stream.step(number), torch.Generator().manual_seed(number))
    result = finish_step(learner.head(), stream)
    known = replace(
        base,
        model=base.model.with_head(stream.classes, *result.head),
        classes=tuple(ClassInfo.of(n) for n in stream.classes),
        learner=learner,
        calibration=result.calibration,
        offsets=torch.zeros(seen.stop),
        checks=checks,
        heads=(result.head,) * len(stream),
        measured={},
    )
    return known, whole.train, whole.test


def recalls(head: Head, test: Features, classes: range) -> list[float]:
    """Recall of some classes."""
    predicted = F.linear(test.x, *head).argmax(1)
    return [float((predicted[test.y == k] == k).float().mean()) for k in classes]


def lesson(known: Checkpoint, compound: str, shots: Tensor, test: Features, policy: Policy) -> dict[str, float]:
    """One lesson, scored on people whom nothing saw."""
    new = len(known.names)
    taught, effect = teach(known, compound, shots, policy=policy)
    before = float(np.mean(recalls(known.head, test, range(new))))
    *old, own = recalls(taught.head, test, range(new + 1))
    after = float(np.mean(old))
    return {
        "before": before,
        "after": after,
        "lost": before - after,
        "promised_loss": effect.old_before - effect.old_after,
        "new": own,
        "harmonic": harmonic_mean(after, own),
        "shots": float((F.linear(shots, *taught.head).argmax(1) == new).float().mean()),
    }


def summary(rows: list[dict[str, float]], groups: list[int]) -> dict[str, Any]:
    """Means with intervals over compounds."""
    found = {}
    for key in rows[0]:
        values = np.array([row[key] for row in rows])
        interval = bootstrap_interval(values, np.array(groups))
        found[key] = [round(v, 4) for v in (float(values.mean()), *interval)]
    return found


def main() -> None:
    """Teach every compound in some folds, several draws of a person."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/evaluate"))
    run = parser.parse_args().run
    base = load_checkpoint()
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(base.model, table, base.preprocessing, run / "features.safetensors")
    rows: dict[tuple[str, int], list[dict[str, float]]] = {}
    groups: dict[tuple[str, int], list[int]] = {}
    for fold in range(USED):
        divided = replace(features, table=fold_split(features.table, FOLDS, fold, 0))
        for place, compound in enumerate(COMPOUNDS):
            known, train, test = without(base, divided, compound)
            mine = train.x[train.y == len(known.names)]
            for draw in range(DRAWS):
                picks = torch.randperm(len(mine), generator=torch.Generator().manual_seed(100 * fold + draw))
                asked = [("default", shots) for shots in (1, 3, 5)] + [(name, 1) for name in list(POLICIES)[1:]]
                for policy, shots in asked:
                    found = lesson(known, compound, mine[picks[:shots]], test, POLICIES[policy])
                    rows.setdefault((policy, shots), []).append(found)
                    groups.setdefault((policy, shots), []).append(place)
            print(fold, compound, flush=True)
    results = {f"{policy}, {shots}": summary(each, groups[policy, shots]) for (policy, shots), each in rows.items()}
    found = {"folds": USED, "draws": DRAWS, "compounds": len(COMPOUNDS), "lessons": results}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
