"""Places of the project's own checkpoint and examples: beside the package in the repository, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def _place(name: str) -> Path:
    inside = _PACKAGE / "bundled" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


CHECKPOINTS = _place("checkpoints")
EXAMPLES = _place("examples")
