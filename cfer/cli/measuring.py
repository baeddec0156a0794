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
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many render at once; one a core by default.")
    ] = None,
) -> None:
    """Measure what belongs to a checkpoint on rendered people whom training never saw, and put it into its folder.

    A landmark readout, by which evidence is told by part of the face and by action unit, and relations of compounds to
    basics with their controls, by which a single face's relation gets a verdict.
    """
    from cfer.checkpoint import CheckpointError, check_checkpoint_folder, load_checkpoint, save_checkpoint
    from cfer.evaluation.card import model_card
    from cfer.measure.checkpoint import measure as run_measure
    from cfer.outputs import check_run_folder, claimed

    try:
        check_run_folder(run, KIND)
        loaded = load_checkpoint(checkpoint)
        check_checkpoint_folder(checkpoint)
        with claimed(run, KIND):
            done = run_measure(loaded, run, people, processes=processes, tell=typer.echo)
    except (CheckpointError, ValueError) as error:
        raise fail(error) from None
    save_checkpoint(done, checkpoint, model_card(done))
    typer.echo(f"{len(done.measured)} files: {checkpoint / 'measured'}")
