"""The paper's one-shot protocol, and what the same models score when they may also be wrong.

    python -m benchmarks.continual.one_shot_protocol --run runs/benchmark/muscles  writes results/one_shot_protocol.json

The published code teaches the basic model one compound from one picture, 32 times a batch, without memory, under a
distillation that weighs 0.1 (arXiv 2308.06197, algorithm 4); it stops where the new class's held-out pictures are
recognised best, and reports that recall: every picture it asks about shows the new class. Here the same model is also
asked about everybody else. RUN is a folder of `cfer evaluate` on rendered people; its features and faces are read.

As published, the features are the network's own, not standardised: all are positive, so that pulling the new class's
row towards one picture pulls it towards every picture.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import fold_split
from cfer.evaluation.bootstrap import group_draws
from cfer.evaluation.metrics import harmonic_mean
from cfer.features.table import FeatureTable, extract_features
from cfer.learners import REGISTRY, Head, Learner, LinearLearner
from cfer.learners.heads import widen
from cfer.learners.losses import padded_distillation
from cfer.protocol.protocol import few_shot, taking_part
from cfer.protocol.stream import Features, Stream, make_stream, stream_label
from cfer.synth.dataset import MANIFEST

COPIES = 32
KEEP = 0.1
PATIENCE, LONGEST, LATER = 100, 1000, 100
FOLDS, DRAWS = 10, 1000
RATES = (1e-3, 3e-3, 1e-2)
"""Learning rates of Adam. The paper's 1e-5 tunes the backbone's last stage too: it says nothing about a head alone."""
PUBLISHED = {f"as published, rate {rate:g}": rate for rate in RATES}
METHODS = (
    "basic model, before",
    "always the new class",
    *PUBLISHED,
    *(f"{name}, 100 epochs later" for name in PUBLISHED),
    "repaired",
    "compositional",
)


def as_published(stream: Stream, start: Head, rate: float, generator: torch.Generator) -> tuple[Head, Head, float]:
    """Teach the way the published code does, on fixed features.

    Args:
        stream: With features as they come from the network.
        start: The basic model's head on these.
        rate: Learning rate of Adam.
        generator: Draws the new row.

    Returns:
        The head where it stops, the head 100 epochs later, and the recall that the paper would report: that of the
        validation pictures by which it stopped, all of the new class.
    """
    x = stream.step(1).x[:1].expand(COPIES, -1)  # (32, C)
    y = torch.full((COPIES,), stream.base)
    asked = stream.validation.of(range(stream.base, stream.base + 1)).x
    teacher = F.linear(x, start.weight, start.bias)
    weight, bias = (t.requires_grad_() for t in widen(start, 1, generator))
    optimizer = torch.optim.Adam([weight, bias], rate)
    best, stopped, heads = -1.0, 0, []
    for epoch in range(LONGEST):
        with torch.enable_grad():
            logits = F.linear(x, weight, bias)
            value = (1 - KEEP) * F.cross_entropy(logits, y) + KEEP * padded_distillation(logits, teacher)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        heads.append(Head(weight.detach().clone(), bias.detach().clone()))
        recall = float((F.linear(asked, *heads[-1]).argmax(1) == stream.base).float().mean())
        if recall > best:
            best, stopped = recall, epoch
        if epoch - stopped == max(PATIENCE, LATER):
            break
    return heads[stopped], heads[min(stopped + LATER, len(heads) - 1)], best


@dataclass(frozen=True)
class Hits:
    """Right answers and questions, people by classes of step 0 and the new one."""

    right: np.ndarray  # (P, runs, K0 + 1)
    asked: np.ndarray  # (P, runs, K0 + 1)


def run_fold(features: FeatureTable, fold: int, hits: dict[str, Hits], reported: dict[str, list[float]]) -> None:
    """Teach every compound in turn; adds to `hits`, and to `reported` the recalls that the paper would report."""
    basics, compounds = taking_part(features.table, 20)
    divided = replace(features, table=fold_split(features.table, FOLDS, fold, 0))
    start: dict[str, Learner] | None = None
    for number, compound in enumerate(compounds):
        whole = make_stream(divided, (*basics, compound), len(basics), stream_label)
        plain = few_shot(whole, 1, (0, 2, fold, number))
        generator = torch.Generator().manual_seed(1000 * fold + number)
        if start is None:  # step 0 is the same for all
            start = {name: REGISTRY[name].make(62) for name in ("predictive-replay", "compositional")}
            for learner in start.values():
                learner.observe(plain.step(0), generator)
        taught = {name: learner.copy() for name, learner in start.items()}
        for learner in taught.values():
            learner.observe(plain.step(1), generator)
        raw, first = plain.test.x, start["predictive-replay"]
        assert isinstance(first, LinearLearner)
        basic = first.head()
        answers = {
            "basic model, before": F.linear(raw, *basic).argmax(1),
            "always the new class": torch.full((len(raw),), len(basics)),
            "repaired": taught["predictive-replay"].logits(raw).argmax(1),
            "compositional": taught["compositional"].logits(raw).argmax(1),
        }
        for name, rate in PUBLISHED.items():
            stop, later, best = as_published(plain, basic, rate, generator)
            reported[name].append(best)
            answers[name] = F.linear(raw, *stop).argmax(1)
            answers[f"{name}, 100 epochs later"] = F.linear(raw, *later).argmax(1)
        for name, answer in answers.items():
            _count(hits[name], number, plain.test, answer)


def _count(hits: Hits, number: int, test: Features, answer: Tensor) -> None:
    who, true = test.groups.numpy(), test.y.numpy()
    np.add.at(hits.asked, (who, number, true), 1)
    np.add.at(hits.right, (who, number, true), (answer == test.y).numpy())


def score(hits: Hits, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Recalls (D,) of the base classes and of the new ones, and the mean over compounds of their harmonic mean."""
    right, asked = (np.einsum("dp,prk->drk", weights, a) for a in (hits.right, hits.asked))
    recall = right / asked  # (D, runs, K0 + 1)
    base, new = recall[..., :-1].mean(-1), recall[..., -1]  # (D, runs)
    harmonic = np.vectorize(harmonic_mean)(base, new)
    return {"base": base.mean(1), "new": new.mean(1), "harmonic": harmonic.mean(1)}


def main() -> None:
    """Ten folds by person, every compound."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    run = parser.parse_args().run
    checkpoint = load_checkpoint()
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, run / "features.safetensors")
    basics, compounds = taking_part(features.table, 20)
    people = len({s.group for s in features.table.samples})
    shape = (people, len(compounds), len(basics) + 1)
    hits = {name: Hits(np.zeros(shape, np.int64), np.zeros(shape, np.int64)) for name in METHODS}
    reported: dict[str, list[float]] = {name: [] for name in PUBLISHED}
    for fold in range(FOLDS):
        run_fold(features, fold, hits, reported)
    weights = group_draws(people, DRAWS)
    rows = {}
    for name in METHODS:
        point, spread = score(hits[name], np.ones((1, people))), score(hits[name], weights)
        rows[name] = {k: [float(point[k][0]), *map(float, np.quantile(spread[k], (0.025, 0.975)))] for k in point}
    for name, values in reported.items():
        rows[name]["reported"] = [float(np.mean(values)), float(np.min(values)), float(np.max(values))]
    found = {"people": people, "pictures": len(features.table.samples), "compounds": len(compounds), "methods": rows}
    write_result("one_shot_protocol", found)
    for name, row in rows.items():
        print(name, {k: f"{100 * v[0]:.1f}" for k, v in row.items()})


if __name__ == "__main__":
    main()
