"""Options and messages that the commands share."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Data = Annotated[Path, typer.Option(help="FER+ (folder or zip), one folder a class, or a CSV manifest.")]
CheckpointFolder = Annotated[
    Path | None, typer.Option("--checkpoint", help="A checkpoint folder; the project's own by default.")
]
Cropped = Annotated[bool, typer.Option("--already-cropped", help="The pictures are face crops: do not look for faces.")]


USER_ERROR = 2
"""Exit code where the user can put it right."""


def fail(error: Exception) -> typer.Exit:
    """Say what went wrong in one line; raise what comes back."""
    typer.echo(f"cfer: {error}", err=True)
    return typer.Exit(USER_ERROR)


def typed() -> str:
    """The command as it was typed, for a model card."""
    return " ".join(["cfer", *map(shlex.quote, sys.argv[1:])])


def load_reader(folder: Path | None) -> Any:
    """The reader of a checkpoint, the project's own by default."""
    from cfer.checkpoint import DEFAULT, CheckpointError
    from cfer.reading.reader import Reader

    try:
        return Reader(DEFAULT if folder is None else folder)
    except CheckpointError as error:
        raise fail(error) from None
