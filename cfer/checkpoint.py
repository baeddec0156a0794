"""A checkpoint folder: written in one move, read strictly, nothing pickled.

config.json           schema version, classes, network, preprocessing, learner, data, metrics, versions, file hashes
model.safetensors     backbone and the last head
memory.safetensors    class means, covariance, exemplars and check features: no picture of anybody
steps/NN.safetensors  the head after each step
MODEL_CARD.md         for people
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn

from cfer.emotions import EXPRESSIONS, Kind
from cfer.model import BackboneConfig, FaceModel, Preprocessing

SCHEMA_VERSION = 1
DEFAULT = Path(__file__).resolve().parent.parent / "checkpoints" / "default"


class CheckpointError(ValueError):
    """A checkpoint folder that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class ClassInfo:
    """One class of a model.

    Attributes:
        name: As shown.
        kind: Neutral, basic, compound or taught.
        constituents: The basics it is made of, where known.
    """

    name: str
    kind: Kind
    constituents: tuple[str, ...] = ()

    @staticmethod
    def of(name: str) -> "ClassInfo":
        """The vocabulary's entry, or a taught class of that name."""
        known = EXPRESSIONS.get(name)
        return ClassInfo(name, known.kind, known.constituents) if known else ClassInfo(name, Kind.TAUGHT)


@dataclass(frozen=True)
class Head:
    """A linear head: weight (K, C) and bias (K,)."""

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class Memory:
    """What is kept of the old classes, as pooled features.

    Attributes:
        means: (K, C).
        counts: (K,) training pictures a class.
        covariance: (C, C), within class, of the basic phase.
        exemplar_x: (M, C) training features, for replay and for placing a new class.
        exemplar_y: (M,).
        check_x: (P, C) validation features, which only the calibration was fitted to: they measure what a lesson costs.
        check_y: (P,).
    """

    means: Tensor
    counts: Tensor
    covariance: Tensor
    exemplar_x: Tensor
    exemplar_y: Tensor
    check_x: Tensor
    check_y: Tensor


