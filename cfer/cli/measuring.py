"""`cfer measure`."""

from pathlib import Path
from typing import Annotated

import typer

from cfer.cli.common import fail

KIND = "measure"


def measure(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint folder; the results are written into it.")],
    people: Annotated[int, typer.Option(min=10, help="How many rendered people to measure on.")] = 60,
    run: Annotated[Path, typer.Option(help="Folder of the run; the same folder again goes on.")] = Path("runs/measure"),
    photographs: Annotated[
        Path | None,
        typer.Option(
            help="Manifest of photographs with teachers' answers, `teachers.npz`, beside it: how strong action units "
            "are called in photographs is fitted to them. Without it what was fitted before stays."
        ),
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many render at once; one a core by default.")
    ] = None,
) -> None:
    """Measure what belongs to a checkpoint on people whom training never saw, and put it into its folder.

    On rendered people a landmark readout, by which evidence is told by part of the face and by action unit, and
    relations of compounds to basics with their controls, by which a single face's relation gets a verdict. On
    photographs, if there are any, how strong action units are called there: fitted on their training part, told of
    their test part.
    """
    from cfer.checkpoint import CheckpointError, check_checkpoint_folder, load_checkpoint, save_checkpoint
    from cfer.checkpoint.card import model_card
    from cfer.data.readers import read_data
    from cfer.data.splits import split
    from cfer.measure.checkpoint import measure as run_measure
    from cfer.system.output_folders import check_run_folder, claimed

    try:
        check_run_folder(run, KIND)
        loaded = load_checkpoint(checkpoint)
        check_checkpoint_folder(checkpoint)
        answered = split(read_data(photographs), seed=loaded.facts.seed) if photographs else None
        with claimed(run, KIND):
            done = run_measure(loaded, run, people, photographs=answered, processes=processes, tell=typer.echo)
    except (CheckpointError, ValueError) as error:
        raise fail(error) from None
    save_checkpoint(done, checkpoint, model_card(done))
    typer.echo(f"{len(done.measured)} files: {checkpoint / 'measured'}")
