"""The `cfer` command."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cfer.pictures import PictureError

app = typer.Typer(
    help="Read basic and compound facial expressions, learn new ones step by step, and see why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
train = typer.Typer(
    help="Train a model: first the basic expressions, then compounds one at a time.", no_args_is_help=True
)
app.add_typer(train, name="train")

Data = Annotated[Path, typer.Option(help="FER+ (folder or zip), one folder a class, or a CSV manifest.")]
CheckpointFolder = Annotated[
    Path | None, typer.Option("--checkpoint", help="A checkpoint folder; the project's own by default.")
]
Cropped = Annotated[bool, typer.Option("--already-cropped", help="The pictures are face crops: do not look for faces.")]


def _fail(error: Exception) -> typer.Exit:
    typer.echo(f"cfer: {error}", err=True)
    return typer.Exit(1)


def _typed() -> str:
    return " ".join(["cfer", *map(shlex.quote, sys.argv[1:])])


def _reader(folder: Path | None) -> Any:
    from cfer.checkpoint import DEFAULT, CheckpointError
    from cfer.reader import Reader

    try:
        return Reader(folder or DEFAULT)
    except CheckpointError as error:
        raise _fail(error) from None


@app.command()
def read(
    pictures: Annotated[list[Path], typer.Argument(help="Picture files.")],
    checkpoint: CheckpointFolder = None,
    already_cropped: Cropped = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, a line a picture.")] = False,
) -> None:
    """Say what the faces in pictures express.

    With --json a line reads {"path", "error", "faces": [{"box": [x0, y0, x1, y1], "score", "probabilities"}]}; the
    error is null unless the picture cannot be read. A picture without a face has no faces and no error. The exit code
    is 1 if any picture could not be read.
    """
    from cfer.pictures import read_picture

    reader = _reader(checkpoint)
    failed = False
    for path in pictures:
        faces: list[dict[str, Any]] = []
        error = None
        try:
            for face in reader.read(read_picture(path), already_cropped=already_cropped).faces:
                box = [round(v, 1) for v in face.box]
                chances = {name: round(p, 6) for name, p in face.probabilities.items()}
                faces.append({"box": box, "score": round(face.score, 4), "probabilities": chances})
        except PictureError as problem:
            error, failed = str(problem), True
        if as_json:
            typer.echo(json.dumps({"path": str(path), "error": error, "faces": faces}))
        else:
            typer.echo(f"{path}: {error or _in_words(faces)}")
    raise typer.Exit(int(failed))


def _in_words(faces: list[dict[str, Any]]) -> str:
    if not faces:
        return "no face found"
    lines = []
    for face in faces:
        best = sorted(face["probabilities"].items(), key=lambda item: -item[1])[:3]
        lines.append(", ".join(f"{name} {100 * p:.0f} %" for name, p in best))
    return " | ".join(lines)


@app.command("check-data")
def check_data(data: Annotated[Path, typer.Argument(help="What --data would be given.")]) -> None:
    """Say in plain words what a data set holds, what is missing and what is odd."""
    from cfer.data.check import describe
    from cfer.data.readers import read_data

    try:
        for line in describe(read_data(data)):
            typer.echo(line)
    except PictureError as error:
        raise _fail(error) from None


@app.command()
def synth(
    people: Annotated[int, typer.Option(min=1, help="Number of invented people.")],
    out: Annotated[Path, typer.Option(help="Folder; the same command again goes on where a stopped run was.")],
    per_class: Annotated[int, typer.Option(min=1, help="Pictures of each person in each of the 22 classes.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Number of the first person: other numbers, other people.")] = 0,
    size: Annotated[int, typer.Option(min=64, max=1024, help="Side of the pictures; a multiple of 4.")] = 224,
    intensity: Annotated[
        str | None, typer.Option(help="FACS intensity, a (a trace) to e (maximum); a mixture of d and e by default.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="One a core by default.")] = None,
) -> None:
    """Render labelled faces of invented people, with ground truth: OUT/samples.csv is a manifest for --data.

    Beside every picture lies its truth, which `cfer.synth.truth.read_truth` reads: action units, landmarks, parts,
    pose, and how far each unit moved each pixel. docs/synthetic-faces.md says what they must not be used to claim.
    """
    import os

    from tqdm import tqdm

    from cfer.synth.dataset import MANIFEST, Plan, render_folder

    try:
        plan = Plan(people, per_class, first, size=size, level=intensity)
        with tqdm(total=len(plan.shots()), unit="picture", disable=None) as bar:
            found = render_folder(plan, out, processes or os.cpu_count() or 1, bar.update)
    except ValueError as error:
        raise _fail(error) from None
    except KeyboardInterrupt:
        raise _fail(RuntimeError("stopped; the same command goes on from here.")) from None
    already = f", {found:,} of which were there" if found else ""
    typer.echo(f"{len(plan.shots()):,} pictures of {people:,} people{already}: {out / MANIFEST}")


@train.command("basic")
def train_basic(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of the run; the same folder again resumes it.")] = Path(
        "runs/basic"
    ),
    start: Annotated[
        str,
        typer.Option(help="'pretrained' (timm, from the Hub), 'random', a checkpoint folder or a safetensors file."),
    ] = "pretrained",
    backbone: Annotated[str, typer.Option(help="A timm model name.")] = "tf_efficientnet_lite0",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training pictures.")] = 8,
    batch_size: Annotated[int, typer.Option(min=2, help="Pictures a step.")] = 64,
    input_px: Annotated[int, typer.Option(min=32, help="Side of the network's input.")] = 112,
    detail_px: Annotated[
        int, typer.Option(min=16, help="Detail of the pictures: crops are reduced to this side.")
    ] = 48,
    colour: Annotated[bool, typer.Option("--colour", help="Keep colour (the default drops it).")] = False,
    learning_rate: Annotated[float, typer.Option(help="AdamW's peak.")] = 6e-4,
    rendered: Annotated[
        Path | None, typer.Option(help="samples.csv of `cfer synth`: faces to learn action units from, beside --data.")
    ] = None,
    stride: Annotated[int, typer.Option(help="Input pixels a cell of the last feature map, 32 or 16.")] = 32,
    frozen_groups: Annotated[int, typer.Option(min=0, help="Layer groups, stem first, that are not tuned.")] = 3,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Let torch compile the network first (needs g++).")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    already_cropped: Cropped = False,
) -> None:
    """Phase 1: learn neutral and the six basic expressions.

    Progress is saved about once a minute; the same command in the same --out goes on after any interruption and ends
    with the same numbers. `accelerate launch -m cfer train basic ...` runs it on several processes, GPUs or machines.
    """
    from accelerate import PartialState

    from cfer.data.readers import read_data
    from cfer.data.splits import split
    from cfer.learning.basic import BasicConfig, learn_basic
    from cfer.learning.finish_basic import finish_basic
    from cfer.model import BackboneConfig, Preprocessing

    config = BasicConfig(
        backbone=BackboneConfig(backbone, stride),
        preprocessing=Preprocessing(input_px, detail_px, not colour),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        frozen_groups=frozen_groups,
        compiled=compiled,
        seed=seed,
    )
    try:
        table = split(read_data(data, cropped=already_cropped or None), seed=seed)
        faces = read_data(rendered) if rendered else None
        model = learn_basic(table, config, start, out, rendered=faces)
        if not PartialState().is_main_process:
            return
        done = finish_basic(model, table, config, out, commands=(_typed(),))
    except ValueError as error:
        raise _fail(error) from None
    test = done.facts["basic"]["test"]
    typer.echo(
        f"test accuracy {test['accuracy']:.4f}, macro recall {test['macro_recall']:.4f} ({test['pictures']:,} pictures)"
    )
    typer.echo(f"checkpoint: {out / 'checkpoint'}")


@train.command("continual")
def train_continual(
    data: Data,
    basic: Annotated[Path, typer.Option(help="The run folder of `train basic`.")] = Path("runs/basic"),
    out: Annotated[Path, typer.Option(help="Folder of the run; the same folder again resumes it.")] = Path(
        "runs/continual"
    ),
    learner: Annotated[
        str, typer.Option(help="'closed-form' or 'predictive-replay' (the paper's, repaired).")
    ] = "closed-form",
    least: Annotated[int, typer.Option(min=2, help="Fewest training pictures of a compound.")] = 50,
    seed: Annotated[int, typer.Option(help="Of the class order and of what the learner draws.")] = 0,
    already_cropped: Cropped = False,
) -> None:
    """Phase 2: add compound expressions one at a time; OUT/checkpoint is whole after every step."""
    from cfer.checkpoint import load_checkpoint
    from cfer.data.readers import read_data
    from cfer.data.splits import split
    from cfer.learning.continual import ContinualConfig
    from cfer.learning.continual import train_continual as run
    from cfer.learning.features import extract_features
    from cfer.learning.finish_basic import labelled_rows
    from cfer.learning.learners import REGISTRY

    if learner not in REGISTRY:
        raise _fail(ValueError(f"There is no learner {learner!r}; there are {', '.join(REGISTRY)}."))
    try:
        checkpoint = load_checkpoint(basic / "checkpoint")
        table = labelled_rows(split(read_data(data, cropped=already_cropped or None), seed=checkpoint.facts["seed"]))
        cache = basic / "features.safetensors"
        features = extract_features(checkpoint.model, table, checkpoint.preprocessing, cache, progress=True)
        done = run(checkpoint, features, ContinualConfig(learner, least, seed=seed), out, commands=(_typed(),))
    except ValueError as error:
        raise _fail(error) from None
    scores = done.facts["continual"]["scores"]["test"]
    typer.echo(
        f"{len(done.names)} classes; test: average incremental accuracy {scores['average_incremental']:.4f}, "
        f"last {scores['last']:.4f}, basics {scores['base_recall']:.4f}, compounds {scores['new_recall']:.4f}, "
        f"harmonic mean {scores['harmonic']:.4f}"
    )
    typer.echo(f"checkpoint: {out / 'checkpoint'}")


@app.command()
def teach(
    name: Annotated[str, typer.Argument(help="The new expression's name.")],
    pictures: Annotated[list[Path], typer.Argument(help="One to a few pictures that show it.")],
    check: Annotated[list[Path] | None, typer.Option(help="Further pictures to measure with; may be repeated.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="A constituent; may be repeated.")] = None,
    checkpoint: CheckpointFolder = None,
    out: Annotated[Path | None, typer.Option(help="Where to save the taught checkpoint.")] = None,
    already_cropped: Cropped = False,
) -> None:
    """Phase 3: teach an expression from one picture, and see what it cost the old ones.

    Old classes are measured on kept validation features, over all classes. The new one is measured on --check
    pictures, or, with several pictures, on each by a lesson from the others.
    """
    from cfer.checkpoint import save_checkpoint
    from cfer.faces.align import face_crop
    from cfer.learning.card import model_card
    from cfer.learning.lesson import LessonError
    from cfer.pictures import read_picture

    reader = _reader(checkpoint)

    def crops(paths: list[Path]) -> list[Any]:
        out = []
        for path in paths:
            try:
                out.append(face_crop(read_picture(path), already_cropped=already_cropped))
            except PictureError as error:
                raise _fail(PictureError(f"{path}: {error}")) from None
        return out

    try:
        taught, report = reader.teach(name, crops(pictures), held_out=crops(check or []), parts=tuple(part or ()))
    except LessonError as error:
        raise _fail(error) from None
    typer.echo(f"{'expression':24} {'before':>7} {'after':>7}")
    for old, before, after in zip(report.old, report.before, report.after, strict=True):
        typer.echo(f"{old:24} {before:7.1%} {after:7.1%}")
    typer.echo(f"{'old classes, mean':24} {report.old_before:7.1%} {report.old_after:7.1%}")
    if report.new_recall is None:
        typer.echo(f"{report.name}: cannot be measured from one picture; give --check pictures or a second one")
    else:
        typer.echo(f"{report.name:24} {'':7} {report.new_recall:7.1%}  ({report.new_measured} pictures)")
        typer.echo(f"{'harmonic mean':24} {'':7} {report.harmonic:7.1%}")
    if out:
        save_checkpoint(taught.checkpoint, out, model_card(taught.checkpoint))
        typer.echo(f"checkpoint: {out}")


def main() -> None:
    """Entry point of the console command."""
    app()


if __name__ == "__main__":
    main()
