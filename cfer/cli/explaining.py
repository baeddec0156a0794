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
    method: Annotated[
        str | None,
        typer.Option(help="Whose maps are drawn: integrated_gradients by default, grad_cam, log_odds, occlusion, ..."),
    ] = None,
    number: Annotated[int, typer.Option(min=1, help="Which face of the picture, the largest being 1.")] = 1,
    checkpoint: CheckpointFolder = None,
    already_cropped: Cropped = False,
) -> None:
    """Write down where in a face the evidence lies, and how a compound relates to its basics.

    OUT holds the face, an overlay for each expression on one scale, the raw maps of all expressions, the numbers as
    evidence.json, and a manifest with versions and hashes. docs/explanations.md says how to read them.
    """
    from cfer.lessons.names import same_name
    from cfer.pictures import PictureError
    from cfer.reading.evidence import check_evidence_folder, write_evidence
    from cfer.system.output_folders import OutputError

    try:
        check_evidence_folder(out)
    except OutputError as error:
        raise fail(error) from None
    reader = load_reader(checkpoint)
    try:
        faces = reader.read(picture, already_cropped=already_cropped).faces
    except PictureError as error:
        raise fail(PictureError(f"{picture}: {error}")) from None
    if len(faces) < number:
        found = {0: "no face was", 1: "one face was"}.get(len(faces), f"{len(faces)} faces were")
        raise fail(ValueError(f"{picture}: there is no face number {number}; {found} found."))
    face = faces[number - 1]
    if len(faces) > 1:
        place = ", ".join(f"{v:.0f}" for v in face.box)
        typer.echo(f"{picture} shows {len(faces)} faces; this is number {number}, at ({place}).", err=True)
    names = reader.trio(face)
    if classes is not None:
        asked = [name.strip() for name in classes.split(",") if name.strip()]
        found_names = [same_name(name, reader.names) for name in asked]
        if not asked or None in found_names:
            strange = asked[found_names.index(None)] if asked else classes
            raise fail(ValueError(f"The model does not know {strange!r}; it knows {', '.join(reader.names)}."))
        names = [name for name in found_names if name is not None]
    if method is not None and method not in reader.methods:
        raise fail(ValueError(f"There are no maps by {method!r} here; there are {', '.join(reader.methods)}."))
    write_evidence(reader, face, names, out, method=method, picture=picture.read_bytes(), command=typed())
    for name in dict.fromkeys(names):
        found = face.explain(name, method)
        spoken = f"evidence for {found.evidence_for:.2f}, against {found.evidence_against:.2f}"
        typer.echo(f"{name:24} {found.probability:6.1%}   {spoken}")
        if not reader.relatable(name):
            continue
        report = face.relation(name)
        parts = " and ".join(report.constituents)
        for comparison in report.comparisons:
            gap = comparison.gap["cosine"]
            said = f"nearer to {parts} by {gap:+.3f} (cosine; 0 by chance)" if gap is not None else "nothing to compare"
            typer.echo(f"  {comparison.method}: {comparison.verdict or said}")
    typer.echo(f"evidence: {out}")
