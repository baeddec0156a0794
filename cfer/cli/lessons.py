"""`cfer teach` and `cfer lessons`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from cfer.cli.common import CheckpointFolder, Cropped, fail, load_reader
from cfer.pictures import PictureError

T = TypeVar("T")
LessonFile = Annotated[Path, typer.Argument(help="A lesson file.")]


def teach(
    name: Annotated[str, typer.Argument(help="The new expression's name.")],
    pictures: Annotated[
        list[Path] | None, typer.Argument(help="Pictures that show it: none, one or up to twenty.")
    ] = None,
    check: Annotated[list[Path] | None, typer.Option(help="Further pictures to measure with; may be repeated.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="A constituent; may be repeated.")] = None,
    unit: Annotated[
        list[int] | None, typer.Option(help="An action unit it shows, such as 12; may be repeated.")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option("--not", help="A picture that is not it; may be repeated.")
    ] = None,
    eager: Annotated[str, typer.Option(help="How hard it pulls: careful, balanced or eager.")] = "balanced",
    checkpoint: CheckpointFolder = None,
    out: Annotated[Path | None, typer.Option(help="Where to save the taught checkpoint.")] = None,
    lesson_file: Annotated[Path | None, typer.Option(help="Where to save the lesson alone.")] = None,
    already_cropped: Cropped = False,
) -> None:
    """Phase 3: teach an expression from one picture, and see what it cost the old ones.

    Old classes are measured on kept validation features, over all classes. The new one is measured on --check
    pictures, or, with several pictures, on each by a lesson from the others. Without a picture it is taught from two
    --part, or from --unit.
    """
    from cfer.checkpoint import check_checkpoint_folder, save_checkpoint
    from cfer.checkpoint.card import model_card
    from cfer.lessons.lesson_file import pack_lessons
    from cfer.lessons.names import LessonError
    from cfer.system.files import write_bytes
    from cfer.system.output_folders import OutputError

    try:
        if out:
            check_checkpoint_folder(out)
        if lesson_file and lesson_file.is_dir():
            raise OutputError(f"{lesson_file} is a folder. Give the name of a file.")
    except OutputError as error:
        raise fail(error) from None
    reader = load_reader(checkpoint)

    def faces(paths: list[Path]) -> list[Any]:
        found = []
        for path in paths:
            try:
                found.append(reader.face(path, already_cropped=already_cropped))
            except PictureError as error:
                raise fail(PictureError(f"{path}: {error}")) from None
        return found

    given: dict[str, Any] = {"constituents": tuple(part or ()), "units": tuple(unit or ()), "eager": eager}
    try:
        taught, effect = reader.teach(
            name, faces(pictures or []), held_out=faces(check or []), against=faces(against or []), **given
        )
    except LessonError as error:
        raise fail(error) from None
    typer.echo(f"{'expression':24} {'before':>7} {'after':>7} {'to it':>7}")
    for old, before, after, lost in sorted(
        zip(effect.old, effect.before, effect.after, effect.lost, strict=True), key=lambda row: row[2] - row[1]
    ):
        typer.echo(f"{old:24} {before:7.1%} {after:7.1%} {lost:7.1%}")
    typer.echo(f"{'old classes, mean':24} {effect.old_before:7.1%} {effect.old_after:7.1%}")
    if effect.new_recall is None:
        typer.echo(f"{effect.name}: cannot be measured from one picture; give --check pictures or a second one")
    else:
        typer.echo(f"{effect.name:24} {'':7} {effect.new_recall:7.1%}  ({effect.new_measured} pictures)")
        typer.echo(f"{'harmonic mean':24} {'':7} {effect.harmonic:7.1%}")
    typer.echo(f"verdict: {effect.verdict.value}; most hurt: {effect.most_hurt[0]} ({effect.most_hurt[1]:.1%})")
    if effect.was_called:
        typer.echo(f"called before: {', '.join(f'{was} ({count})' for was, count in effect.was_called)}")
    for note in effect.notes:
        typer.echo(note, err=True)
    if out:
        save_checkpoint(taught.checkpoint, out, model_card(taught.checkpoint))
        typer.echo(f"checkpoint: {out}")
    if lesson_file:
        write_bytes(lesson_file, _in_words(lambda: pack_lessons(reader.base, taught.lessons)))
        typer.echo(f"lesson: {lesson_file}")


lessons = typer.Typer(help="Lesson files: look at them, put them together, apply them.", no_args_is_help=True)


@lessons.command()
def show(file: LessonFile, checkpoint: CheckpointFolder = None) -> None:
    """Say what a lesson file holds, as one JSON object a line."""
    for lesson in _loaded(load_reader(checkpoint), file):
        line = {
            "name": lesson.name,
            "pictures": len(lesson.shots),
            "not_it": len(lesson.against),
            "constituents": list(lesson.constituents),
            "action_units": list(lesson.units),
            "eager": lesson.eager,
        }
        typer.echo(json.dumps(line))


@lessons.command()
def merge(
    files: Annotated[list[Path], typer.Argument(help="Lesson files.")],
    out: Annotated[Path, typer.Option(help="Where to save them as one.")],
    checkpoint: CheckpointFolder = None,
) -> None:
    """Put lesson files together; of two lessons of one name the first is kept, and that is said."""
    from cfer.lessons.lesson_file import merged, pack_lessons
    from cfer.system.files import write_bytes

    reader, found = load_reader(checkpoint), ()
    for file in files:
        found, refused = merged(found, _loaded(reader, file))
        for each in refused:
            typer.echo(f"{file}: {each}", err=True)
    write_bytes(out, _in_words(lambda: pack_lessons(reader.base, found)))
    typer.echo(f"{len(found)} lessons: {out}")


@lessons.command()
def apply(
    file: LessonFile,
    out: Annotated[Path, typer.Option(help="Where to save the taught checkpoint.")],
    checkpoint: CheckpointFolder = None,
) -> None:
    """Teach a checkpoint the lessons of a file."""
    from cfer.checkpoint import check_checkpoint_folder, save_checkpoint
    from cfer.checkpoint.card import model_card
    from cfer.system.output_folders import OutputError

    try:
        check_checkpoint_folder(out)
    except OutputError as error:
        raise fail(error) from None
    reader = load_reader(checkpoint)
    taught = _in_words(lambda: reader.with_lessons(_loaded(reader, file)).checkpoint)
    save_checkpoint(taught, out, model_card(taught))
    typer.echo(f"checkpoint: {out}")


def _in_words(work: Callable[[], T]) -> T:
    """Do some work; what is the matter with a lesson ends the command in one line."""
    from cfer.lessons.names import LessonError

    try:
        return work()
    except LessonError as error:
        raise fail(error) from None


def _loaded(reader: Any, file: Path) -> Any:
    from cfer.lessons.lesson_file import unpack_lessons
    from cfer.lessons.names import LessonError

    try:
        return unpack_lessons(reader.base, file.read_bytes())
    except LessonError as error:
        raise fail(LessonError(f"{file}: {error}")) from None
