"""Results of benchmarks: one writer, which notes what a result was made by, and one reader."""

import importlib.metadata
import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from cfer.checkpoint import Checkpoint, load_checkpoint, model_digest
from cfer.system.files import write_text
from cfer.system.processes import usable_cores

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("torch", "timm", "numpy", "cfer")


def made_by(checkpoint: Checkpoint | None = None) -> dict[str, Any]:
    """What a result is made by: command, commit, checkpoint, versions, kind of machine, day.

    Args:
        checkpoint: Whose result it is; the project's own by default.
    """
    known = checkpoint or load_checkpoint()
    name = Path(sys.argv[0])
    module = ".".join(name.relative_to(ROOT).with_suffix("").parts) if name.is_relative_to(ROOT) else name.name
    return {
        "command": shlex.join(["python", "-m", module, *map(_short, sys.argv[1:])]),
        "commit": _git("rev-parse", "HEAD") + (" with changes" if _git("status", "--porcelain", "cfer") else ""),
        "checkpoint": model_digest(known.model),
        "backbone": known.facts.backbone,
        "versions": {package: importlib.metadata.version(package) for package in PACKAGES},
        "machine": _machine(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def write_result(name: str, found: Mapping[str, Any], checkpoint: Checkpoint | None = None) -> Path:
    """Write a result, with what it was made by, as `benchmarks/results/NAME.json`: a line a row of a list.

    Args:
        name: Without suffix.
        found: Plain data.
        checkpoint: See `made_by`.
    """
    path = RESULTS / f"{name}.json"
    write_text(path, laid_out({"made_by": made_by(checkpoint), **found}) + "\n")
    return path


def read_result(name: str) -> dict[str, Any]:
    """A committed result."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def laid_out(content: Any, indent: str = "") -> str:
    """JSON that can be compared line by line: a line an entry, but for what is short."""
    plain = json.dumps(content, allow_nan=False)
    if not isinstance(content, dict | list) or not content or len(plain) + len(indent) <= 120:
        return plain
    inner = indent + " "
    if isinstance(content, dict):
        rows = [f"{inner}{json.dumps(str(key))}: {laid_out(value, inner)}" for key, value in content.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    rows = [f"{inner}{laid_out(value, inner)}" for value in content]
    return "[\n" + ",\n".join(rows) + f"\n{indent}]"


def _short(argument: str) -> str:
    """A path by its last two parts, which tell it from others and say nothing of whose machine it lay on."""
    return "/".join(Path(argument).parts[-2:]) if Path(argument).is_absolute() or "/" in argument else argument


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or ("unknown" if done.returncode else "")


def _machine() -> str:
    graphics = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{platform.system()} {platform.machine()}, {usable_cores()} processors{graphics}"
