"""Checkpoints to the Hugging Face Hub and back: pushed whole, pulled pinned to a commit, read strictly.

A checkpoint's own list of files with their hashes travels with it, so that what was cut off or changed on the way is
found when it is read. A local folder is never changed by a push, and a pull goes into the Hub's cache, where what is
there already is not fetched again. Every way in which a network fails ends in one sentence.
"""

import contextlib
import logging
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cfer.checkpoint import DEFAULT, Checkpoint, CheckpointError, listed_files, load_checkpoint
from cfer.evaluation.card import model_card
from cfer.files import write_text

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds for the Hub's answer to a question; files take as long as they do."""
MOST_BYTES = 500_000_000
CARD = "README.md"
"""What the Hub shows of a repository; the checkpoint's own card with the Hub's metadata."""
_HUBS = [CARD, ".gitattributes"]
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubError(ValueError):
    """Something between here and the Hub did not work; the message says what and what to do."""


@dataclass(frozen=True)
class Pushed:
    """What a push did, or would do.

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


@dataclass(frozen=True)
class Found:
    """A checkpoint that was asked for.

    Attributes:
        folder: Where it lies.
        source: As it was asked for: a folder, or owner/name.
        revision: The Hub's commit; None for a folder.
        note: A sentence where something else is used than what was asked for; empty otherwise.
    """

    folder: Path
    source: str
    revision: str | None = None
    note: str = ""


def parse_name(text: str) -> tuple[str, str | None]:
    """Take "owner/name@revision" apart.

    Raises:
        HubError: It is no such name.
    """
    name, _, revision = text.partition("@")
    if not _NAME.fullmatch(name) or ".." in name or (revision and not re.fullmatch(r"[\w.\-/]+", revision)):
        raise HubError(f"{text!r} is not a name on the Hub: write owner/name, or owner/name@revision.")
    return name, revision or None


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
    """Put a checkpoint folder on the Hub as one commit; the folder stays as it is.

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
    name, revision = parse_name(repository)
    if revision:
        raise HubError("Push to owner/name; a revision is what comes back.")
    card = hub_card(load_checkpoint(folder), name).encode("utf-8")
    paths = sorted(listed_files(folder))
    files = (*((path, (Path(folder) / path).stat().st_size) for path in paths), (CARD, len(card)))
    if dry_run:
        return Pushed(name, files, None, tag)
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=endpoint)
    operations = [CommitOperationAdd(path, Path(folder) / path) for path in paths] + [CommitOperationAdd(CARD, card)]
    with _in_words(name):
        api.create_repo(name, private=not public, exist_ok=True)
        done = api.create_commit(name, operations, commit_message=message)
        if tag:
            api.create_tag(name, tag=tag, revision=done.oid, exist_ok=True)
    return Pushed(name, files, done.oid, tag)


def pull(repository: str, *, endpoint: str | None = None, cache: Path | None = None) -> Found:
    """Fetch a checkpoint into the Hub's cache and read it strictly.

    Args:
        repository: owner/name, or owner/name@revision with a tag, a branch or a commit.
        endpoint: Another Hub's address.
        cache: Another cache folder.

    Raises:
        CheckpointError: What was fetched is no whole checkpoint: a file was cut off or changed on the way.
        HubError: The Hub cannot be reached, or refuses; says why.
    """
    name, revision = parse_name(repository)
    from huggingface_hub import HfApi

    api = HfApi(endpoint=endpoint)
    with _in_words(name, revision):
        known = api.model_info(name, revision=revision, timeout=TIMEOUT, files_metadata=True)
        size = sum(file.size or 0 for file in known.siblings or ())
        if size > MOST_BYTES:
            raise HubError(
                f"{name} has {size / 1e6:,.0f} MB; a checkpoint of this kind has {MOST_BYTES // 10**6} at most."
            )
        # the commit is pinned, so that a push in between cannot mix two versions
        there = api.snapshot_download(name, revision=known.sha, cache_dir=cache, max_workers=4, ignore_patterns=_HUBS)
    folder = _plain(Path(there), _home(name, cache))
    write_text(_home(name, cache) / "refs" / quote(revision or "main", safe=""), folder.name)
    return Found(folder, name, folder.name)


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
    return Found(home / commit, name, commit)


