"""Phase 2: compound classes one at a time, on features of the backbone that phase 1 left behind."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo, Head, Memory, save_checkpoint
from cfer.emotions import BASICS, COMPOUNDS
from cfer.learning.calibrate import Calibration, calibrate, fold, log_shares
from cfer.learning.card import model_card
from cfer.learning.features import FeatureTable, joined
from cfer.learning.learners import REGISTRY, LinearLearner
from cfer.learning.learners.closed_form import SHRINKAGE, ClosedForm
from cfer.learning.memory import predictive_sorting
from cfer.learning.metrics import (
    bootstrap_interval,
    expected_calibration_error,
    recalls,
    stream_scores,
)
from cfer.learning.scores import basic_scores, score_head, set_scores
from cfer.learning.state import claim_run, load_state, save_state, write_json_lines
from cfer.learning.stream import Stream, basic_stream, make_stream, stream_label


@dataclass(frozen=True)
class ContinualConfig:
    """Settings of phase 2.

    Attributes:
        learner: A name of `REGISTRY`.
        least: Fewest training pictures of a compound that is learned.
        exemplars: Kept of each class for replay and lessons.
        checks: Validation features kept of each class to measure lessons with.
        seed: Of the class order and of whatever the learner draws.
    """

    learner: str = "closed-form"
    least: int = 50
    exemplars: int = 62
    checks: int = 40
    seed: int = 0


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
    enough = [name for name in COMPOUNDS if counts[name] >= config.least]
    if not enough:
        best = {name: counts[name] for name in COMPOUNDS if counts[name]}
        raise ValueError(f"No compound has {config.least} training pictures; there are {best or 'none'}.")
    order = np.random.default_rng(config.seed).permutation(len(enough))
    classes = (*BASICS, *(enough[i] for i in order))
    return make_stream(features, classes, len(BASICS), stream_label)


@dataclass(frozen=True)
class StepResult:
    """A step's calibrated head and what it scored.

    Attributes:
        head: Calibrated.
        calibration: What was folded in.
        validation: Count table over the seen classes.
        test: Count table over the seen classes.
    """

    head: Head
    calibration: Calibration
    validation: np.ndarray
    test: np.ndarray


def finish_step(weight: Tensor, bias: Tensor, stream: Stream) -> StepResult:
    """Calibrate a balanced head on the seen classes' validation pictures and count what it does."""
    seen = range(len(bias))
    counts = stream.train_counts(len(bias))
    validation, test = stream.validation.of(seen), stream.test.of(seen)
    calibration = calibrate(F.linear(validation.x, weight, bias), validation.y, counts, validation.sources)
    head = Head(*fold(weight, bias, counts, calibration))
    return StepResult(head, calibration, score_head(head, validation), score_head(head, test))


def run_stream(
    stream: Stream,
    start: Head,
    config: ContinualConfig,
    out: Path | None = None,
    *,
    stop_after: int | None = None,
) -> list[StepResult]:
    """Learn all steps, going on from the last whole one that `out` holds; a resumed run gives the same numbers.

    Args:
        stream: Classes and features.
        start: The basic phase's balanced head.
        config: Settings.
        out: Folder for `state.safetensors` and `metrics.jsonl`, one line a step; None keeps nothing.
        stop_after: Stop after this many steps of this call, as if killed (tests).
    """
    learner = REGISTRY[config.learner].make(config.exemplars, start)
    if not isinstance(learner, LinearLearner):
        raise ValueError(f"{config.learner!r} does not end in a linear head, which a checkpoint needs.")
    results: list[StepResult] = []
    state_path = out / "state.safetensors" if out else None
    if state_path and state_path.is_file():
        tensors, facts = load_state(state_path)
        learner.state = {k.removeprefix("learner."): v for k, v in tensors.items() if k.startswith("learner.")}
        for number, saved in enumerate(facts["steps"]):
            head = Head(tensors[f"head.{number}.weight"], tensors[f"head.{number}.bias"])
            tables = (np.array(saved["validation"]), np.array(saved["test"]))
            results.append(StepResult(head, Calibration(**saved["calibration"]), *tables))
    first = len(results)
    for number in range(first, len(stream)):
        if stop_after is not None and number - first >= stop_after:
            break
        generator = torch.Generator().manual_seed(config.seed * 1000 + number)
        learner.observe(stream.step(number), generator)
        results.append(finish_step(*learner.head(), stream))
        if out and state_path:
            tensors = {f"learner.{k}": v for k, v in learner.state.items()}
            tensors |= {f"head.{n}.{k}": v for n, r in enumerate(results) for k, v in vars(r.head).items()}
            rows = [_plain(r) for r in results]
            save_state(state_path, tensors, {"steps": rows})
            write_json_lines(out / "metrics.jsonl", [_line(n, stream, r) for n, r in enumerate(results)])
    return results


def _plain(result: StepResult) -> dict[str, Any]:
    return {
        "calibration": asdict(result.calibration),
        "validation": result.validation.tolist(),
        "test": result.test.tolist(),
    }


def _line(number: int, stream: Stream, result: StepResult) -> dict[str, Any]:
    seen = len(result.head.bias)
    new = list(stream.classes[:seen] if number == 0 else stream.classes[seen - 1 : seen])
    return {"step": number, "new": new, "seen": seen, **_plain(result)}


