"""Predictions of one fold, as a file that says what it was made from."""

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cfer.features.table import FeatureTable
from cfer.learners import REGISTRY
from cfer.learners.base import Learner, behaviour
from cfer.protocol.protocol import Protocol, Setting
from cfer.system.files import load_tensors, save_tensors
from cfer.system.provenance import code_digest, digest_of_all


@dataclass(frozen=True)
class Outcome:
    """Predictions of one job.

    Attributes:
        setting: What was run.
        fold: Where.
        classes: (O, K) class numbers in canonical order, basics first, as they arrived in each order.
        predicted: (O, T, N) uint8 canonical class predicted after each step, `UNSEEN` before a picture's class came.
        true: (N,) canonical classes of the test pictures.
        groups: (N,) who is shown.
        base: How many classes step 0 had.
        seconds: (O,) wall time of learning and predicting.
        kept: (O,) bytes that the method keeps after the last step.
        names: The canonical classes'.
        made_from: Digests of all that decides the predictions; see `origin_of`.
    """

    setting: Setting
    fold: int
    classes: np.ndarray
    predicted: np.ndarray
    true: np.ndarray
    groups: np.ndarray
    base: int
    seconds: np.ndarray
    kept: np.ndarray
    names: tuple[str, ...]
    made_from: Mapping[str, str] = field(default_factory=dict)


def origin_of(run: Mapping[str, Any], setting: Setting, learner: Learner | None = None) -> dict[str, str]:
    """Digests of all that decides a setting's predictions: the run's data and protocol, code, learner, libraries.

    Args:
        run: What `run_origin` gives.
        setting: The setting.
        learner: A fresh one; the registry's by default.
    """
    learner = learner or REGISTRY[setting.method].make(setting.memory)
    libraries = {name: importlib.metadata.version(name) for name in ("torch", "numpy", "scikit-learn")}
    return {
        "data": digest_of_all([json.dumps(run, sort_keys=True)]),
        "code": code_digest("cfer.evaluation.run", "cfer.learners"),
        "learner": behaviour(learner),
        "libraries": digest_of_all([libraries]),
    }


def run_origin(features: FeatureTable, protocol: Protocol) -> dict[str, Any]:
    """Origin that all predictions of a run share, plain data."""
    return {**asdict(protocol), **features.origin()}


def save_outcome(outcome: Outcome, path: Path) -> None:
    """Write an outcome as one safetensors file."""
    arrays = {k: torch.from_numpy(v) for k, v in vars(outcome).items() if isinstance(v, np.ndarray)}
    facts = {"setting": asdict(outcome.setting), "fold": outcome.fold, "base": outcome.base, "names": outcome.names}
    facts |= {"made_from": dict(outcome.made_from)}
    save_tensors(path, arrays, facts)


def load_outcome(path: Path) -> Outcome:
    """Read what `save_outcome` wrote.

    Raises:
        OSError: The file is missing.
        ValueError: It is cut off or damaged.
    """
    arrays, facts = load_tensors(path)
    names = tuple(facts["names"])
    plain = {k: v.numpy() for k, v in arrays.items()}
    made_from = facts.get("made_from", {})
    return Outcome(
        Setting(**facts["setting"]), facts["fold"], base=facts["base"], names=names, made_from=made_from, **plain
    )


def kept_outcome(path: Path, setting: Setting, fold: int, made_from: Mapping[str, str]) -> Outcome | None:
    """A job's outcome if it was made from the same; None for another's, and for a file that is missing or cut off."""
    try:
        found = load_outcome(path)
    except (OSError, ValueError, KeyError, TypeError):  # missing, cut off, or of an earlier version
        return None
    return found if (found.setting, found.fold, found.made_from) == (setting, fold, made_from) else None
