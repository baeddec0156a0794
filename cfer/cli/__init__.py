"""The `cfer` command."""

import errno
import io
import os
import sys
from typing import Any, NoReturn

import typer
import typer.core

from cfer.cli import data, evaluation, explaining, hub, lessons, measuring, reading, relating, training
from cfer.cli.common import USER_ERROR


class Commands(typer.core.TyperGroup):
    """All commands; Ctrl-C ends any of them in one line, not in "Aborted!"."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("cfer: stopped; the same command goes on from here.", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=Commands,
    help="Read basic and compound facial expressions, learn new ones step by step, and see why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
train = typer.Typer(
    help="Train a model: first the basic expressions, then compounds one at a time.", no_args_is_help=True
)
app.add_typer(train, name="train")

app.command()(reading.read)
app.command()(explaining.explain)
app.command()(relating.relate)
app.command()(lessons.teach)
app.add_typer(lessons.lessons, name="lessons")
train.command("basic")(training.train_basic)
train.command("continual")(training.train_continual)
app.command()(evaluation.evaluate)
app.command()(measuring.measure)
app.command()(hub.push)
app.command()(hub.pull)
app.command("deploy-space")(hub.deploy_space)
app.command()(data.synth)
app.command("check-data")(data.check_data)


def main() -> None:
    """Entry point of the console command: whatever is not the program's fault ends in one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that cannot print a file's name prints its codes
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        _end(f"this needs {error.name}: pip install 'cfer[train]'", USER_ERROR, error)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read the output has had enough
        raise SystemExit(0) from None
    except OSError as error:
        _end(_in_words(error), USER_ERROR, error)
    except MemoryError as error:
        _end("there is not enough memory for this.", USER_ERROR, error)


def _end(message: str, code: int, error: BaseException) -> NoReturn:
    typer.echo(f"cfer: {message}", err=True)
    raise SystemExit(code) from (error if os.environ.get("CFER_DEBUG") else None)


def _in_words(error: OSError) -> str:
    name = f" ({error.filename})" if error.filename else ""
    known = {
        errno.ENOSPC: "the disk is full; what was written before is whole",
        errno.EDQUOT: "the disk quota is used up; what was written before is whole",
        errno.EACCES: "this may not be read or written",
        errno.EPERM: "this may not be read or written",
        errno.EROFS: "this disk can only be read",
        errno.ENAMETOOLONG: "the name is too long",
        errno.ENOENT: "this does not exist",
        errno.EMFILE: "too many files are open",
    }
    return known.get(error.errno or 0, f"the system says: {error.strerror or error}") + f"{name}."


_EXTRAS = {"accelerate", "numba", "sklearn", "xlrd"}
"""Packages of the extra `train`, which reading, explaining and the app do without."""
