"""Results of the steps of phase 2: calibrated, counted, kept so that a run goes on, and reported."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint.checkpoint import CheckFeatures
from cfer.checkpoint.sureness import Sureness
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.evaluation.head_scores import score_head, score_summary
from cfer.evaluation.metrics import expected_calibration_error, recalls, stream_scores
from cfer.learners.base import Head, LinearLearner
from cfer.learners.calibrated import Calibration, fold
from cfer.learners.domain import Domains
from cfer.learners.prototype_match import Matches
from cfer.protocol.stream import Features, Stream
from cfer.system.files import load_tensors, save_tensors, write_json_lines
from cfer.training.calibration import STRENGTHS, calibrate
from cfer.training.domain_offsets import fit_domains
from cfer.training.fit_matches import fit_matches
from cfer.training.fit_sureness import Answered, fit_sureness

STATE = "state.safetensors"


@dataclass(frozen=True)
class StepResult:
    """A step's calibrated head and what it scored.

    Attributes:
        head: Calibrated.
        calibration: What was folded in.
        domains: What was folded in before; None where all data is of one domain.
        matches: What was folded in first; None without action units.
        sureness: Of its answers.
        validation: Count table over the seen classes.
        test: Count table over the seen classes.
    """

    head: Head
    calibration: Calibration
    domains: Domains | None
    matches: Matches | None
    sureness: Sureness
    validation: np.ndarray
    test: np.ndarray


def finish_step(head: Head, stream: Stream, checks: CheckFeatures) -> StepResult:
    """Calibrate a balanced head on the seen classes' validation pictures and count what it does.

    Args:
        head: Balanced, over the classes seen so far.
        stream: Without the checks.
        checks: Validation features that only the sureness is fitted to, beside the others.
    """
    seen, matches = range(len(head.bias)), fit_matches(head, stream)
    head = matches.added(head) if matches else head
    domains = fit_domains(head, stream)
    head = domains.added(head) if domains else head
    validation, test = stream.validation.of(seen), stream.test.of(seen)
    counts = stream.train_counts(len(head.bias))
    strengths = (0.0,) if domains else STRENGTHS  # domains bring their own base rates
    calibration = calibrate(F.linear(validation.x, *head), validation.y, counts, validation.sources, strengths)
    calibrated = fold(head, calibration)
    more = checks.y < len(head.bias)
    held = torch.cat([validation.x, checks.x[more]]), torch.cat([validation.y, checks.y[more]])
    sureness = fit_sureness(
        Answered.of(calibrated, *held, domains),
        Answered.of(calibrated, test.x, test.y, domains),
        stream.classes[: len(head.bias)],
    )
    scores = score_head(calibrated, validation), score_head(calibrated, test)
    return StepResult(calibrated, calibration, domains, matches, sureness, *scores)


def keep(out: Path, stream: Stream, learner: LinearLearner, results: list[StepResult]) -> None:
    """Write `state.safetensors` and `metrics.jsonl`, each in one move."""
    tensors = {f"learner.{k}": v for k, v in learner.state().items()}
    for number, result in enumerate(results):
        tensors |= {f"head.{number}.{k}": v for k, v in result.head._asdict().items()}
        for name, part in (("domains", result.domains), ("matches", result.matches)):
            tensors |= {f"{name}.{number}.{k}": v for k, v in (part.tensors() if part else {}).items()}
    save_tensors(out / STATE, tensors, {"steps": [_plain(r) for r in results]})
    write_json_lines(out / "metrics.jsonl", [_line(n, stream, r) for n, r in enumerate(results)])


def resumed(out: Path, fresh: LinearLearner) -> tuple[LinearLearner, list[StepResult]]:
    """The learner and results that `keep` wrote last, or a fresh learner and none."""
    if not (out / STATE).is_file():
        return fresh, []
    tensors, facts = load_tensors(out / STATE)
    state = _part(tensors, "learner.")
    results = []
    for number, saved in enumerate(facts["steps"]):
        head = Head(tensors[f"head.{number}.weight"], tensors[f"head.{number}.bias"])
        given = saved["calibration"]
        calibration = Calibration(given["prior_strength"], given["temperature"], tuple(given["log_prior"]))
        domains, matches = (_part(tensors, f"{name}.{number}.") for name in ("domains", "matches"))
        parts = Domains(**domains) if domains else None, Matches(**matches) if matches else None
        sureness = Sureness.from_plain(saved["sureness"])
        results.append(
            StepResult(head, calibration, *parts, sureness, np.array(saved["validation"]), np.array(saved["test"]))
        )
    return fresh.from_state(state), results


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _plain(result: StepResult) -> dict[str, Any]:
    return {
        "calibration": asdict(result.calibration),
        "sureness": asdict(result.sureness),
        "validation": result.validation.tolist(),
        "test": result.test.tolist(),
    }


def _line(number: int, stream: Stream, result: StepResult) -> dict[str, Any]:
    seen = len(result.head.bias)
    new = list(stream.classes[:seen] if number == 0 else stream.classes[seen - 1 : seen])
    return {"step": number, "new": new, "seen": seen, **_plain(result)}


def report(stream: Stream, results: list[StepResult], sets: Sequence[str]) -> dict[str, Any]:
    """Everything a card says of a run, from its count tables and last head.

    Args:
        stream: The run's.
        results: One a step so far.
        sets: Names of the data sets, in the order of the stream's sources.
    """
    last = results[-1]
    seen = range(len(last.head.bias))
    names = stream.classes[: seen.stop]
    test = stream.test.of(seen)
    logits = F.linear(test.x, *last.head)
    right = (logits.argmax(1) == test.y).double().numpy()
    return {
        "classes": list(names),
        "scores": {part: asdict(stream_scores([getattr(r, part) for r in results])) for part in ("validation", "test")},
        "last_interval": bootstrap_interval(right, test.groups.numpy()),
        "calibration_error": expected_calibration_error(logits.softmax(1).numpy(), test.y.numpy()),
        "test_recall": {n: None if r != r else float(r) for n, r in zip(names, recalls(last.test), strict=True)},
        "test_counts": last.test.tolist(),
        "train_counts": [int(n) for n in stream.train_counts(seen.stop)],
        "data_sets": [
            {"name": name, **score_summary(last.head, part, names)}
            for name, part in zip(sets, _by_source(test, len(sets)), strict=True)
        ],
    }


def _by_source(test: Features, sets: int) -> list[Features]:
    if test.sources is None:
        return [test]
    return [test.rows(test.sources == s) for s in range(sets)]
