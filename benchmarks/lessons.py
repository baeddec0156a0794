"""Lessons of 1, 3 and 5 pictures: every compound taught to a checkpoint that knows all others, on other people.

    python -m benchmarks.lessons --run runs/evaluate      writes benchmarks/lessons.json

RUN/faces holds the people that `cfer evaluate` renders. A learner is fitted to all classes but one on the training
people of a fold, as `cfer train continual` does it; the class is then taught from drawn pictures, and everything is
scored over all classes on people whom nothing saw. "promised_loss": what the lesson says that the old classes lost,
from check features; "lost": what they lost on the test people; "most_hurt": the loss of the class that lost most.
"shots": share of the taught pictures recognised. Beside lessons stand the same learner's plain step, nearest means, and
a head that is trained anew on 20 exemplars a class and the new pictures, as Teachable Machine does it. The first fold's
people are for choosing how hard a class pulls by default ("choice"), the others' for reporting ("lessons").
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
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
from cfer.lessons.lesson import observed, taught, teach
from cfer.lessons.record import DEFAULT_EAGER, EAGER, Lesson
from cfer.synth.dataset import MANIFEST
from cfer.training.continual import ContinualConfig, finish_step, held_back, new_learner

FOLDS, USED, DRAWS = 10, 2, 3
EXEMPLARS = 20
PLAIN, NEAREST, RETRAINED = "plain step", "nearest mean", "head trained anew"


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
        domains=None,  # rendered faces alone are learned from here
    )
    return known, whole.train, whole.test


def recalls(head: Head, test: Features, classes: range) -> list[float]:
    """Recall of some classes."""
    predicted = F.linear(test.x, *head).argmax(1)
    return [float((predicted[test.y == k] == k).float().mean()) for k in classes]


def scored(known: Checkpoint, heads: tuple[Head, Head], shots: Tensor, test: Features) -> dict[str, float]:
    """A head before and after a lesson on people whom nothing saw."""
    new = len(known.names)
    before = recalls(heads[0], test, range(new))
    *after, own = recalls(heads[1], test, range(new + 1))
    old, still = float(np.mean(before)), float(np.mean(after))
    return {
        "before": old,
        "after": still,
        "lost": old - still,
        "most_hurt": max(b - a for b, a in zip(before, after, strict=True)),
        "new": own,
        "harmonic": harmonic_mean(still, own),
        "shots": float((F.linear(shots, *heads[1]).argmax(1) == new).float().mean()),
    }


def lesson(known: Checkpoint, compound: str, shots: Tensor, test: Features, eager: str) -> dict[str, float]:
    """One lesson."""
    given = Lesson(compound, shots, shots, constituents=ClassInfo.of(compound).constituents, eager=eager)
    effect = teach(known, given)
    found = scored(known, (known.head, taught(known, [given]).head), shots, test)
    return found | {"promised_loss": effect.old_before - effect.old_after}


def plain(known: Checkpoint, compound: str, shots: Tensor, test: Features) -> dict[str, float]:
    """The learner's step without any placement."""
    given = Lesson(compound, shots, shots, constituents=ClassInfo.of(compound).constituents)
    return scored(known, (known.head, observed(known, given)[1]), shots, test)


def nearest(known: Checkpoint, shots: Tensor, train: Features, test: Features) -> dict[str, float]:
    """Nearest class means, the new one's from the shots."""
    means = [train.x[train.y == k].mean(0) for k in range(len(known.names))]
    heads = []
    for each in (means, [*means, shots.mean(0)]):
        weight = torch.stack(each)
        heads.append(Head(weight, -0.5 * weight.square().sum(1)))
    return scored(known, (heads[0], heads[1]), shots, test)


def retrained(known: Checkpoint, shots: Tensor, train: Features, test: Features) -> dict[str, float]:
    """A head trained from nothing on some exemplars a class and the shots, every class counting alike."""
    kept = [train.x[train.y == k][:EXEMPLARS] for k in range(len(known.names))]
    heads = []
    for each in (kept, [*kept, shots]):
        x = torch.cat(each)
        y = torch.cat([torch.full((len(rows),), k) for k, rows in enumerate(each)])
        middle, scale = x.mean(0), x.std(0) + 1e-6
        fitted = LogisticRegression(C=0.01, class_weight="balanced", max_iter=200)
        fitted.fit(((x - middle) / scale).numpy(), y.numpy())
        weight = torch.from_numpy(fitted.coef_).float() / scale
        bias = torch.from_numpy(fitted.intercept_).float() - weight @ middle
        heads.append(Head(weight, bias))
    return scored(known, (heads[0], heads[1]), shots, test)


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
    rows: dict[tuple[bool, str, int], list[dict[str, float]]] = {}
    groups: dict[tuple[bool, str, int], list[int]] = {}
    for fold in range(USED):
        divided = replace(features, table=fold_split(features.table, FOLDS, fold, 0))
        for place, compound in enumerate(COMPOUNDS):
            known, train, test = without(base, divided, compound)
            mine = train.x[train.y == len(known.names)]
            for draw in range(DRAWS):
                picks = torch.randperm(len(mine), generator=torch.Generator().manual_seed(100 * fold + draw))
                shots = {count: mine[picks[:count]] for count in (1, 3, 5)}
                found = {(eager, 1): lesson(known, compound, shots[1], test, eager) for eager in EAGER}
                if fold:
                    for count in (3, 5):
                        key = DEFAULT_EAGER, count
                        found[key] = lesson(known, compound, shots[count], test, DEFAULT_EAGER)
                    found[PLAIN, 1] = plain(known, compound, shots[1], test)
                    found[NEAREST, 1] = nearest(known, shots[1], train, test)
                    if not draw:
                        found[RETRAINED, 1] = retrained(known, shots[1], train, test)
                for (name, count), scores in found.items():
                    rows.setdefault((fold > 0, name, count), []).append(scores)
                    groups.setdefault((fold > 0, name, count), []).append(place)
            print(fold, compound, flush=True)
    results: dict[str, Any] = {"choice": {}, "lessons": {}}
    for (reported, name, count), each in rows.items():
        part = "lessons" if reported else "choice"
        results[part][f"{name}, {count}"] = summary(each, groups[reported, name, count])
    found = {"folds": USED, "draws": DRAWS, "compounds": len(COMPOUNDS)} | results
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
