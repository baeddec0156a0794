"""Phase 2: compound classes one at a time, on features of the backbone that phase 1 left behind."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cfer.checkpoint import (
    CheckFeatures,
    Checkpoint,
    ClassInfo,
    LearnerSpec,
    PhaseFacts,
    model_digest,
    save_checkpoint,
)
from cfer.checkpoint.card import model_card
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.scores import BasicScores, ContinualScores
from cfer.emotions import BASICS, COMPOUNDS
from cfer.evaluation.head_scores import basic_scores
from cfer.features.table import FeatureTable, data_facts, joined
from cfer.learners import DEFAULT, REGISTRY
from cfer.learners.base import LinearLearner
from cfer.protocol.stream import Stream, basic_stream, make_stream, stream_label
from cfer.system.draws import generator_of
from cfer.system.files import check_run_config, without_nan, write_json
from cfer.system.provenance import code_digest, digest_of_all
from cfer.training.step_results import finish_step, keep, report, resumed


@dataclass(frozen=True)
class ContinualConfig:
    """Settings of phase 2.

    Attributes:
        learner: A name in `cfer.learners.REGISTRY`.
        least: Fewest training pictures of a compound that is learned.
        exemplars: Budget of exemplars a class, for learners that keep any.
        checks: Validation features of each class, at most half of them, that nothing is fitted to: for lessons.
        trust: Weight of each data set's labels, in the order of the data; empty where all count alike.
        seed: Decides the class order and whatever the learner draws.
    """

    learner: str = DEFAULT
    least: int = 50
    exemplars: int = 62
    checks: int = 40
    trust: tuple[float, ...] = ()
    seed: int = 0


def train_continual(
    basic: Checkpoint,
    tables: Sequence[FeatureTable],
    config: ContinualConfig,
    out: Path,
    *,
    commands: tuple[str, ...] = (),
    published: Callable[[int, Path], object] = lambda step, folder: None,
) -> Checkpoint:
    """Learn the compounds of data sets on top of a checkpoint's backbone; write `out/checkpoint` after every step.

    Args:
        basic: What `train basic` made; its backbone, preprocessing and history are used.
        tables: All rows' features by that backbone, with splits, a table a data set; the first is the basic phase's.
        config: Settings.
        out: The run's folder; the same folder again goes on after the last whole step, with the same numbers.
        commands: What was typed, for the card.
        published: Called with the step's number and the checkpoint's folder whenever that was written; the last step
            before an interruption may come twice.

    Raises:
        ValueError: The folder holds another run, the learner is not linear or learns one data set only, or the data
            lacks what a stream needs.
    """
    learner = new_learner(config, several=len(tables) > 1)
    whole = build_stream(joined(tables), config)
    checks, stream = held_back(whole, config)
    facts = replace(
        basic.facts,
        phases=(*basic.facts.phases, PhaseFacts("continual", "", tuple(map(data_facts, tables)), asdict(config))),
        commands=(*basic.facts.commands, *commands),
    )
    check_run_config(out, asdict(config) | run_origin(basic, tables, stream.classes))
    learner, results = resumed(out, learner)
    basics = basic_stream(tables[0])
    sets = [table.table.name for table in tables]

    def publish() -> Checkpoint:
        seen = len(results[-1].head.bias)
        scores = report(stream, results, sets) | {"basics_alone": basic_scores(results[-1].head, basics)}
        checkpoint = replace(
            basic,
            model=basic.model.with_head(stream.classes[:seen], *results[-1].head),
            classes=tuple(ClassInfo.of(n) for n in stream.classes[:seen]),
            spec=LearnerSpec(config.learner, config.exemplars),
            learner=learner,
            calibration=results[-1].calibration,
            domains=results[-1].domains,
            matches=results[-1].matches,
            sureness=results[-1].sureness,
            offsets=torch.zeros(seen),
            checks=CheckFeatures(checks.x[checks.y < seen], checks.y[checks.y < seen]),
            heads=tuple(r.head for r in results),
            facts=replace(
                facts,
                basic=BasicScores.from_dict(without_nan(basic_scores(results[0].head, basics))),
                continual=ContinualScores.from_dict(without_nan(scores)),
            ),
            measured={k: v for k, v in basic.measured.items() if k == LANDMARKS},
        )
        save_checkpoint(checkpoint, out / "checkpoint", model_card(checkpoint))
        published(len(results) - 1, out / "checkpoint")
        return checkpoint

    checkpoint = publish() if results else None  # a killed run may have kept a step without publishing it
    for number in range(len(results), len(stream)):
        learner.observe(stream.step(number), generator_of(config.seed, "step", number))
        results.append(finish_step(learner.head(), stream, checks))
        keep(out, stream, learner, results)
        checkpoint = publish()
    assert checkpoint is not None  # a stream has at least its basic step
    write_json(out / "report.json", checkpoint.facts.to_dict()["continual"], indent=2)
    return checkpoint


def run_origin(basic: Checkpoint, tables: Sequence[FeatureTable], classes: Sequence[str]) -> dict[str, Any]:
    """Origin of a run beside its settings, plain data."""
    return {
        "backbone": basic.facts.backbone,
        "basic": digest_of_all([model_digest(basic.model), str(basic.preprocessing)]),
        "data": {str(k): t.origin() for k, t in enumerate(tables, 1)},
        "classes": list(classes),
        "code": code_digest(__name__, "cfer.learners"),
    }


def check_continual(tables: Sequence[FeatureTable], config: ContinualConfig) -> None:
    """See that a run can begin; nothing is written.

    Raises:
        ValueError: See `train_continual`.
    """
    if empty := [t.table.name for t in tables if not len(t.x)]:
        raise ValueError(f"No row of {' and '.join(empty)} is left to learn from or to test on.")
    new_learner(config, several=len(tables) > 1)
    build_stream(joined(tables), config)
    parts = {s.split for s in tables[0].table.samples if s.label in BASICS}
    if bare := [part for part in ("validation", "test") if part not in parts]:
        raise ValueError(
            f"The first data set, {tables[0].table.name}, has no picture of a basic expression left for "
            f"{' and '.join(bare)}: what the network knows of the basics is measured there."
        )


def rare_compounds(tables: Sequence[FeatureTable], config: ContinualConfig) -> dict[str, int]:
    """Compounds that have pictures, but too few for training, with how many those are."""
    counts = Counter(dict.fromkeys(COMPOUNDS, 0))
    for table in tables:
        for sample in table.table.samples:
            label = stream_label(sample)
            if label in counts:
                counts[label] += sample.split == "train"
    known = {stream_label(s) for t in tables for s in t.table.samples}
    return {name: counts[name] for name in COMPOUNDS if name in known and counts[name] < config.least}


def new_learner(config: ContinualConfig, *, several: bool) -> LinearLearner:
    """A fresh learner that a checkpoint can hold.

    Raises:
        ValueError: It does not end in a linear head, or cannot weigh several data sets.
    """
    method = REGISTRY[config.learner]
    learner = method.make(config.exemplars)
    if not isinstance(learner, LinearLearner):
        raise ValueError(f"{config.learner!r} does not end in a linear head, which a checkpoint needs.")
    if several and not method.takes_sources:
        able = ", ".join(name for name, m in REGISTRY.items() if m.takes_sources and m.linear)
        raise ValueError(f"{config.learner!r} learns from one data set; give --data once, or choose one of {able}.")
    return learner


def build_stream(features: FeatureTable, config: ContinualConfig) -> Stream:
    """Order the classes and index the features.

    The seven basics come first; compounds with enough training pictures follow in an order drawn from the seed.

    Raises:
        ValueError: No compound has enough pictures, or a basic has none.
    """
    rows = features.table.samples
    counts = Counter(stream_label(s) for s in rows if s.split == "train")
    absent = [name for name in BASICS if not counts[name]]
    if absent:
        raise ValueError(f"There is no training picture of: {', '.join(absent)}.")
    if bare := [part for part in ("validation", "test") if not any(s.split == part and stream_label(s) for s in rows)]:
        raise ValueError(
            f"No picture is left for {' and '.join(bare)}: bring pictures of people, or pictures, that phase 1 was not "
            "trained on."
        )
    enough = [name for name in COMPOUNDS if counts[name] >= config.least]
    if not enough:
        best = {name: counts[name] for name in COMPOUNDS if counts[name]}
        raise ValueError(f"No compound has {config.least} training pictures; there are {best or 'none'}.")
    order = np.random.default_rng(config.seed).permutation(len(enough))
    classes = (*BASICS, *(enough[i] for i in order))
    if config.trust and len(config.trust) != len(features.rendered):
        raise ValueError(f"{len(config.trust)} weights of trust for {len(features.rendered)} data sets: give one each.")
    return replace(make_stream(features, classes, len(BASICS), stream_label), trust=config.trust)


def held_back(stream: Stream, config: ContinualConfig) -> tuple[CheckFeatures, Stream]:
    """Take validation features of every class aside, at most half of them, and give the stream without them."""
    held, chosen = stream.validation, torch.zeros(len(stream.validation.y), dtype=torch.bool)
    generator = torch.Generator().manual_seed(config.seed)
    for k in range(len(stream.classes)):
        mine = torch.nonzero(held.y == k).squeeze(1)
        drawn = torch.randperm(len(mine), generator=generator)[: min(config.checks, len(mine) // 2)]
        chosen[mine[drawn]] = True
    kept = held.rows(chosen)
    order = kept.y.argsort(stable=True)  # class by class, so that every other row is half of every class
    checks = CheckFeatures(kept.x[order].half().float(), kept.y[order])  # as they come back from the disk
    return checks, replace(stream, validation=held.rows(~chosen))
