"""The `cfer` command."""

import typer

from cfer.cli import data, evaluation, explaining, measuring, reading, training

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

app.command()(reading.read)
app.command()(explaining.explain)
app.command()(reading.teach)
train.command("basic")(training.train_basic)
train.command("continual")(training.train_continual)
app.command()(evaluation.evaluate)
app.command()(measuring.measure)
app.command()(data.synth)
app.command("check-data")(data.check_data)


def main() -> None:
    """Entry point of the console command."""
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        typer.echo(f"cfer: this needs {error.name}: pip install 'cfer[train]'", err=True)
        raise SystemExit(2) from None


_EXTRAS = {"accelerate", "numba", "sklearn", "xlrd"}
"""Packages of the extra `train`, which reading, explaining and the app do without."""
