"""Initial weights of a network."""

import json
from collections.abc import Mapping
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from cfer.checkpoint import load_checkpoint
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.emotions import BASICS
from cfer.features.rendered import UNITS
from cfer.network.face_model import FaceModel


def load_start(model: FaceModel, start: str | Path) -> None:
    """Load a general-purpose start into the backbone.

    Args:
        model: Changed in place; its head is left alone.
        start: "pretrained" to ask timm (needs a network on first use), "random" for none, a checkpoint folder of this
            backbone, the folder of a run of phase 1, or a safetensors file with the backbone's timm names (a
            classifier in it is ignored).

    Raises:
        ValueError: The file's names or shapes do not fit the backbone.
    """
    if start == "random":
        return
    if start == "pretrained":
        try:
            with torch.random.fork_rng(devices=[]):
                source = timm.create_model(model.config.name, pretrained=True, num_classes=0, global_pool="")
        except (OSError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"The weights of {model.config.name} could not be fetched. With a network try again; without one give "
                "--start a safetensors file or a checkpoint folder, or 'random'."
            ) from error
        state: Mapping[str, Tensor] = source.state_dict()
    elif Path(start).is_dir():
        run = run_weights(start)
        whole = _tensors(Path(start) / "model.safetensors") if run is None else run
        prefix = "face.backbone." if any(k.startswith("face.") for k in whole) else "backbone."
        state = {k.removeprefix(prefix): v for k, v in whole.items() if k.startswith(prefix)}
    else:
        own = model.backbone.state_dict()
        state = {k: v for k, v in _tensors(Path(start)).items() if k in own or not k.startswith(("classifier", "head"))}
    try:
        model.backbone.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise ValueError(f"{start} does not hold the weights of {model.config.name}.") from error


def with_start_units(model: FaceModel, start: str | Path) -> FaceModel:
    """The same with the readout of action units of a checkpoint that was the start, if it is one and has any."""
    config = Path(start) / "config.json"
    if not config.is_file() or run_weights(start) is not None:
        return model
    units = tuple(json.loads(config.read_text(encoding="utf-8")).get("action_units", ()))
    weights = _tensors(Path(start) / "model.safetensors")
    return model.with_units(units, weights["units.weight"], weights["units.bias"]) if units else model


def run_weights(start: str | Path) -> dict[str, Tensor] | None:
    """All that a run of phase 1 learned, by the names of its own heads; None if the start is no such run.

    Raises:
        ValueError: The file is damaged.
    """
    best = Path(start) / "best.safetensors"
    return _tensors(best) if best.is_file() else None


def start_heads(start: str | Path) -> dict[str, Tensor]:
    """Heads that the start has learned, by the names of `cfer.training.au_supervision.MultiTaskModel`.

    Those of a run are all that it learned, the backbone included; those of a checkpoint are its head of the basic
    classes and its readouts of action units and landmarks. Other starts have none.

    Raises:
        ValueError: A file is damaged.
    """
    if (run := run_weights(start)) is not None:
        return run
    if not (Path(start) / "config.json").is_file():
        return {}
    checkpoint = load_checkpoint(start)
    found: dict[str, Tensor] = {}
    if checkpoint.heads and checkpoint.names[: len(BASICS)] == BASICS and len(checkpoint.heads[0].bias) == len(BASICS):
        found |= {"face.head.weight": checkpoint.heads[0].weight, "face.head.bias": checkpoint.heads[0].bias}
    if (units := checkpoint.model.units) is not None and checkpoint.model.action_units == UNITS:
        found |= {"units.weight": units.weight.detach(), "units.bias": units.bias.detach()}
    if LANDMARKS in checkpoint.measured:
        readout = LandmarkReadout.from_bytes(checkpoint.measured[LANDMARKS])
        found |= {"landmarks.weight": readout.weight, "landmarks.bias": readout.bias}
    return found


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(str(path))
    except FileNotFoundError as error:
        raise ValueError(
            f"There is no {path}: --start is 'pretrained', 'random', a checkpoint folder or a file."
        ) from error
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path} is no safetensors file that can be read.") from error
