"""`cfer read`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cfer.cli.adapting import adapted, check_adapting
from cfer.cli.common import USER_ERROR, CheckpointFolder, Cropped, fail, load_reader
from cfer.emotions import PRESENT
from cfer.pictures import PictureError

MOST_NAMED = 20
"""Pictures with something the matter that are named at the end; all of them are in the table."""


def read(
    pictures: Annotated[
        list[str],
        typer.Argument(help="Picture files, folders, zip files, patterns in quotes, or tables with a column 'path'."),
    ],
    checkpoint: CheckpointFolder = None,
    already_cropped: Cropped = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, a line a picture.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write a table, .csv or .parquet, a row a face; goes on where it was stopped.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many read at once for --out; one a processor by default.")
    ] = None,
    maps: Annotated[
        Path | None, typer.Option(help="With --out: a folder for maps of all expressions, a file 32 pictures.")
    ] = None,
    to_pictures: Annotated[
        bool,
        typer.Option(
            "--adapt", help="Adapt to where these pictures are from first; they need no labels, but 20 faces."
        ),
    ] = False,
    save_adapted: Annotated[Path | None, typer.Option(help="Where to save the adapted checkpoint.")] = None,
    neutral: Annotated[
        list[Path] | None,
        typer.Option(
            help="A neutral face of the person whom all pictures show, as the zero of reading; may be repeated. "
            "Adapting comes first. A table may name one for each row instead, in a column 'neutral'."
        ),
    ] = None,
) -> None:
    """Say what the faces in pictures express.

    With --json a line reads {"schema_version", "path", "error", "faces": [{"box": [x0, y0, x1, y1], "score", "answer":
    {"label", "probability", "reliability", "sureness", "read_as", "family", "family_probability", "basis",
    "sharpness"}, "doubts": [{"key", ...}], "probabilities": {name: 0 to 1}, "action_units": {number: {"name",
    "intensity": 0 to 1}}}]}; the error is null unless the picture cannot be read. A picture without a face has no faces
    and no error. The exit code is 2 if any picture could not be read.

    With --out thousands of pictures become one table: path, face, box, score, the likeliest expression, how surely and
    its family, the probability of every expression (p_...), the strength of every action unit (AU..), and an error
    where there is one.
    """
    check_adapting(to_pictures, save_adapted)
    if out is None and (maps or processes):
        raise fail(ValueError("--maps and --processes go with --out."))
    from cfer.system.processes import usable_cores, worker_context

    processes = processes or usable_cores()
    if out is not None and processes > 1:
        worker_context("cfer.batch.run")  # begins to import while this process does
    from cfer.batch import list_pictures

    try:
        listed = list_pictures(pictures, lambda sentence: typer.echo(sentence, err=True))
        if out is not None:
            from cfer.batch.table import check_table

            check_table(out)
    except ValueError as error:
        raise fail(error) from None
    reader = load_reader(checkpoint)
    if to_pictures:
        reader = adapted(reader, listed, save_adapted, cropped=already_cropped)
    if neutral:
        try:
            reader = reader.with_neutral(neutral, already_cropped=already_cropped)
        except PictureError as error:
            raise fail(ValueError(f"--neutral: {error}")) from None
    if out is not None:
        failed = _to_table(listed, out, reader, already_cropped=already_cropped, maps=maps, processes=processes)
    else:
        failed = _to_lines(listed, reader, already_cropped=already_cropped, as_json=as_json)
    raise typer.Exit(USER_ERROR if failed else 0)


def _to_lines(listed: Sequence[Any], reader: Any, *, already_cropped: bool, as_json: bool) -> bool:
    """Say what is read, a line a picture, as it is read; returns whether any could not be."""
    from cfer.batch.neutral_readers import NeutralReaders
    from cfer.reading.plain import READING_SCHEMA

    failed, readers = False, NeutralReaders(reader, already_cropped=already_cropped)
    for picture in listed:
        faces: Sequence[Any] = ()
        error = None
        try:
            own = readers.of(picture.neutral)
            if isinstance(own, PictureError):
                raise own
            faces = own.read(picture.open(), already_cropped=already_cropped).faces
        except PictureError as problem:
            error, failed = str(problem), True
        if as_json:
            plain = [face.to_dict() for face in faces]  # looks at every face's quality, which words do without
            line = {"schema_version": READING_SCHEMA, "path": picture.name, "error": error, "faces": plain}
            typer.echo(json.dumps(line))
        else:
            typer.echo(f"{picture.name}: {error or _in_words(faces)}")
    return failed


def _to_table(
    listed: Sequence[Any],
    out: Path,
    reader: Any,
    *,
    already_cropped: bool,
    maps: Path | None,
    processes: int,
) -> bool:
    """Read into a table, say how it went; returns whether any picture could not be read."""
    from tqdm import tqdm

    from cfer.batch import read_many

    try:
        with tqdm(total=len(listed), desc="reading", unit="picture", disable=None) as bar:
            done = read_many(
                listed,
                out,
                reader,
                already_cropped=already_cropped,
                maps=maps,
                processes=processes,
                tick=bar.update,
            )
    except ValueError as error:
        raise fail(error) from None
    if done.found:
        typer.echo(f"{done.found:,} pictures had been read before", err=True)
    typer.echo(f"{out}: {done.faces:,} faces in {done.pictures:,} pictures", err=True)
    if done.empty:
        _name("without a face:", list(done.empty))
    if done.failed:
        _name("that could not be read:", [f"{name}: {reason}" for name, reason in done.failed])
    return bool(done.failed)


def _name(what: str, names: Sequence[str]) -> None:
    """Say what is the matter with some pictures, and name the first."""
    typer.echo(f"{len(names):,} {'picture' if len(names) == 1 else 'pictures'} {what}", err=True)
    for name in names[:MOST_NAMED]:
        typer.echo(f"  {name}", err=True)
    if len(names) > MOST_NAMED:
        typer.echo(f"  and {len(names) - MOST_NAMED:,} more; the table names all of them", err=True)


def _in_words(faces: Sequence[Any]) -> str:
    """The three likeliest expressions of each face, and the muscles at work."""
    if not faces:
        return "no face found"
    lines = []
    for face in faces:
        best = sorted(face.probabilities.items(), key=lambda item: -item[1])[:3]
        units = sorted(face.units, key=lambda unit: -unit.intensity)
        shown = [unit.name for unit in units if unit.intensity >= PRESENT]
        answer = ", ".join(f"{name} {100 * p:.0f} %" for name, p in best)
        lines.append(f"{answer}; {', '.join(shown)}" if shown else answer)
    return " | ".join(lines)
