"""A checkpoint from the Hub: pinned to a commit, read strictly, kept as a plain folder."""

import contextlib
import logging
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from cfer.checkpoint import DEFAULT, CheckpointError, load_checkpoint
from cfer.hub.card import CARD
from cfer.hub.words import HubError, in_words, parse_name
from cfer.system.files import write_text

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds for the Hub's answer to a question; files take as long as they do."""
MOST_BYTES = 500_000_000
_UNUSABLE = (
    "The checkpoint that was asked for cannot be used; the log says why. The project's own checkpoint is used instead."
)
_HUBS = [CARD, ".gitattributes"]
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Found:
    """A checkpoint that was asked for.

    Attributes:
        folder: Where it lies.
        source: As it was asked for: a folder's name, or owner/name.
        revision: The Hub's commit; None for a folder.
        note: A sentence where something else is used than what was asked for; empty otherwise.
        asked: The tag or branch that stood for the commit; empty where none was named.
    """

    folder: Path
    source: str
    revision: str | None = None
    note: str = ""
    asked: str = ""

    def __str__(self) -> str:
        """The name, what it was asked for by, and the commit: owner/name@step-07 (commit 0123...)."""
        if self.revision is None or self.asked in ("", self.revision):
            return self.source + (f"@{self.revision}" if self.revision else "")
        return f"{self.source}@{self.asked} (commit {self.revision})"


def pull(
    repository: str,
    *,
    endpoint: str | None = None,
    cache: Path | None = None,
    public: bool = False,
    most_bytes: int = MOST_BYTES,
) -> Found:
    """Fetch a checkpoint into the Hub's cache and read it strictly.

    Args:
        repository: owner/name, or owner/name@revision with a tag, a branch or a commit.
        endpoint: Another Hub's address.
        cache: Another cache folder.
        public: Whether to ask without the token of whoever runs this: for names that strangers give.
        most_bytes: Larger repositories are refused.

    Raises:
        CheckpointError: What was fetched is no whole checkpoint: a file was cut off or changed on the way.
        HubError: The Hub cannot be reached, or refuses; says why.
    """
    name, revision = parse_name(repository)
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint, token=False if public else None)
    with in_words(name, revision):
        known = api.model_info(name, revision=revision, timeout=TIMEOUT, files_metadata=True)
        size = sum(file.size or 0 for file in known.siblings or ())
        if size > most_bytes:
            raise HubError(f"{name} has {size / 1e6:,.0f} MB; at most {most_bytes // 10**6} are fetched here.")
        # the commit is pinned, so that a push in between cannot mix two versions
        there = api.snapshot_download(name, revision=known.sha, cache_dir=cache, max_workers=4, ignore_patterns=_HUBS)
        folder = _plain(Path(there), _home(name, cache))
        write_text(_home(name, cache) / "refs" / quote(revision or "main", safe=""), folder.name)
    return Found(folder, name, folder.name, asked=revision or "")


def cached(repository: str, *, cache: Path | None = None) -> Found | None:
    """A checkpoint that was fetched before, without asking anybody; None where it was not, or not as a whole."""
    name, revision = parse_name(repository)
    home = _home(name, cache)
    commit = revision or "main"
    if not _COMMIT.fullmatch(commit):
        known = home / "refs" / quote(commit, safe="")
        if not known.is_file():
            return None
        commit = known.read_text(encoding="utf-8").strip()
    try:
        load_checkpoint(home / commit)
    except CheckpointError:
        return None
    return Found(home / commit, name, commit, asked=revision or "")


def _home(name: str, cache: Path | None) -> Path:
    """Folder of the checked copies of a repository, one within it a commit."""
    from huggingface_hub import constants

    return Path(cache or constants.HF_HUB_CACHE) / "cfer" / name.replace("/", "--")


def _plain(snapshot: Path, home: Path) -> Path:
    """A snapshot as a folder of files, checked: the cache holds links to files elsewhere, which a checkpoint may not.

    Raises:
        CheckpointError: It is no whole checkpoint; nothing of it stays.
    """
    target = home / snapshot.name
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as made:
            new = Path(made) / snapshot.name
            shutil.copytree(snapshot, new, ignore=shutil.ignore_patterns(*_HUBS))
            load_checkpoint(new)
            with contextlib.suppress(OSError):  # somebody else was faster
                new.rename(target)
    else:
        load_checkpoint(target)
    return target


def find_checkpoint(asked: str | None, *, endpoint: str | None = None, cache: Path | None = None) -> Found:
    """The checkpoint that a program was told to load: a folder, or a name on the Hub, or else the project's own.

    A name with a commit that is in the cache is taken from there (tags and branches may move); otherwise the Hub is
    asked, then the cache, and at last the project's own checkpoint is used, with a note that says so.

    Args:
        asked: A folder, owner/name, owner/name@revision, or nothing.
        endpoint: Another Hub's address.
        cache: Another cache folder.
    """
    if not asked:
        return Found(DEFAULT, "default")
    if Path(asked).is_dir():
        try:
            load_checkpoint(asked)
            return Found(Path(asked), Path(asked).resolve().name)
        except CheckpointError as error:
            log.warning("%s", error)
            return Found(DEFAULT, "default", note=_UNUSABLE)
    try:
        pinned = parse_name(asked)[1]
        before = cached(asked, cache=cache)
        if before and _COMMIT.fullmatch(pinned or ""):
            return before
        try:
            return pull(asked, endpoint=endpoint, cache=cache)
        except HubError as error:
            if before is None:
                raise
            log.warning("%s; the copy that was fetched before is used", error)
            return replace(before, note=f"{error} The copy fetched before is used.")
    except HubError as error:
        return Found(DEFAULT, "default", note=f"{error} The project's own checkpoint is used instead.")
    except CheckpointError as error:
        log.warning("%s", error)
        return Found(DEFAULT, "default", note=_UNUSABLE)
