"""A checkpoint folder: written in one move, read strictly, nothing pickled.

config.json           schema version, classes, network, preprocessing, look of the photographs that were learned from,
                      learner, facts, versions, hashes of all files
model.safetensors     backbone, the last head and the readout of action units
learner.safetensors   the fitted learner, from which training goes on as if it had never been saved; offsets of
                      lessons and domains, and how far the camera in use is off, if it was adapted to
checks.safetensors    validation features that nothing was fitted to: no picture of anybody
steps/NN.safetensors  the head after each step
measured/             what `cfer measure` wrote: landmark readout, relations, mean maps, rendered faces, and how
                      strong action units are called in photographs
MODEL_CARD.md         for people
"""

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from cfer.checkpoint.checkpoint import Checkpoint
from cfer.checkpoint.packing import packed
from cfer.system.files import write_json
from cfer.system.output_folders import check_replaceable, replaced
from cfer.system.provenance import file_digest
from cfer.system.resources import CHECKPOINTS

SCHEMA_VERSION = 4
READABLE = (3, SCHEMA_VERSION)
"""Those of version 3 have no matches with prototypes, and are read as they are."""
CONFIG = "config.json"
DEFAULT = CHECKPOINTS / "default"
DOMAINS, MATCHES, SHIFT, PULLS = "domains.", "matches.", "camera.shift", "lessons.pulls"


class CheckpointError(ValueError):
    """A checkpoint folder that cannot be used; the message says what is wrong with it."""


def versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    return {name: importlib.metadata.version(name) for name in ("torch", "timm", "numpy", "pillow", "safetensors")}


def digest(path: Path) -> str:
    """SHA-256 of a file, in full."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_checkpoint_folder(folder: str | Path) -> None:
    """See that a checkpoint may be written to a place: nothing there, an empty folder, or a checkpoint to replace.

    Raises:
        OutputError: Something else is there.
    """
    check_replaceable(Path(folder), _listed, "a checkpoint")


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path, card: str) -> None:
    """Write the folder beside its place, then move it there; an older checkpoint is replaced, anything else is not.

    Raises:
        OutputError: See `check_checkpoint_folder`.
        CheckpointError: It is of an earlier step (`cfer.reading.reader.Reader.at_step`).
    """
    with replaced(Path(folder), _listed, "a checkpoint") as new:
        _write(checkpoint, new, card)


def _listed(folder: Path) -> set[str] | None:
    """The files that a checkpoint's own list names, its config.json among them; None where there is no such list."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return {*config["files"], CONFIG} if isinstance(config["schema_version"], int) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def listed_files(folder: str | Path) -> set[str]:
    """Paths of all files of a checkpoint, inside its folder.

    Raises:
        CheckpointError: There is no checkpoint.
    """
    found = _listed(Path(folder))
    if found is None:
        raise CheckpointError(f"{folder} is not a checkpoint.")
    return found


def folder_origin(folder: str | Path) -> tuple[str, str]:
    """A checkpoint's folder, and a digest of its config.json, which names the content of every other file."""
    return str(Path(folder).absolute()), file_digest(Path(folder) / CONFIG)


def _write(checkpoint: Checkpoint, folder: Path, card: str) -> None:
    if len(checkpoint.learner.head().bias) != len(checkpoint.classes):
        raise CheckpointError(
            "A checkpoint as it was after an earlier step cannot be saved: what was learned is kept for the last step."
        )
    tensors: dict[str, Mapping[str, Tensor]] = {
        "model.safetensors": checkpoint.model.state_dict(),
        "learner.safetensors": {
            **packed(checkpoint.learner.state()),
            "lessons.offsets": checkpoint.offsets,
            **{DOMAINS + k: v for k, v in (checkpoint.domains.tensors() if checkpoint.domains else {}).items()},
            **{MATCHES + k: v for k, v in (checkpoint.matches.tensors() if checkpoint.matches else {}).items()},
            **({} if checkpoint.shift is None else {SHIFT: checkpoint.shift}),
            **({} if checkpoint.pulls is None else {PULLS: checkpoint.pulls}),
        },
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
        "action_units": list(checkpoint.model.action_units),
        "backbone": asdict(checkpoint.model.config),
        "preprocessing": asdict(checkpoint.preprocessing),
        "look": None if checkpoint.look is None else asdict(checkpoint.look),
        "learner": asdict(checkpoint.spec),
        "calibration": asdict(checkpoint.calibration),
        "sureness": asdict(checkpoint.sureness),
        "facts": checkpoint.facts.to_dict(),
        "versions": versions(),
        "files": {p.relative_to(folder).as_posix(): {"sha256": digest(p), "bytes": p.stat().st_size} for p in files},
    }
    write_json(folder / CONFIG, config, indent=2)
    folder.chmod(0o755)
