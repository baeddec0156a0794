"""`cfer relate`."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cfer.cli.common import CheckpointFolder, Cropped, fail, load_reader, typed


def relate(
    pictures: Annotated[
        list[str],
        typer.Argument(help="Picture files, folders, zip files, patterns in quotes, or tables with a column 'path'."),
    ],
    name: Annotated[str, typer.Option("--class", help="The compound, such as 'happily surprised'.")],
    out: Annotated[Path, typer.Option(help="Folder of what is found; new, or of an earlier relation.")] = Path(
        "relation"
    ),
    method: Annotated[
        str | None, typer.Option(help="Whose maps: integrated_gradients by default, grad_cam or log_odds.")
    ] = None,
    person_folders: Annotated[
        bool,
        typer.Option("--person-folders", help="Each folder of pictures is one person; else each picture is another's."),
    ] = False,
    checkpoint: CheckpointFolder = None,
    already_cropped: Cropped = False,
) -> None:
    """Measure, over a set of faces, how a compound relates to the six basics: where the evidence for them lies.

    Of each picture the largest face is taken, whatever it is called. OUT holds figure.svg, relation.json with
    likeness, intervals over people, random heads' gaps, hashes of the pictures and of the model, and maps.safetensors.
    """
    from safetensors.torch import save

    from cfer.batch import list_pictures
    from cfer.lessons.names import same_name
    from cfer.pictures import PictureError
    from cfer.reading.own_set import relate_set
    from cfer.reading.set_figure import set_figure
    from cfer.system.output_folders import OutputError, check_replaceable, replaced

    try:
        check_replaceable(out, _listed, "a relation")
        listed = list_pictures(pictures, lambda sentence: typer.echo(sentence, err=True))
    except (OutputError, PictureError) as error:
        raise fail(error) from None
    reader = load_reader(checkpoint)
    wanted = same_name(name, reader.names)
    if wanted is None or not reader.relatable(wanted):
        able = [each for each in reader.names if reader.relatable(each)]
        raise fail(ValueError(f"{name!r} has no two basics that this model knows; it can relate {', '.join(able)}."))
    faces, people, used, left_out = [], [], [], []
    for picture in listed:
        try:
            found = reader.read(picture.open(), already_cropped=already_cropped).faces
        except PictureError as error:
            left_out.append(f"{picture.name}: {error}")
            continue
        if not found:
            left_out.append(f"{picture.name}: no face was found.")
            continue
        faces.append(found[0])
        used.append(picture)
        people.append(str(Path(picture.name).parent) if person_folders else picture.name)
    for line in left_out[:20]:
        typer.echo(line, err=True)
    try:
        done = relate_set(reader, faces, wanted, people, method)
    except (PictureError, KeyError) as error:
        raise fail(ValueError(str(error).strip("'\""))) from None
    content: dict[str, Any] = done.to_dict() | {
        "command": typed(),
        "left_out": left_out,
        "pictures_sha256": {each.name: hashlib.sha256(_content(each)).hexdigest() for each in used},
    }
    with replaced(out, _listed, "a relation") as new:
        (new / "figure.svg").write_text(set_figure(done), encoding="utf-8")
        (new / "maps.safetensors").write_bytes(save({"mean_maps": done.mean_maps.contiguous()}))
        (new / "relation.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    known = [each for each in done.ranked if done.likeness[each].known]
    ranked = ", ".join(f"{each} {done.likeness[each].mean:.2f}" for each in known) or "no evidence to compare"
    said = "more than chance" if done.beyond_chance else "not more than random heads show"
    typer.echo(f"{wanted} on {done.faces} faces: {ranked}; gap {done.gap.mean:+.2f}, {said}")
    typer.echo(f"relation: {out}")


def _content(picture: Any) -> bytes:
    source = picture.open()
    return Path(source).read_bytes() if isinstance(source, str | Path) else bytes(source)


def _listed(folder: Path) -> set[str] | None:
    try:
        found = json.loads((folder / "relation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {"figure.svg", "maps.safetensors", "relation.json"} if "pictures_sha256" in found else None
