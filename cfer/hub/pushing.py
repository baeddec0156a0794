"""A checkpoint folder to the Hub: whole, checked before, as one commit."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cfer.checkpoint import listed_files, load_checkpoint
from cfer.hub.card import CARD, hub_card
from cfer.hub.words import in_words, plain_name

if TYPE_CHECKING:
    from huggingface_hub import HfApi


@dataclass(frozen=True)
class Pushed:
    """Result of a push, done or planned.

    Attributes:
        repository: owner/name.
        files: Path and size in bytes of every file.
        revision: The commit; None after a dry run.
        tag: The tag that was set, if one was.
    """

    repository: str
    files: tuple[tuple[str, int], ...]
    revision: str | None
    tag: str | None = None


def push(
    folder: str | Path,
    repository: str,
    *,
    public: bool = False,
    tag: str | None = None,
    message: str = "Checkpoint",
    dry_run: bool = False,
    endpoint: str | None = None,
) -> Pushed:
    """Put a checkpoint folder on the Hub as one commit; the folder stays as it is, older files there are removed.

    Args:
        folder: A checkpoint, which is read strictly first: nothing damaged and nothing else is sent.
        repository: owner/name; made if it is not there, private unless said otherwise.
        public: Whether a new repository is for everybody.
        tag: Set on the commit; an older tag of that name is moved.
        message: Of the commit.
        dry_run: Only say what would be sent.
        endpoint: Another Hub's address.

    Raises:
        CheckpointError: The folder cannot be used.
        HubError: The Hub cannot be reached, or refuses; says why.
    """
    name = plain_name(repository)
    card = hub_card(load_checkpoint(folder), name).encode("utf-8")
    paths = sorted(listed_files(folder))
    files = (*((path, (Path(folder) / path).stat().st_size) for path in paths), (CARD, len(card)))
    if dry_run:
        return Pushed(name, files, None, tag)
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi(endpoint=endpoint)
    operations = [CommitOperationAdd(path, Path(folder) / path) for path in paths] + [CommitOperationAdd(CARD, card)]
    with in_words(name):
        api.create_repo(name, private=not public, exist_ok=True)
        stale = set(api.list_repo_files(name)) - {*paths, CARD, ".gitattributes"}  # a checkpoint holds what it lists
        removed = [CommitOperationDelete(path) for path in sorted(stale)]
        done = api.create_commit(name, [*operations, *removed], commit_message=message)
        if tag:
            _set_tag(api, name, tag, done.oid)
    return Pushed(name, files, done.oid, tag)


def _set_tag(api: "HfApi", name: str, tag: str, commit: str) -> None:
    """Set a tag, or move it."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api.create_tag(name, tag=tag, revision=commit)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:  # it is there
            raise
        api.delete_tag(name, tag=tag)
        api.create_tag(name, tag=tag, revision=commit)