@dataclass(frozen=True)
class Checkpoint:
    """A trained model with its memory and history.

    Attributes:
        model: Backbone and the last head, in evaluation mode.
        classes: In the order of the logits.
        preprocessing: How a crop becomes input.
        memory: Of the old classes.
        heads: After each step; the last is the model's.
        facts: Learner, calibration, data, metrics, seed: plain JSON data.
    """

    model: FaceModel
    classes: tuple[ClassInfo, ...]
    preprocessing: Preprocessing
    memory: Memory
    heads: tuple[Head, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in the order of the logits."""
        return tuple(c.name for c in self.classes)

    def with_head(self, classes: tuple[ClassInfo, ...], head: Head, memory: Memory) -> "Checkpoint":
        """The same backbone with one more step; this checkpoint is left as it was."""
        model = self.model.with_head(tuple(c.name for c in classes), head.weight, head.bias)
        return replace(self, model=model, classes=classes, memory=memory, heads=(*self.heads, head))


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    return {name: importlib.metadata.version(name) for name in ("torch", "timm", "numpy", "pillow", "safetensors")}


def model_digest(model: nn.Module) -> str:
    """SHA-256 of all weights of a model, head included, or of a part of it."""
    return hashlib.sha256(save({k: v.contiguous() for k, v in model.state_dict().items()})).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_checkpoint(checkpoint: Checkpoint, folder: Path, card: str) -> None:
    """Write the folder beside its place, then move it there; an older one is replaced."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        state = {k: v.contiguous() for k, v in checkpoint.model.state_dict().items()}
        save_file(state, str(partial / "model.safetensors"))
        save_file(_pack(checkpoint.memory), str(partial / "memory.safetensors"))
        (partial / "steps").mkdir()
        for number, head in enumerate(checkpoint.heads):
            # half precision: a step's head is for looking back, the last one is in model.safetensors in full
            tensors = {"weight": head.weight.half().contiguous(), "bias": head.bias.contiguous()}
            save_file(tensors, str(partial / "steps" / f"{number:02d}.safetensors"))
        (partial / "MODEL_CARD.md").write_text(card, encoding="utf-8")
        files = sorted(p for p in partial.rglob("*.safetensors"))
        config = {
            "schema_version": SCHEMA_VERSION,
            "classes": [asdict(c) for c in checkpoint.classes],
            "backbone": asdict(checkpoint.model.config),
            "preprocessing": asdict(checkpoint.preprocessing),
            **checkpoint.facts,
            "versions": versions(),
            "files": {
                p.relative_to(partial).as_posix(): {"sha256": _digest(p), "bytes": p.stat().st_size} for p in files
            },
        }
        (partial / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        for path in files:
            path.chmod(0o644)  # safetensors writes for the owner alone
        partial.chmod(0o755)
        old = folder.with_name(f".{folder.name}-old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.rename(folder, old)
        os.rename(partial, folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def load_checkpoint(folder: str | Path = DEFAULT) -> Checkpoint:
    """Read a checkpoint folder and check every file's size and hash and every tensor's name and shape.

    Raises:
        CheckpointError: Something is missing, changed or of another version.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is not a checkpoint: it has no config.json.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder}/config.json cannot be read.") from error
    if config.get("schema_version") != SCHEMA_VERSION:
        raise CheckpointError(f"{folder} has schema version {config.get('schema_version')}; {SCHEMA_VERSION} is read.")
    try:
        for name, expected in config["files"].items():
            path = folder / name
            if not path.is_file():
                raise CheckpointError(f"{folder} lacks {name}.")
            if path.stat().st_size != expected["bytes"] or _digest(path) != expected["sha256"]:
                raise CheckpointError(f"{folder}/{name} is not the file that was saved.")
        classes = tuple(ClassInfo(c["name"], Kind(c["kind"]), tuple(c["constituents"])) for c in config["classes"])
        model = FaceModel(BackboneConfig(**config["backbone"]), tuple(c.name for c in classes))
        model.load_state_dict(load_file(str(folder / "model.safetensors")), strict=True)
        preprocessing = Preprocessing(**config["preprocessing"])
        memory = _unpack(load_file(str(folder / "memory.safetensors")))
        heads = []
        for path in sorted((folder / "steps").glob("*.safetensors")):
            tensors = load_file(str(path))
            heads.append(Head(tensors["weight"].float(), tensors["bias"]))
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{folder} does not hold a whole checkpoint: {type(error).__name__}.") from error
    own = {"schema_version", "classes", "backbone", "preprocessing", "versions", "files"}
    facts = {k: v for k, v in config.items() if k not in own}
    model.eval().requires_grad_(False)
    model.to(memory_format=torch.channels_last)
    return Checkpoint(model, classes, preprocessing, memory, tuple(heads), facts)


def _pack(memory: Memory) -> dict[str, Tensor]:
    """Tensors for the disk: the covariance's upper triangle, features in half precision."""
    size = memory.covariance.shape[0]
    rows, columns = torch.triu_indices(size, size)
    return {
        "means": memory.means.contiguous(),
        "counts": memory.counts.contiguous(),
        "covariance": memory.covariance[rows, columns].contiguous(),
        "exemplar_x": memory.exemplar_x.half().contiguous(),
        "exemplar_y": memory.exemplar_y.to(torch.int16).contiguous(),
        "check_x": memory.check_x.half().contiguous(),
        "check_y": memory.check_y.to(torch.int16).contiguous(),
    }


def _unpack(tensors: Mapping[str, Tensor]) -> Memory:
    size = tensors["means"].shape[1]
    rows, columns = torch.triu_indices(size, size)
    covariance = torch.zeros(size, size)
    covariance[rows, columns] = tensors["covariance"]
    covariance[columns, rows] = tensors["covariance"]
    return Memory(
        tensors["means"],
        tensors["counts"],
        covariance,
        tensors["exemplar_x"].float(),
        tensors["exemplar_y"].long(),
        tensors["check_x"].float(),
        tensors["check_y"].long(),
    )
