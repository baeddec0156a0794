"""Opening of a checkpoint folder: every file, tensor and fact is checked, and what is wrong is said in words."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from cfer.checkpoint.checkpoint import CheckFeatures, Checkpoint, ClassInfo, LearnerSpec
from cfer.checkpoint.facts import Facts
from cfer.checkpoint.folder import CONFIG, DEFAULT, DOMAINS, MATCHES, PULLS, READABLE, SHIFT, CheckpointError, digest
from cfer.checkpoint.packing import unpacked
from cfer.checkpoint.strengths import FILE as STRENGTHS
from cfer.checkpoint.strengths import StrengthScale
from cfer.checkpoint.sureness import KINDS, Sureness
from cfer.emotions import EXPRESSIONS
from cfer.learners import REGISTRY
from cfer.learners.base import Head, LinearLearner
from cfer.learners.calibrated import Calibration
from cfer.learners.domain import Domains
from cfer.learners.prototype_match import Matches
from cfer.network.backbone import BackboneConfig
from cfer.network.camera import Look
from cfer.network.face_model import FaceModel
from cfer.network.modes import plain_numerics
from cfer.network.preprocessing import Preprocessing
from cfer.system.files import own_tensors
from cfer.system.output_folders import is_clutter

T = TypeVar("T")


def load_checkpoint(folder: str | Path = DEFAULT) -> Checkpoint:
    """Read a checkpoint folder and check every file's size and hash and every tensor's name and shape.

    Raises:
        CheckpointError: Something is missing, changed, not listed or of another version.
    """
    folder = Path(folder)
    config = _config(folder)
    try:
        _check_files(folder, config["files"])
        with plain_numerics():
            return _read(folder, config)
    except CheckpointError:
        raise
    except KeyError as error:
        raise CheckpointError(f"{folder} does not hold a whole checkpoint: {error} is missing or unknown.") from error
    except _MALFORMED as error:
        raise CheckpointError(f"{folder} does not hold a whole checkpoint: its {CONFIG} does not fit.") from error
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error.strerror or 'no access'}.") from error


_MALFORMED = (
    *(TypeError, ValueError, RuntimeError, AttributeError, IndexError, OverflowError, AssertionError),
    SafetensorError,
)
"""What reading other content than was written can raise."""


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        if folder.exists() and not folder.is_dir():
            raise CheckpointError(f"{folder} is a file; a checkpoint is a folder.")
        text = path.read_text(encoding="utf-8")
        config = json.loads(text)
    except FileNotFoundError:
        what = "is not a checkpoint: it has no config.json" if folder.exists() else "does not exist"
        raise CheckpointError(f"{folder} {what}.{_from_the_hub(folder)}") from None
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        if path.is_file() and _is_pointer(path):
            raise CheckpointError(_POINTER.format(path)) from error
        raise CheckpointError(f"{path} cannot be read.") from error
    if not isinstance(config, dict) or "schema_version" not in config:
        raise CheckpointError(f"{folder} is not a checkpoint of cfer: its {CONFIG} is of something else.")
    if config["schema_version"] not in READABLE:
        found, known = config["schema_version"], " and ".join(map(str, READABLE))
        raise CheckpointError(f"{folder} has schema version {found!r}; this version of cfer reads {known}.")
    return config


def _from_the_hub(folder: Path) -> str:
    """Advice where a name that may be one on the Hub was given for a folder."""
    name = folder.as_posix()
    if folder.exists() or not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+(@[\w./-]+)?", name):
        return ""
    return (
        f" If it is a name on the Hugging Face Hub, fetch it by `cfer pull {name}`, or load it in Python by "
        f'`cfer.hub.CferModel.from_pretrained("{name}")`.'
    )


_POINTER = "{} is a placeholder of git-lfs, not the file itself. Run 'git lfs pull' in its repository."


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(24) == b"version https://git-lfs."


def _check_files(folder: Path, listed: Mapping[str, Any]) -> None:
    if not isinstance(listed, dict) or not all(isinstance(e, dict) for e in listed.values()):
        raise CheckpointError(f"{folder} does not hold a whole checkpoint: its {CONFIG} does not list its files.")
    for name, expected in listed.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CheckpointError(f"{folder}: {CONFIG} lists {name!r}, which lies outside the folder.")
        if not path.is_file():
            raise CheckpointError(f"{folder} lacks {name}.")
        if path.stat().st_size != expected["bytes"] or digest(path) != expected["sha256"]:
            if _is_pointer(path):
                raise CheckpointError(_POINTER.format(path))
            raise CheckpointError(f"{folder}/{name} is not the file that was saved.")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and not is_clutter(p.name)}
    if strange := sorted(there - set(listed) - {CONFIG}):
        raise CheckpointError(f"{folder} holds {strange[0]}, which its {CONFIG} does not list.")


def _read(folder: Path, config: Mapping[str, Any]) -> Checkpoint:
    classes = parsed(tuple[ClassInfo, ...], config, "classes")
    units = parsed(tuple[int, ...], config, "action_units")
    backbone = parsed(BackboneConfig, config, "backbone")
    held = (folder / "model.safetensors").stat().st_size
    if backbone.size() > 1.5 * held:  # before memory is taken for a network that nobody has sent
        raise CheckpointError(f"{folder} does not hold a whole checkpoint: too few weights for {backbone.name}.")
    model = FaceModel(backbone, tuple(c.name for c in classes), action_units=units)
    model.load_state_dict(load_file(str(folder / "model.safetensors")), strict=True)
    model.eval().requires_grad_(False)
    model.to(memory_format=torch.channels_last)
    spec = parsed(LearnerSpec, config, "learner")
    state = own_tensors(folder / "learner.safetensors")
    offsets, shift = state.pop("lessons.offsets"), state.pop(SHIFT, None)
    pulls = state.pop(PULLS, None)
    domains = {name.removeprefix(DOMAINS): state.pop(name) for name in list(state) if name.startswith(DOMAINS)}
    matches = {name.removeprefix(MATCHES): state.pop(name) for name in list(state) if name.startswith(MATCHES)}
    learner = REGISTRY[spec.name].from_state(unpacked(state), spec.per_class)
    if not isinstance(learner, LinearLearner):
        raise CheckpointError(f"{folder} was learned by {spec.name!r}, which does not end in a linear head.")
    checks = own_tensors(folder / "checks.safetensors")
    heads = []
    for path in sorted((folder / "steps").glob("*.safetensors"), key=lambda p: int(p.stem)):
        tensors = own_tensors(path)
        heads.append(Head(tensors["weight"].float(), tensors["bias"]))
    if heads and len(heads[-1].bias) == len(classes):  # the last step is the model, which is kept in full precision
        heads[-1] = Head(model.head.weight, model.head.bias)
    measured = folder / "measured"
    checkpoint = Checkpoint(
        model,
        classes,
        parsed(Preprocessing, config, "preprocessing"),
        spec,
        learner,
        parsed(Calibration, config, "calibration"),
        offsets,
        CheckFeatures(checks["x"].float(), checks["y"].long()),
        tuple(heads),
        parsed(Facts, config, "facts"),
        {
            p.relative_to(measured).as_posix(): p.read_bytes()
            for p in sorted(measured.rglob("*"))
            if p.is_file() and not is_clutter(p.name)
        },
        Domains(**domains) if domains else None,
        shift,
        pulls,
        parsed(Look, config, "look") if config.get("look") else None,
        Matches(**matches) if matches else None,
        parsed(Sureness, config, "sureness") if "sureness" in config else Sureness(),
    )
    _check_parts(checkpoint, folder)
    return checkpoint


def parsed(kind: type[T], config: Mapping[str, Any], name: str) -> T:
    """A part of a configuration as a dataclass, every field of the type that it should have.

    Raises:
        CheckpointError: It is missing or does not fit; the message names the first field that does not.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(config[name]), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, (name, *first["loc"])))
        wrong = first["msg"][0].lower() + first["msg"][1:]
        raise CheckpointError(f"This does not hold a whole checkpoint: in its {CONFIG}, {place!r}: {wrong}.") from error