def _home(name: str, cache: Path | None) -> Path:
    """Where the checked copies of a repository lie, a folder a commit."""
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

    A name with a commit or a tag that is in the cache is taken from there; otherwise the Hub is asked, then the cache,
    and at last the project's own checkpoint is used, with a note that says so.

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
            return Found(Path(asked), asked)
        except CheckpointError as error:
            return Found(DEFAULT, "default", note=f"{error} The project's own checkpoint is used instead.")
    try:
        pinned = parse_name(asked)[1]
        before = cached(asked, cache=cache)
        if before and pinned:
            return before
        try:
            return pull(asked, endpoint=endpoint, cache=cache)
        except HubError as error:
            if before is None:
                raise
            log.warning("%s; the copy that was fetched before is used", error)
            return Found(before.folder, before.source, before.revision, f"{error} The copy fetched before is used.")
    except (HubError, CheckpointError) as error:
        return Found(DEFAULT, "default", note=f"{error} The project's own checkpoint is used instead.")


def hub_card(checkpoint: Checkpoint, name: str) -> str:
    """A checkpoint's card with the Hub's metadata: its test results as a model index, from the typed facts."""
    from huggingface_hub import EvalResult, ModelCardData

    results = []
    for found in (checkpoint.facts.continual or {}).get("data_sets", ()):
        for metric in ("accuracy", "macro_recall"):
            results.append(
                EvalResult(
                    task_type="image-classification",
                    dataset_type=re.sub(r"[^a-z0-9]+", "-", found["name"].lower()).strip("-"),
                    dataset_name=f"{found['name']}, test part, {len(checkpoint.classes)} classes",
                    metric_type="accuracy" if metric == "accuracy" else "recall",
                    metric_name=metric.replace("_", " "),
                    metric_value=round(float(found[metric]), 4),
                )
            )
    data = ModelCardData(
        license="mit",
        library_name="cfer",
        pipeline_tag="image-classification",
        tags=["facial-expression-recognition", "continual-learning", "explainability"],
        model_name=name.partition("/")[2],
        eval_results=results or None,
    )
    body = re.sub(r"\A---\n.*?\n---\n", "", model_card(checkpoint), flags=re.DOTALL)
    return f"---\n{data.to_yaml()}\n---\n{body}"


@contextmanager
def _in_words(name: str, revision: str | None = None) -> Generator[None]:
    """Turn what the Hub's client raises into a sentence; no token or address is in it."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except HubError:
        raise
    except errors.RevisionNotFoundError:
        raise HubError(f"{name} has no revision {revision or 'main'!r} on the Hub.") from None
    except errors.GatedRepoError:
        raise HubError(
            f"{name} is gated: ask its owner for access on the Hub, then log in with `hf auth login`."
        ) from None
    except errors.RepositoryNotFoundError:
        raise HubError(
            f"{name} is not on the Hub, or it is private and you are not logged in (`hf auth login`)."
        ) from None
    except errors.HfHubHTTPError as error:
        raise HubError(_status(name, getattr(error.response, "status_code", 0))) from None
    except (errors.LocalEntryNotFoundError, httpx2.HTTPError, ConnectionError, TimeoutError):
        raise HubError("The Hub cannot be reached: check the network, then try again; nothing is lost.") from None
    except OSError as error:
        if error.errno == 28:
            raise HubError("The disk is full: make room, then try again; what was fetched is kept.") from None
        raise


def _status(name: str, code: int) -> str:
    if code in (401, 403):
        return f"The Hub does not let you write to or read {name}: log in with a token that may (`hf auth login`)."
    if code == 429:
        return "The Hub asks to slow down: wait a few minutes, then try again."
    if code >= 500:
        return f"The Hub has a fault of its own ({code}): try again later; nothing is lost."
    return f"The Hub refused {name} ({code})."