def build_memory(stream: Stream, head: Head, config: ContinualConfig) -> Memory:
    """What a checkpoint keeps of all classes of a stream."""
    closed = ClosedForm()
    for number in range(len(stream)):
        closed.observe(stream.step(number), torch.Generator().manual_seed(0))
    logits = F.linear(stream.train.x, head.weight, head.bias)
    exemplars, checks = [], []
    for k in range(len(stream.classes)):
        mine = torch.nonzero(stream.train.y == k).squeeze(1)
        # every other exemplar by predictive sorting, the rest drawn evenly from the whole ranking: the surest
        # pictures alone would make the old classes look tighter than they are
        ranked = mine[predictive_sorting(logits[mine], k, len(mine))]
        sure = ranked[: config.exemplars // 2]
        rest = ranked[len(sure) :]
        even = torch.linspace(0, max(0, len(rest) - 1), min(len(rest), config.exemplars - len(sure))).long()
        exemplars.append(torch.cat([sure, rest[even]]) if len(rest) else sure)
        held = torch.nonzero(stream.validation.y == k).squeeze(1)
        generator = torch.Generator().manual_seed(config.seed)
        checks.append(held[torch.randperm(len(held), generator=generator)[: config.checks]])
    e, c = torch.cat(exemplars), torch.cat(checks)
    return Memory(
        closed.state["means"],
        closed.state["counts"],
        closed.state["covariance"],
        stream.train.x[e],
        stream.train.y[e],
        stream.validation.x[c],
        stream.validation.y[c],
    )


def report(stream: Stream, results: list[StepResult]) -> dict[str, Any]:
    """Everything a card says of a run, from its count tables and last head."""
    last = results[-1]
    test = stream.test.of(range(len(last.head.bias)))
    logits = F.linear(test.x, last.head.weight, last.head.bias)
    right = (logits.argmax(1) == test.y).double().numpy()
    scores = {part: asdict(stream_scores([getattr(r, part) for r in results])) for part in ("validation", "test")}
    return {
        "classes": list(stream.classes[: len(last.head.bias)]),
        "scores": scores,
        "last_interval": bootstrap_interval(right, test.groups.numpy()),
        "calibration_error": expected_calibration_error(logits.softmax(1).numpy(), test.y.numpy()),
        "test_recall": {n: float(r) for n, r in zip(stream.classes, recalls(last.test), strict=False)},
        "test_counts": last.test.tolist(),
        "train_counts": [int(n) for n in stream.train_counts(len(last.head.bias))],
    }


def train_continual(
    basic: Checkpoint,
    tables: Sequence[FeatureTable],
    config: ContinualConfig,
    out: Path,
    *,
    commands: tuple[str, ...] = (),
) -> Checkpoint:
    """Learn the compounds of data sets on top of a basic checkpoint; write `out/checkpoint` after every step.

    Args:
        basic: What `train basic` made.
        tables: All rows' features by its backbone, with splits, a table a data set; the first is the basic phase's.
        config: Settings.
        out: The run's folder.
        commands: What was typed, for the card.

    Raises:
        ValueError: The folder holds another run, or the data lacks what a stream needs.
    """
    features = joined(tables)
    stream = build_stream(features, config)
    identity = {"weights": basic.facts.get("weights"), "rows": len(features.table)}
    claim_run(out, {**asdict(config), **identity, "classes": list(stream.classes)})
    start, basics = balanced_head(basic), basic_stream(tables[0])
    while True:
        done = run_stream(stream, start, config, out, stop_after=1)
        checkpoint = _checkpoint(basic, stream, basics, tables, done, config, commands)
        save_checkpoint(checkpoint, out / "checkpoint", model_card(checkpoint))
        if len(done) == len(stream):
            (out / "report.json").write_text(json.dumps(report(stream, done), indent=2) + "\n", encoding="utf-8")
            return checkpoint


def balanced_head(basic: Checkpoint) -> Head:
    """The basic phase's head with its calibration taken out again (up to a row that all classes share)."""
    calibration = Calibration(**basic.facts["calibration"])
    weight, bias = basic.model.head.weight.detach(), basic.model.head.bias.detach()
    prior = calibration.prior_strength * log_shares(basic.memory.counts)
    return Head(weight * calibration.temperature, bias * calibration.temperature - prior)


def _checkpoint(
    basic: Checkpoint,
    stream: Stream,
    basics: Stream,
    tables: Sequence[FeatureTable],
    results: list[StepResult],
    config: ContinualConfig,
    commands: tuple[str, ...],
) -> Checkpoint:
    last = results[-1]
    seen = len(last.head.bias)
    names = stream.classes[:seen]
    shown = Stream(names, stream.base, *(p.of(range(seen)) for p in (stream.train, stream.validation, stream.test)))
    facts: Mapping[str, Any] = {
        **basic.facts,
        "learner": asdict(config),
        "shrinkage": SHRINKAGE,
        "calibration": asdict(last.calibration),
        "continual": report(shown, results)
        | {"basics_alone": basic_scores(last.head, basics)}
        | {"data_sets": [set_scores(last.head, names, table) for table in tables]},
        "commands": [*basic.facts.get("commands", []), *commands],
    }
    return Checkpoint(
        basic.model.with_head(names, last.head.weight, last.head.bias),
        tuple(ClassInfo.of(n) for n in names),
        basic.preprocessing,
        build_memory(shown, last.head, config),
        tuple(r.head for r in results),
        facts,
    )
