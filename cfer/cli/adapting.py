"""Adapting a reader for `cfer read --adapt`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from cfer.cli.common import fail
from cfer.pictures import PictureError

MOST = 500
"""Faces from which adapting gains nothing more; the first ones are used."""


def check_adapting(asked: bool, out: Path | None) -> None:
    """See that what is asked for can be done, before the work begins."""
    if out is None:
        return
    if not asked:
        raise fail(ValueError("--save-adapted is for the checkpoint that --adapt makes; give both."))
    from cfer.checkpoint import check_checkpoint_folder
    from cfer.system.output_folders import OutputError

    try:
        check_checkpoint_folder(out)
    except OutputError as error:
        raise fail(error) from None


def adapted(reader: Any, files: Sequence[Any], out: Path | None, *, cropped: bool) -> Any:
    """A reader that is adapted to the faces in some files, saved if wanted; what that did goes to standard error."""
    from cfer.checkpoint import save_checkpoint
    from cfer.checkpoint.card import model_card
    from cfer.reading.adapt import AdaptError

    faces: list[Any] = []
    for picture in files:
        try:
            faces += [f for f in reader.read(picture.open(), already_cropped=cropped).faces if not f.tiny]
        except PictureError:  # it is said when the picture is read
            continue
        if len(faces) >= MOST:
            break
    try:
        fitted, done = reader.adapt(faces[:MOST])
    except AdaptError as error:
        raise fail(error) from None
    typer.echo(f"adapted to {done.faces} faces: {done.changed:.0%} of them are answered otherwise", err=True)
    if done.warning:
        typer.echo(done.warning, err=True)
    if out:
        save_checkpoint(fitted.checkpoint, out, model_card(fitted.checkpoint))
        typer.echo(f"checkpoint: {out}", err=True)
    return fitted
