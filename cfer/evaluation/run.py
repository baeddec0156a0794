"""Run methods over streams, keep every prediction, and go on where a killed run was.

What a run leaves in its folder: `predictions/SETTING-fold.safetensors` with the class predicted for every test picture
after every step in every order, `table.csv` with a row a run, and `report.json` with intervals (see `report`).
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cfer.evaluation.outcome import (
    Outcome,
    kept_outcome,
    load_outcome,
    origin_of,
    run_origin,
    save_outcome,
)
from cfer.features.table import FeatureTable
from cfer.learners import REGISTRY
from cfer.learners.base import Learner, kept_bytes
from cfer.protocol.protocol import Protocol, Setting, few_shot, streams
from cfer.protocol.stream import Stream
from cfer.system.files import check_run_config
from cfer.system.output_folders import as_worker
from cfer.system.processes import check_processes

FOLDER = "predictions"
UNSEEN = 255
"""Stands for "not asked yet" where a picture's class has not arrived."""


@dataclass(frozen=True)
class Job:
    """All orders of one setting in one fold."""

    setting: Setting
    fold: int

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.setting.name}-{self.fold}"


@torch.no_grad()
def run_learner(learner: Learner, stream: Stream, seed: tuple[int, ...]) -> tuple[Tensor, int]:
    """Feed one learner a whole stream.

    Args:
        learner: A fresh one.
        stream: Already cut to the setting's shots.
        seed: Seeds whatever the learner draws.

    Returns:
        Classes (T, N) predicted for the test pictures after every step, by the stream's numbers, `UNSEEN` for pictures
        of later classes; and the bytes kept at the end.
    """
    rows = []
    for number in range(len(stream)):
        drawn = int(np.random.SeedSequence([*seed, number]).generate_state(1)[0])
        step = stream.step(number)
        learner.observe(step, torch.Generator().manual_seed(drawn))
        asked = stream.test.y < step.seen
        row = torch.full((len(stream.test.y),), UNSEEN)
        row[asked] = learner.logits(stream.test.x[asked]).argmax(1)
        rows.append(row)
    return torch.stack(rows), kept_bytes(learner)


def run_job(job: Job, features: FeatureTable, protocol: Protocol, make: Callable[[], Learner] | None = None) -> Outcome:
    """Run all orders of a fold.

    Args:
        job: What to run.
        features: See `evaluate`.
        protocol: See `evaluate`.
        make: Makes a fresh learner; None for the registry's.
    """
    make = make or (lambda: REGISTRY[job.setting.method].make(job.setting.memory))
    made_from = origin_of(run_origin(features, protocol), job.setting, make())
    predicted, orders, seconds, kept = [], [], [], []
    first: Stream | None = None
    canonical: tuple[str, ...] = ()
    for order, whole in enumerate(streams(features, protocol, job.fold)):
        if first is None:
            first, canonical = whole, (*whole.classes[: whole.base], *sorted(whole.classes[whole.base :]))
        stream = few_shot(whole, job.setting.shots, (protocol.seed, 2, job.fold, order))
        number = np.array([canonical.index(name) for name in whole.classes])
        began = time.perf_counter()
        rows, size = run_learner(make(), stream, (protocol.seed, 3, job.fold, order))
        seconds.append(time.perf_counter() - began)
        kept.append(size)
        orders.append(number)
        plain = rows.numpy()
        predicted.append(np.where(plain == UNSEEN, UNSEEN, number[np.minimum(plain, len(number) - 1)]))
    assert first is not None
    true = np.array([canonical.index(first.classes[k]) for k in first.test.y.tolist()])
    return Outcome(
        job.setting,
        job.fold,
        np.stack(orders),
        np.stack(predicted).astype(np.uint8),
        true,
        first.test.groups.numpy(),
        first.base,
        np.array(seconds),
        np.array(kept),
        canonical,
        made_from,
    )


