"""`cfer read`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cfer.cli.adapting import adapted, check_adapting
from cfer.cli.common import USER_ERROR, CheckpointFolder, Cropped, fail, load_reader
from cfer.data.samples import FolderSource
from cfer.pictures import SUFFIXES, PictureError


def read(
    pictures: Annotated[list[Path], typer.Argument(help="Picture files, or folders of them.")],
    checkpoint: CheckpointFolder = None,
    already_cropped: Cropped = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, a line a picture.")] = False,
    to_pictures: Annotated[
        bool,
        typer.Option(
            "--adapt", help="Adapt to where these pictures are from first; they need no labels, but 20 faces."
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where to save the adapted checkpoint.")] = None,
) -> None:
    """Say what the faces in pictures express.

    With --json a line reads {"schema_version", "path", "error", "faces": [{"box": [x0, y0, x1, y1], "score",
    "probabilities": {name: 0 to 1}, "action_units": {number: {"name", "intensity": 0 to 1}}}]}; the error is null
    unless the picture cannot be read. A picture without a face has no faces and no error. The exit code is 2 if any
    picture could not be read.
    """
    check_adapting(to_pictures, out)
    from cfer.face_reading import READING_SCHEMA

    reader, files = load_reader(checkpoint), _files(pictures)
    if to_pictures:
        reader = adapted(reader, files, out, cropped=already_cropped)
    failed = False
    for path in files:
        faces: list[dict[str, Any]] = []
        error = None
        try:
            for face in reader.read(path, already_cropped=already_cropped).faces:
                faces.append(face.to_dict())
        except PictureError as problem:
            error, failed = str(problem), True
        if as_json:
            line = {"schema_version": READING_SCHEMA, "path": str(path), "error": error, "faces": faces}
            typer.echo(json.dumps(line))
        else:
            typer.echo(f"{path}: {error or _in_words(faces)}")
    raise typer.Exit(USER_ERROR if failed else 0)


def _files(paths: list[Path]) -> list[Path]:
    """The pictures, with those of a folder, and of the folders in it, in its place."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        names = FolderSource(path).names()
        inside = sorted(n for n in names if Path(n).suffix.lower() in SUFFIXES)
        if not inside:
            raise fail(PictureError(f"{path} holds no picture{f' among {len(names):,} files' if names else ''}."))
        found += [path / name for name in inside]
    return found


def _in_words(faces: list[dict[str, Any]]) -> str:
    if not faces:
        return "no face found"
    lines = []
    for face in faces:
        best = sorted(face["probabilities"].items(), key=lambda item: -item[1])[:3]
        lines.append(", ".join(f"{name} {100 * p:.0f} %" for name, p in best))
    return " | ".join(lines)
