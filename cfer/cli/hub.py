"""`cfer push` and `cfer pull`."""

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
    for path, size in done.files:
        typer.echo(f"{size:12,}  {path}")
    typer.echo(f"{sum(size for _, size in done.files):12,}  bytes in {len(done.files)} files")
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