_shared: tuple[FeatureTable, Protocol, Path] | None = None  # a worker's own copy, handed over once


def _prepare(features: FeatureTable, protocol: Protocol, out: Path) -> None:
    global _shared
    as_worker()
    torch.set_num_threads(1)
    _shared = features, protocol, out


def _work(job: Job) -> str:
    assert _shared is not None
    features, protocol, out = _shared
    save_outcome(run_job(job, features, protocol), out / FOLDER / f"{job.name}.safetensors")
    return job.name


def evaluate(
    features: FeatureTable,
    protocol: Protocol,
    settings: tuple[Setting, ...],
    out: Path,
    *,
    processes: int = 1,
    tick: Callable[[int], object] = lambda _: None,
) -> Iterator[Outcome]:
    """Run what is missing or was made from something else, then give every outcome in the settings' order.

    Args:
        features: With parts of its own, or with people to make folds of.
        protocol: How to cut it.
        settings: What to run.
        out: The run's folder; one with other features or another protocol is refused.
        processes: How many run at once, each on one thread.
        tick: Called with the number of jobs that were found or done.

    Raises:
        ValueError: The folder holds a run over other data or by another protocol, or the data lacks what a stream
            needs; or no processes can be started here.
    """
    check_processes(processes)
    run = run_origin(features, protocol)
    check_run_config(out, run)
    next(streams(features, protocol, 0))  # says at once what is wrong with the data
    jobs = [Job(setting, fold) for setting in settings for fold in range(protocol.folds)]
    made_from = {setting: origin_of(run, setting) for setting in settings}
    paths = {job: out / FOLDER / f"{job.name}.safetensors" for job in jobs}
    missing = [job for job in jobs if kept_outcome(paths[job], job.setting, job.fold, made_from[job.setting]) is None]
    tick(len(jobs) - len(missing))
    if processes > 1 and len(missing) > 1:
        context = multiprocessing.get_context("spawn")
        with context.Pool(min(processes, len(missing)), _prepare, (features, protocol, out)) as pool:
            for _ in pool.imap_unordered(_work, missing):
                tick(1)
    else:
        for job in missing:
            save_outcome(run_job(job, features, protocol), paths[job])
            tick(1)
    for job in jobs:
        yield load_outcome(paths[job])


def kept_outcomes(
    out: Path, features: FeatureTable, protocol: Protocol, first: tuple[Setting, ...] = ()
) -> tuple[list[Outcome], list[str]]:
    """All that a run's folder holds of settings whose folds are all there, fold by fold, some settings first.

    Args:
        out: The run's folder.
        features: The run's.
        protocol: The run's.
        first: Settings that come first.

    Returns:
        The outcomes, and the names of settings that were left out because they were made from something else than they
        would be now, by other code, say, or because folds are missing or damaged. Running them again brings them back.
    """
    run, found, stale = run_origin(features, protocol), dict[Setting, list[Outcome]](), set[str]()
    for path in (out / FOLDER).glob("*.safetensors"):
        name, _, fold = path.stem.rpartition("-")
        if not fold.isdecimal():  # a copy that somebody or something else made
            continue
        try:
            outcome = load_outcome(path)
        except (ValueError, KeyError, TypeError):
            stale.add(name)
            continue
        setting = outcome.setting
        if Job(setting, outcome.fold).name != path.stem:
            stale.add(name)
        elif setting.method in REGISTRY and outcome.made_from == origin_of(run, setting):
            found.setdefault(setting, []).append(outcome)
        else:
            stale.add(setting.name)
    place = {setting: number for number, setting in enumerate(first)}
    whole = [s for s in found if len(found[s]) == protocol.folds]
    whole.sort(key=lambda s: (place.get(s, len(place)), s.name))
    stale |= {setting.name for setting in found if setting not in whole}
    outcomes = [outcome for setting in whole for outcome in sorted(found[setting], key=lambda o: o.fold)]
    return outcomes, sorted(stale)
