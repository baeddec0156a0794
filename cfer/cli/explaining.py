"""`cfer explain`."""

from pathlib import Path
from typing import Annotated

import typer

from cfer.cli.common import CheckpointFolder, Cropped, fail, load_reader, typed


def explain(
    picture: Annotated[Path, typer.Argument(help="A picture file with a face.")],
    classes: Annotated[
        str | None,
        typer.Option(
            help="Expressions, such as 'happy,happily surprised,surprised'; by default the likeliest compound."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the evidence.")] = Path("evidence"),
    number: Annotated[int, typer.Option(min=1, help="Which face of the picture, the largest being 1.")] = 1,
    checkpoint: CheckpointFolder = None,
    already_cropped: Cropped = False,
) -> None:
    """Write down where in a face the evidence lies, and how a compound relates to its basics.

    OUT holds the face, an overlay for each expression on one scale, the raw maps of all expressions, the numbers as
    evidence.json, and a manifest with versions and hashes. docs/explanations.md says how to read them.
    """
    from cfer.evidence import write_evidence
    from cfer.pictures import PictureError, read_picture

    reader = load_reader(checkpoint)
    try:
        faces = reader.read(read_picture(picture), already_cropped=already_cropped).faces
    except PictureError as error:
        raise fail(PictureError(f"{picture}: {error}")) from None
    if len(faces) < number:
        found = {0: "no face was", 1: "one face was"}.get(len(faces), f"{len(faces)} faces were")
        raise fail(ValueError(f"{picture}: there is no face number {number}; {found} found."))
    face = faces[number - 1]
    names = [name.strip() for name in classes.split(",")] if classes else reader.trio(face)
    if strange := [name for name in names if name not in reader.names]:
        raise fail(ValueError(f"The model does not know {strange[0]!r}; it knows {', '.join(reader.names)}."))
    found = write_evidence(reader, face, names, out, source=picture.read_bytes(), command=typed())
    for name in dict.fromkeys(names):
        amount = found["change"][name]
        spoken = f"evidence for {amount['for']:.2f}, against {-amount['against']:.2f}"
        typer.echo(f"{name:24} {face.probabilities[name]:6.1%}   {spoken}")
    for name, numbers in found["relations"].items():
        parts = " and ".join(numbers["constituents"])
        for key, words in (("change", "change from neutral"), ("maps", "whole face")):
            if key in numbers:
                gap = numbers[key]["gap"]["cosine"]
                said = (
                    "no evidence to compare"
                    if gap is None
                    else f"nearer to {parts} by {gap:+.3f} (cosine; 0 by chance)"
                )
                typer.echo(f"{name}, {words}: {numbers[key]['in_words'] or said}")
    typer.echo(f"evidence: {out}")
