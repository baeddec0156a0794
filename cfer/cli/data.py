"""`cfer check-data` and `cfer synth`."""

from pathlib import Path
from typing import Annotated

import typer

from cfer.cli.common import fail
from cfer.pictures import PictureError


def check_data(data: Annotated[Path, typer.Argument(help="What --data would be given.")]) -> None:
    """Say in plain words what a data set holds, what is missing and what is odd."""
    from cfer.data.check import describe
    from cfer.data.readers import read_data

    try:
        for line in describe(read_data(data)):
            typer.echo(line)
    except PictureError as error:
        raise fail(error) from None


def synth(
    people: Annotated[int, typer.Option(min=1, help="Number of invented people.")],
    out: Annotated[Path, typer.Option(help="Folder; the same command again goes on where a stopped run was.")],
    per_class: Annotated[int, typer.Option(min=1, help="Pictures of each person in each of the 22 classes.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Number of the first person: other numbers, other people.")] = 0,
    size: Annotated[int, typer.Option(min=64, max=1024, help="Side of the pictures; a multiple of 4.")] = 224,
    intensity: Annotated[
        str | None, typer.Option(help="FACS intensity, a (a trace) to e (maximum); a mixture of d and e by default.")
    ] = None,
    basics: Annotated[bool, typer.Option("--basics", help="Neutral and the six basic expressions only.")] = False,
    free: Annotated[
        int, typer.Option(min=0, help="Further pictures of each person: action units with no expression in mind.")
    ] = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="One a core by default.")] = None,
) -> None:
    """Render labelled faces of invented people, with ground truth: OUT/samples.csv is a manifest for --data.

    Beside every picture lies its truth, which `cfer.synth.truth.read_truth` reads: action units, landmarks, parts,
    pose, and how far each unit moved each pixel. docs/synthetic-faces.md says what they must not be used to claim.
    """
    from tqdm import tqdm

    from cfer.emotions import BASICS, EXPRESSIONS
    from cfer.synth.dataset import MANIFEST, Plan, render_folder
    from cfer.system.processes import usable_cores

    try:
        classes = BASICS if basics else tuple(EXPRESSIONS)
        plan = Plan(people, per_class, first, classes, size, intensity, free)
        with tqdm(total=len(plan.shots()), unit="picture", disable=None) as bar:
            found = render_folder(plan, out, processes or usable_cores(), bar.update)
    except ValueError as error:
        raise fail(error) from None
    already = f", {found:,} of which were there" if found else ""
    typer.echo(f"{len(plan.shots()):,} pictures of {people:,} people{already}: {out / MANIFEST}")
