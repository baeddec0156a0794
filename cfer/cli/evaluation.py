"""`cfer evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from cfer.cli.common import CheckpointFolder, Cropped, fail

RENDERED, CSV = "rendered", "csv"
KIND = "evaluate"
METHODS = ("compositional", "predictive-replay", "streaming-lda", "nearest-mean", "teen")
"""Ours, the paper's repaired, and the strongest of those that need no exemplars."""


def _counts(text: str, option: str, example: str, *, words: bool) -> tuple[int | None, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() or (words and part == "all") for part in parts):
        raise fail(ValueError(f"{option} is a list such as '{example}', not {text!r}."))
    return tuple(None if part == "all" else int(part) for part in parts)


def evaluate(
    data: Annotated[
        str, typer.Option(help="A data set as for `train`, or 'rendered': faces rendered for the purpose.")
    ] = RENDERED,
    manifest: Annotated[
        Path | None, typer.Option(help="A CSV manifest (path,label,person); --data is then 'csv' or left out.")
    ] = None,
    checkpoint: CheckpointFolder = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="A method; may be repeated. The first one's lead over the others is measured. By default "
            + ", ".join(METHODS)
            + "."
        ),
    ] = None,
    shots: Annotated[
        str, typer.Option(help="Pictures of each new class, such as '1,5,all'; 0 leaves it to its name.")
    ] = "1,all",
    memory: Annotated[
        str, typer.Option(help="Exemplars a class for methods that keep some, such as '62,20,0'.")
    ] = "20",
    folds: Annotated[
        int | None, typer.Option(help="Divisions by person; 1 keeps the data's own parts. 10, or 1 if it has parts.")
    ] = None,
    orders: Annotated[int, typer.Option(min=1, help="Class orders, each with its own draw of shots.")] = 3,
    people: Annotated[int, typer.Option(min=10, help="How many people are rendered.")] = 230,
    seed: Annotated[int, typer.Option(min=0, help="Of folds, orders and draws.")] = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="One a core by default.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the run; the same folder again goes on, and adds.")] = Path(
        "runs/evaluate"
    ),
    already_cropped: Cropped = False,
) -> None:
    """Compare continual learners on a data set, from pictures to report, under one protocol.

    Basic expressions come first, then compounds one at a time. People are never shared between the parts, and all
    methods get the same features, class orders and shots. OUT holds every prediction, and of everything it holds
    table.csv, report.json and report.md. report.json says what the scores mean.
    """
    import torch
    from tqdm import tqdm

    from cfer.checkpoint import DEFAULT, CheckpointError, load_checkpoint
    from cfer.data.readers import read_data
    from cfer.data.splits import split
    from cfer.evaluation.report import as_markdown, settings_for, write_report
    from cfer.evaluation.run import evaluate as run
    from cfer.evaluation.run import kept_outcomes
    from cfer.features.table import FeatureTable, extract_features
    from cfer.learners import REGISTRY
    from cfer.measure.checkpoint import MEASURED_FIRST
    from cfer.protocol.protocol import Protocol, shortfalls, streams
    from cfer.synth.dataset import MANIFEST, Plan, render_folder
    from cfer.system.output_folders import OutputError, check_run_folder, claimed
    from cfer.system.processes import usable_cores

    if manifest is not None:
        if data not in (RENDERED, CSV):
            raise fail(ValueError(f"--data {data} and --manifest {manifest} are two data sets; give one of them."))
        data = str(manifest)
    elif data == CSV:
        raise fail(ValueError("--data csv needs --manifest FILE.csv."))
    methods = method or METHODS
    if strange := [name for name in methods if name not in REGISTRY]:
        raise fail(ValueError(f"There is no method {strange[0]!r}; there are {', '.join(REGISTRY)}."))
    numbers = _counts(shots, "--shots", "1,5,all", words=True)
    budgets = [count or 0 for count in _counts(memory, "--memory", "62,20,0", words=False)]
    cores = processes or usable_cores()
    try:
        check_run_folder(out, KIND)
        settings = settings_for(methods, numbers, budgets)
        model = load_checkpoint(DEFAULT if checkpoint is None else checkpoint)
        table = None if data == RENDERED else read_data(data, cropped=already_cropped or None)
        parts = table is not None and any(s.split for s in table.samples)
        protocol = Protocol(folds=folds or (1 if parts else 10), orders=orders, seed=seed)
        if table is not None:
            if protocol.folds == 1:  # parts of its own: no copy and no person stands in two of them
                table = split(table, seed=seed)
            table = table.only(s for s in table.samples if s.label or s.compound)
            unread = FeatureTable(table, torch.zeros(len(table), 1))
            next(streams(unread, protocol, 0))  # says what is wrong with the data before anything is written
        with claimed(out, KIND):
            if table is None:
                plan = Plan(people, first=MEASURED_FIRST)
                with tqdm(total=len(plan.shots()), desc="rendering", unit="picture", disable=None) as bar:
                    render_folder(plan, out / "faces", cores, bar.update)
                table = read_data(out / "faces" / MANIFEST)
                wanted = {f"{shot.name}.jpg" for shot in plan.shots()}  # another run may have rendered more people
                table = table.only(s for s in table.samples if s.path in wanted)
            features = extract_features(
                model.model, table, model.preprocessing, out / "features.safetensors", progress=True
            )
            with tqdm(total=len(settings) * protocol.folds, desc="learning", unit="fold", disable=None) as bar:
                for _ in run(features, protocol, settings, out, processes=cores, tick=bar.update):
                    pass
            outcomes, stale = kept_outcomes(out, features, protocol, settings)
            report = write_report(outcomes, methods[0], out)
    except (ValueError, CheckpointError, OutputError) as error:
        raise fail(error) from None
    typer.echo(as_markdown(report))
    if stale:
        said = (
            f"Made by other code or settings, or not whole, and left out: {', '.join(stale)}. Ask for them to run them "
            "again."
        )
        typer.echo(said, err=True)
    if not any(s.person for s in table.samples):
        typer.echo("Nobody's name is known: the same person may be on both sides of a division.", err=True)
    for line in (*shortfalls(table, features.table, protocol), *table.oddities):
        typer.echo(line, err=True)
    for line in features.refused[:5]:
        typer.echo(f"left out: {line}", err=True)
    if len(features.refused) > 5:
        typer.echo(f"... and {len(features.refused) - 5} more pictures", err=True)
    typer.echo(f"report: {out / 'report.md'}")
