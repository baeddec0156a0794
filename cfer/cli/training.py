"""`cfer train basic` and `cfer train continual`."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfer.cli.common import Cropped, Data, fail, typed

if TYPE_CHECKING:
    from cfer.data.samples import SampleTable

BASIC, CONTINUAL = "train basic", "train continual"
SamePeople = Annotated[
    bool,
    typer.Option("--same-people", help="People of one name in several data sets are one person: one part for all."),
]


def _say_oddities(tables: Sequence["SampleTable"]) -> None:
    for table in tables:
        for line in table.oddities:
            typer.echo(f"{table.name}: {line}", err=True)


def train_basic(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the run; the same folder again resumes it.")] = Path(
        "runs/basic"
    ),
    start: Annotated[
        str,
        typer.Option(
            help="'pretrained' (timm, from the Hub), 'random', a checkpoint or run folder, or a safetensors file."
        ),
    ] = "pretrained",
    backbone: Annotated[str, typer.Option(help="A timm model name.")] = "tf_efficientnet_lite0",
    epochs: Annotated[
        int,
        typer.Option(min=0, help="Passes over the training pictures; 0 keeps the network of --start as it is."),
    ] = 8,
    batch_size: Annotated[int, typer.Option(min=2, help="Pictures a step.")] = 64,
    input_px: Annotated[int, typer.Option(min=32, help="Side of the network's input.")] = 112,
    detail_px: Annotated[
        int, typer.Option(min=16, help="Detail of the pictures: crops are reduced to this side.")
    ] = 48,
    colour: Annotated[bool, typer.Option("--colour", help="Keep colour (the default drops it).")] = False,
    learning_rate: Annotated[float, typer.Option(help="AdamW's peak.")] = 6e-4,
    rendered: Annotated[
        list[Path] | None,
        typer.Option(help="samples.csv of `cfer synth`: faces to learn action units from, beside --data; repeatable."),
    ] = None,
    rendered_batch: Annotated[int, typer.Option(min=1, help="Rendered pictures a step beside the others.")] = 40,
    photographs: Annotated[
        Path | None,
        typer.Option(
            "--photographs",
            "--taught",
            help="Manifest of photographs with teachers' answers, `teachers.npz`, beside it. (--taught before)",
        ),
    ] = None,
    photograph_batch: Annotated[
        int,
        typer.Option("--photograph-batch", "--taught-batch", min=2, help="Such photographs a step beside the others."),
    ] = 20,
    padding: Annotated[str, typer.Option(help="timm's pad_type, 'same' for weights from TensorFlow.")] = "",
    precision: Annotated[str, typer.Option(help="'no' (32 bits) or 'bf16': passes in bfloat16.")] = "no",
    stride: Annotated[
        int, typer.Option(help="Input pixels a cell of the last feature map: 32, 16, 8 or 4, as the network can.")
    ] = 32,
    frozen_groups: Annotated[int, typer.Option(min=0, help="Layer groups, stem first, that are not tuned.")] = 3,
    head_rate: Annotated[float, typer.Option(min=0, help="By how much faster than the backbone heads learn.")] = 1.0,
    fixed_statistics: Annotated[
        bool, typer.Option("--fixed-statistics", help="Batch norms keep the statistics of --start.")
    ] = False,
    expected_units: Annotated[
        float, typer.Option(min=0, help="Weight of learning the action units that labels let expect.")
    ] = 0.0,
    photograph_maps: Annotated[
        float, typer.Option(min=0, help="Weight of evidence in photographs that lies away from its muscles.")
    ] = 0.0,
    average: Annotated[
        float, typer.Option(min=0, max=1, help="Decay of the running average of the weights, which is what is kept.")
    ] = 0.998,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Let torch compile the network first (needs g++).")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare",
            help="Only read the pictures and keep them in OUT; the same command without it goes on from there.",
        ),
    ] = False,
    same_people: SamePeople = False,
    already_cropped: Cropped = False,
) -> None:
    """Phase 1: learn neutral and the six basic expressions.

    Progress is saved about once a minute; the same command in the same --out goes on after any interruption and ends
    with the same numbers. `accelerate launch -m cfer train basic ...` runs it on several processes, GPUs or machines.
    """
    from accelerate import PartialState

    from cfer.data.readers import read_data
    from cfer.data.splits import split_together
    from cfer.network.backbone import BackboneConfig
    from cfer.network.preprocessing import Preprocessing
    from cfer.system.output_folders import check_run_folder, claimed
    from cfer.training.basic import BasicRun, check_basic, learn_basic, pictures_learned_by_start, prepare_basic
    from cfer.training.config import BasicConfig
    from cfer.training.finish_basic import finish_basic

    try:
        check_run_folder(out, BASIC)
        network = BackboneConfig(backbone, stride, padding)
        config = BasicConfig(
            backbone=network,
            preprocessing=Preprocessing(input_px, detail_px, not colour, *network.statistics()),
            epochs=epochs,
            batch_size=batch_size,
            rendered_batch=rendered_batch,
            photograph_batch=photograph_batch,
            learning_rate=learning_rate,
            frozen_groups=frozen_groups,
            head_rate=head_rate,
            fixed_statistics=fixed_statistics,
            expected_units=expected_units,
            photograph_maps=photograph_maps,
            average=average,
            compiled=compiled,
            precision=precision,
            seed=seed,
        )
        read = [read_data(data, cropped=already_cropped or None), *([read_data(photographs)] if photographs else [])]
        faces = [read_data(each) for each in rendered or ()]
        all_train = [each.only(replace(s, split="train") for s in each.samples) for each in faces]
        parted = split_together(
            [*read, *all_train], seed=seed, learned=pictures_learned_by_start(start), same_people=same_people
        )
        _say_oddities(parted)
        table, answered = parted[0], parted[1] if photographs else None
        faces = [each.only(replace(s, split=None) for s in each.samples) for each in parted[len(read) :]]
        run = BasicRun(table, config, start, out, faces, answered)
        check_basic(run)
        main = PartialState().is_main_process
        with claimed(out, BASIC) if main else nullcontext():
            if prepare:
                kept = prepare_basic(run)
                typer.echo(f"what this run learns from: {kept}")
                return
            best = learn_basic(run)
            if not main:
                return
            done = finish_basic(best, run, commands=(typed(),))
    except ValueError as error:
        raise fail(error) from None
    assert done.facts.after_basic is not None
    test = done.facts.after_basic.test
    typer.echo(f"test accuracy {test.accuracy:.4f}, macro recall {test.macro_recall:.4f} ({test.pictures:,} pictures)")
    typer.echo(f"checkpoint: {out / 'checkpoint'}")


def train_continual(
    data: Annotated[list[Path], typer.Option(help="As for `train basic`; may be repeated, its data first.")],
    basic: Annotated[Path, typer.Option(help="The run folder of `train basic`.")] = Path("runs/basic"),
    out: Annotated[Path, typer.Option(help="Folder of the run; the same folder again resumes it.")] = Path(
        "runs/continual"
    ),
    learner: Annotated[
        str, typer.Option(help="'compositional', or any linear method of `cfer evaluate`.")
    ] = "compositional",
    least: Annotated[int, typer.Option(min=2, help="Fewest training pictures of a compound.")] = 50,
    trust: Annotated[
        list[float] | None,
        typer.Option(min=0, help="Weight of a data set's labels; once for each --data, in their order."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the class order and of what the learner draws.")] = 0,
    push: Annotated[
        str | None,
        typer.Option(help="owner/name on the Hugging Face Hub: every step goes there as a commit with a tag, step-07."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public; private otherwise.")] = False,
    same_people: SamePeople = False,
    already_cropped: Cropped = False,
) -> None:
    """Phase 2: add compound expressions one at a time; OUT/checkpoint is whole after every step.

    With --push the Hub gets every step. A step that cannot be pushed waits in OUT/to-push and goes with the next one,
    or when the same command is run again; training goes on meanwhile.
    """
    from cfer.checkpoint import load_checkpoint
    from cfer.data.readers import read_data
    from cfer.data.splits import split_together
    from cfer.features.table import cache_path, extract_features
    from cfer.hub import HubError, StepPusher
    from cfer.learners import REGISTRY
    from cfer.system.output_folders import check_run_folder, claimed
    from cfer.training.basic import pictures_learned_by
    from cfer.training.continual import ContinualConfig, check_continual, rare_compounds
    from cfer.training.continual import train_continual as run
    from cfer.training.finish_basic import labelled_rows
    from cfer.training.readouts import FILE as READOUTS
    from cfer.training.readouts import kept_elsewhere

    if learner not in REGISTRY:
        raise fail(ValueError(f"There is no learner {learner!r}; there are {', '.join(REGISTRY)}."))
    try:
        check_run_folder(out, CONTINUAL)
        pusher = StepPusher(out, push, public=public) if push else None
        checkpoint = load_checkpoint(basic / "checkpoint")
        read = [read_data(place, cropped=already_cropped or None) for place in data]
        learned = pictures_learned_by(basic)
        if learned is None:
            typer.echo(f"{basic} does not say what phase 1 was trained on: its pictures may be tested on.", err=True)
        parted = split_together(read, seed=checkpoint.facts.seed, learned=learned or (), same_people=same_people)
        _say_oddities(parted)
        tables = []
        for rows in map(labelled_rows, parted):
            cache = cache_path(basic, rows)
            tables.append(
                extract_features(checkpoint.model, rows, checkpoint.preprocessing.uncorrected, cache, progress=True)
            )
        tables[0] = replace(tables[0], elsewhere=kept_elsewhere(basic))
        faces = any(data.rendered for phase in checkpoint.facts.phases for data in phase.data)
        if faces and tables[0].elsewhere is None:
            typer.echo(
                f"{basic} has no {READOUTS} any more: classes are learned without what rendered faces say of places "
                "where nothing moved. `cfer train basic` in that folder makes it again.",
                err=True,
            )
        config = ContinualConfig(learner, least, trust=tuple(trust or ()), seed=seed)
        check_continual(tables, config)
        if rare := rare_compounds(tables, config):
            said = ", ".join(f"{name} ({count:,})" for name, count in rare.items())
            typer.echo(f"Compounds of fewer than {least} training pictures are not learned: {said}.", err=True)
        with claimed(out, CONTINUAL):
            done = run(
                checkpoint, tables, config, out, commands=(typed(),), published=pusher or (lambda step, folder: None)
            )
    except ValueError as error:
        raise fail(error) from None
    assert done.facts.after_steps is not None
    scores = done.facts.after_steps.scores["test"]
    typer.echo(
        f"{len(done.names)} classes; test: average incremental accuracy {scores.average_incremental:.4f}, "
        f"last {scores.last:.4f}, basics {scores.base_recall:.4f}, compounds {scores.new_recall:.4f}, "
        f"harmonic mean {scores.harmonic:.4f}"
    )
    typer.echo(f"checkpoint: {out / 'checkpoint'}")
    if pusher and (waiting := pusher.waiting):
        steps = ", ".join(waiting)
        message = f"The Hub does not have {steps} yet. What was learned is safe: run the same command again to push."
        raise fail(HubError(message))
    if pusher:
        typer.echo(f"pushed: {pusher.name}")
