"""Keep a training run on disk so that it can be killed at any moment and go on with the same numbers."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor


def save_state(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and JSON facts as one safetensors file, replaced in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    whole = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    save_file(whole, str(partial), metadata={"facts": json.dumps(facts)})
    os.replace(partial, path)


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_state` wrote."""
    with safe_open(str(path), "pt") as file:
        facts = json.loads(file.metadata()["facts"])
        return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118 - not a dict


def write_json_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object a line, replaced in one move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    os.replace(partial, path)


def claim_run(folder: Path, config: Mapping[str, Any]) -> None:
    """Mark a folder as belonging to this configuration.

    Raises:
        ValueError: The folder holds a run with another configuration. The message names the differences.
    """
    path = folder / "config.json"
    plain = json.loads(json.dumps(config))
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        keys = sorted(k for k in {*found, *plain} if found.get(k) != plain.get(k))
        differences = [f"{k}: {found.get(k)!r} there, {plain.get(k)!r} now" for k in keys]
        if differences:
            raise ValueError(
                f"{folder} holds a run with other settings ({'; '.join(differences)}). Choose another --out folder."
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's per-parameter tensors under flat names."""
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{i}.{key}": torch.as_tensor(value) for i, slots in state.items() for key, value in slots.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `flatten_optimizer` took."""
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            slots.setdefault(int(index), {})[key] = tensor.clone()
    whole = optimizer.state_dict()
    whole["state"] = slots
    optimizer.load_state_dict(whole)