def _check_parts(checkpoint: Checkpoint, folder: Path) -> None:
    """See that the parts belong to each other."""
    count, features = len(checkpoint.classes), checkpoint.model.num_features
    head = checkpoint.learner.head()
    sizes = {
        "its learner": tuple(head.weight.shape) == (count, features),
        "its calibration": len(checkpoint.calibration.log_prior) == count and checkpoint.calibration.temperature > 0,
        "its offsets": tuple(checkpoint.offsets.shape) == (count,),
        "its domains": checkpoint.domains is None or _domains_fit(checkpoint.domains, features, count),
        "its matches": checkpoint.matches is None
        or [tuple(each.shape) for each in checkpoint.matches.tensors().values()] == [(count, features), (count,)],
        "its sureness": {*KINDS} <= {*checkpoint.sureness.curves}
        and min(checkpoint.sureness.photographs, checkpoint.sureness.family) > 0,
        "its pulls": checkpoint.pulls is None or tuple(checkpoint.pulls.shape) == (count, features),
        "its shift": checkpoint.shift is None or tuple(checkpoint.shift.shape) == (features,),
        "its look": checkpoint.look is None
        or len(checkpoint.look.contrasts) == checkpoint.preprocessing.detail_px // 2 + 1,
        "its strengths of action units": STRENGTHS not in checkpoint.measured
        or StrengthScale.from_bytes(checkpoint.measured[STRENGTHS]).fits(len(checkpoint.model.action_units), features),
        "its check features": checkpoint.checks.x.shape == (len(checkpoint.checks.y), features)
        and (
            not len(checkpoint.checks.y)
            or 0 <= int(checkpoint.checks.y.min()) <= int(checkpoint.checks.y.max()) < count
        ),
        "its classes": len(set(checkpoint.names)) == count
        and all(set(c.constituents) <= set(EXPRESSIONS) | set(checkpoint.names) for c in checkpoint.classes),
        "its steps": len(checkpoint.heads) > 0
        and all(h.weight.shape == (len(h.bias), features) for h in checkpoint.heads),
    }
    if wrong := [part for part, fits in sizes.items() if not fits]:
        raise CheckpointError(
            f"{folder} does not hold a whole checkpoint: {wrong[0]} does not fit its network and classes."
        )


def _domains_fit(domains: Domains, features: int, count: int) -> bool:
    many = len(domains.origins)
    shapes = [tuple(value.shape) for value in domains.tensors().values()]
    return shapes == [(many, features), (many,), (many, count)]
