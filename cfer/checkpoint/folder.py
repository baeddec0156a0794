"""A checkpoint folder: written in one move, read strictly, nothing pickled.

config.json           schema version, classes, network, preprocessing, learner, facts, versions, hashes of all files
model.safetensors     backbone and the last head
learner.safetensors   the fitted learner: training goes on from it as if it had never been saved
checks.safetensors    validation features that nothing was fitted to: no picture of anybody
steps/NN.safetensors  the head after each step
measured/             what `cfer measure` wrote: landmark readout, relations, mean maps, rendered faces
MODEL_CARD.md         for people
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from cfer.checkpoint.checkpoint import CheckFeatures, Checkpoint, ClassInfo, LearnerSpec
from cfer.checkpoint.facts import Facts
from cfer.emotions import Kind
from cfer.files import write_json
from cfer.learners import REGISTRY
from cfer.learners.base import Head, LinearLearner
from cfer.learners.calibrated import Calibration
from cfer.model import BackboneConfig, FaceModel, Preprocessing
from cfer.places import CHECKPOINTS

SCHEMA_VERSION = 2
DEFAULT = CHECKPOINTS / "default"
_TRIANGLE = "@triangle"


class CheckpointError(ValueError):
    """A checkpoint folder that cannot be used; the message says what is wrong with it."""


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    return {name: importlib.metadata.version(name) for name in ("torch", "timm", "numpy", "pillow", "safetensors")}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_checkpoint(checkpoint: Checkpoint, folder: Path, card: str) -> None:
    """Write the folder beside its place, then move it there; an older one is replaced."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(checkpoint, partial, card)
        old = folder.with_name(f".{folder.name}-old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.rename(folder, old)
        os.rename(partial, folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _write(checkpoint: Checkpoint, folder: Path, card: str) -> None:
    tensors: dict[str, Mapping[str, Tensor]] = {
        "model.safetensors": checkpoint.model.state_dict(),
        "learner.safetensors": {**packed(checkpoint.learner.state()), "lessons.offsets": checkpoint.offsets},
        "checks.safetensors": {"x": checkpoint.checks.x.half(), "y": checkpoint.checks.y.to(torch.int16)},
    }
    for number, head in enumerate(checkpoint.heads):
        # half precision: a step's head is for looking back, the last one is in model.safetensors in full
        tensors[f"steps/{number:02d}.safetensors"] = {"weight": head.weight.half(), "bias": head.bias}
    (folder / "steps").mkdir()
    for name, each in tensors.items():
        save_file({k: v.contiguous() for k, v in each.items()}, str(folder / name))
        (folder / name).chmod(0o644)  # safetensors writes for the owner alone
    for name, data in checkpoint.measured.items():
        path = folder / "measured" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    config = {
        "schema_version": SCHEMA_VERSION,
        "classes": [asdict(c) for c in checkpoint.classes],
        "backbone": asdict(checkpoint.model.config),
        "preprocessing": asdict(checkpoint.preprocessing),
        "learner": asdict(checkpoint.spec),
        "calibration": asdict(checkpoint.calibration),
        "facts": checkpoint.facts.to_dict(),
        "versions": versions(),
        "files": {p.relative_to(folder).as_posix(): {"sha256": _digest(p), "bytes": p.stat().st_size} for p in files},
    }
    write_json(folder / "config.json", config, indent=2)
    folder.chmod(0o755)


def load_checkpoint(folder: str | Path = DEFAULT) -> Checkpoint:
    """Read a checkpoint folder and check every file's size and hash and every tensor's name and shape.

    Raises:
        CheckpointError: Something is missing, changed, not listed or of another version.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is not a checkpoint: it has no config.json.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder}/config.json cannot be read.") from error
    found = config.get("schema_version") if isinstance(config, dict) else None
    if found != SCHEMA_VERSION:
        raise CheckpointError(f"{folder} has schema version {found}; this version of cfer reads {SCHEMA_VERSION}.")
    try:
        _check_files(folder, config["files"])
        return _read(folder, config)
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, OSError) as error:
        raise CheckpointError(f"{folder} does not hold a whole checkpoint: {type(error).__name__}.") from error


def _check_files(folder: Path, listed: Mapping[str, Any]) -> None:
    for name, expected in listed.items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"{folder} lacks {name}.")
        if path.stat().st_size != expected["bytes"] or _digest(path) != expected["sha256"]:
            raise CheckpointError(f"{folder}/{name} is not the file that was saved.")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    if strange := sorted(there - set(listed) - {"config.json"}):
        raise CheckpointError(f"{folder} holds {strange[0]}, which its config.json does not list.")


def _read(folder: Path, config: Mapping[str, Any]) -> Checkpoint:
    classes = tuple(ClassInfo(c["name"], Kind(c["kind"]), tuple(c["constituents"])) for c in config["classes"])
    model = FaceModel(BackboneConfig(**config["backbone"]), tuple(c.name for c in classes))
    model.load_state_dict(load_file(str(folder / "model.safetensors")), strict=True)
    model.eval().requires_grad_(False)
    model.to(memory_format=torch.channels_last)
    given: dict[str, Any] = {**config["preprocessing"]}
    given |= {"mean": tuple(given["mean"]), "std": tuple(given["std"])}
    spec = LearnerSpec(**config["learner"])
    state = load_file(str(folder / "learner.safetensors"))
    offsets = state.pop("lessons.offsets")
    learner = REGISTRY[spec.name].from_state(unpacked(state), spec.per_class)
    if not isinstance(learner, LinearLearner):
        raise CheckpointError(f"{folder} was learned by {spec.name!r}, which does not end in a linear head.")
    checks = load_file(str(folder / "checks.safetensors"))
    heads = []
    for path in sorted((folder / "steps").glob("*.safetensors")):
        tensors = load_file(str(path))
        heads.append(Head(tensors["weight"].float(), tensors["bias"]))
    calibration = config["calibration"]
    measured = folder / "measured"
    return Checkpoint(
        model,
        classes,
        Preprocessing(**given),
        spec,
        learner,
        Calibration(calibration["prior_strength"], calibration["temperature"], tuple(calibration["log_prior"])),
        offsets,
        CheckFeatures(checks["x"].float(), checks["y"].long()),
        tuple(heads),
        Facts.from_dict(config["facts"]),
        {p.relative_to(measured).as_posix(): p.read_bytes() for p in sorted(measured.rglob("*")) if p.is_file()},
    )


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors for the disk: of matrices (..., C, C) that are symmetric to the last bit, the upper triangle alone."""
    found = {}
    for name, value in state.items():
        square = value.ndim >= 2 and value.shape[-1] == value.shape[-2] > 1
        if square and torch.equal(value, value.transpose(-1, -2)):
            rows, columns = torch.triu_indices(*value.shape[-2:])
            found[name + _TRIANGLE] = value[..., rows, columns]
        else:
            found[name] = value
    return found


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo `packed`, bit for bit."""
    found = {}
    for name, value in tensors.items():
        if not name.endswith(_TRIANGLE):
            found[name] = value
            continue
        size = round(((8 * value.shape[-1] + 1) ** 0.5 - 1) / 2)
        rows, columns = torch.triu_indices(size, size)
        whole = value.new_zeros(*value.shape[:-1], size, size)
        whole[..., rows, columns] = value
        whole[..., columns, rows] = value
        found[name.removesuffix(_TRIANGLE)] = whole
    return found
