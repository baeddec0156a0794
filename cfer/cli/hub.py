"""`cfer push`, `cfer pull` and `cfer deploy-space`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cfer.cli.common import fail


def push(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint folder.")],
    repository: Annotated[str, typer.Argument(help="owner/name on the Hugging Face Hub.")],
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public; private otherwise.")] = False,
    tag: Annotated[str | None, typer.Option(help="A tag for this commit, such as step-07.")] = None,
    message: Annotated[str, typer.Option(help="The commit's message.")] = "Checkpoint",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent.")] = False,
) -> None:
    """Put a checkpoint on the Hugging Face Hub, as one commit, with its card and test results as metadata.

    You are who `hf auth login` or HF_TOKEN says; the token is never printed. The folder stays as it is.
    """
    from cfer.checkpoint import CheckpointError
    from cfer.hub import HubError
    from cfer.hub import push as send

    try:
        done = send(checkpoint, repository, public=public, tag=tag, message=message, dry_run=dry_run)
    except (CheckpointError, HubError) as error:
        raise fail(error) from None
    _list(done.files)
    if done.revision is None:
        typer.echo(f"Nothing was sent. Without --dry-run this goes to {done.repository}.")
    else:
        typer.echo(f"pushed: {done.repository}@{done.revision}" + (f" ({done.tag})" if done.tag else ""))


def pull(
    repository: Annotated[str, typer.Argument(help="owner/name, or owner/name@revision (a tag, branch or commit).")],
) -> None:
    """Fetch a checkpoint from the Hugging Face Hub, check every file of it, and say where it lies.

    What is there already is not fetched again, and a pull that was cut off goes on.
    """
    from cfer.checkpoint import CheckpointError
    from cfer.hub import HubError
    from cfer.hub import pull as fetch

    try:
        found = fetch(repository)
    except (CheckpointError, HubError) as error:
        raise fail(error) from None
    typer.echo(f"pulled: {found.source}@{found.revision}")
    typer.echo(str(found.folder))


def deploy_space(
    space: Annotated[str, typer.Argument(help="owner/name of the Space.")],
    checkpoint: Annotated[
        str | None, typer.Option(help="owner/name or owner/name@revision that the Space shall load; the project's own.")
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Make a new Space public; private otherwise.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Write the files into this new folder instead of sending them.")
    ] = None,
    root: Annotated[Path, typer.Option(help="The clone of the repository.")] = Path(),
) -> None:
    """Put the web app on the Hugging Face Hub as a Space, with its requirements pinned to what is installed here."""
    from cfer.hub import HubError, write_space
    from cfer.hub import deploy_space as send

    try:
        if folder is not None:
            done = write_space(root, folder)
        else:
            done = send(root, space, checkpoint=checkpoint, public=public, dry_run=dry_run)
    except HubError as error:
        raise fail(error) from None
    _list(done.files)
    for path in done.removed:
        typer.echo(f"     deleted  {path}")
    if folder is not None:
        typer.echo(f"written: {folder}")
    elif done.revision is None:
        typer.echo(f"Nothing was sent. Without --dry-run this goes to {done.space}.")
    else:
        typer.echo(f"deployed: {done.space}@{done.revision}")


def _list(files: Sequence[tuple[str, int]]) -> None:
    for path, size in files:
        typer.echo(f"{size:12,}  {path}")
    typer.echo(f"{sum(size for _, size in files):12,}  bytes in {len(files)} files")
