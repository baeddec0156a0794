"""Output folders: results go into folders that are missing, empty or marked as ours, one program at a time.

Run folders (train, evaluate, measure) bear a marker with the kind of run; folders that are written as a whole
(checkpoints, evidence) list their own files and are replaced in one move, if they hold nothing else.
"""

import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MARKER = "cfer.json"
_CLUTTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What file managers leave in every folder: nobody's work."""


class OutputError(ValueError):
    """A folder that must not be written to; the message says why and what to do."""


def as_worker() -> None:
    """In a worker process: leave Ctrl-C to the program that started it, and end when that is gone, even if killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_it() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_it, daemon=True, name="parent").start()


def is_clutter(name: str) -> bool:
    """True if a file was left by a file manager."""
    return name in _CLUTTER or name.startswith("._")


def entries(folder: Path) -> list[str]:
    """Names in a folder, sorted, without what file managers leave behind."""
    return sorted(p.name for p in folder.iterdir() if not is_clutter(p.name))


def check_run_folder(folder: Path, kind: str) -> None:
    """See that a run may write into a folder; nothing is written yet.

    Args:
        folder: Missing, empty, or marked by a run of the same kind.
        kind: Such as "train basic".

    Raises:
        OutputError: It is a file, a link to nowhere, or holds something else.
    """
    folder = Path(folder)
    if not os.path.lexists(folder):
        parent = next(p for p in folder.absolute().parents if p.exists())
        if not parent.is_dir():
            raise OutputError(f"{parent} is a file, so {folder} cannot be a folder in it. Choose another folder.")
        if not os.access(parent, os.W_OK):
            raise OutputError(f"Nothing may be written in {parent}. Choose another folder.")
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file. Choose a folder that is new or empty.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"Nothing may be written in {folder}. Choose another folder.")
    if not (inside := entries(folder)):
        return
    found = _kind_of(folder / MARKER)
    if found is None:
        raise OutputError(
            f"{folder} holds {inside[0]!r}, which is not from cfer. Choose a folder that is new or empty."
        )
    if found != kind:
        raise OutputError(f"{folder} holds what 'cfer {found}' wrote. Choose another folder for 'cfer {kind}'.")


@contextmanager
def claimed(folder: Path, kind: str, *, check: bool = True) -> Generator[Path]:
    """Make a folder ours for as long as a run writes into it: marked, and locked against a second program.

    Args:
        folder: Made if need be.
        kind: See `check_run_folder`.
        check: Whether to see that the folder may be written to; otherwise the caller has seen to it.

    Raises:
        OutputError: See `check_run_folder`; or another program is writing into it.
    """
    folder = Path(folder)
    if check:
        check_run_folder(folder, kind)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MARKER
    if not path.exists():
        path.write_text(json.dumps({"made_by": "cfer", "kind": kind}) + "\n", encoding="utf-8")
    with path.open("r+b") as file:
        if not _locked(file):
            raise OutputError(f"Another program is writing into {folder}. Wait for it, or choose another folder.")
        yield folder  # the lock goes with the open file, also when the process is killed


def _locked(file: Any) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows has no such lock: there the marker alone protects the folder
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems know no locks
        return True
    return True


def _kind_of(marker: Path) -> str | None:
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("made_by") != "cfer":
        return None
    return str(content.get("kind"))


def check_replaceable(folder: Path, owned: Callable[[Path], Collection[str] | None], what: str) -> None:
    """See that a folder may be replaced as a whole; nothing is written yet.

    Args:
        folder: Missing, empty, or holding what its own manifest lists and nothing else.
        owned: Gives the files that a folder's manifest lists, or None where there is no manifest of ours.
        what: What would be written, such as "a checkpoint".

    Raises:
        OutputError: It is a file or a link, or holds something else.
    """
    folder = Path(folder)
    if folder.is_symlink():
        raise OutputError(f"{folder} is a link; give the folder itself, or a new one.")
    if not folder.is_dir():
        return check_run_folder(folder, what)
    if not os.access(folder.absolute().parent, os.W_OK):
        raise OutputError(f"Nothing may be written in {folder.absolute().parent}. Choose another folder.")
    if not entries(folder):
        return None
    listed = owned(folder)
    if listed is None:
        raise OutputError(
            f"{folder} holds {entries(folder)[0]!r} and is not {what} of cfer. Choose a folder that is new or empty."
        )
    there = (p for p in folder.rglob("*") if (p.is_file() or p.is_symlink()) and not is_clutter(p.name))
    if strange := sorted(
        p.relative_to(folder).as_posix() for p in there if p.relative_to(folder).as_posix() not in listed
    ):
        raise OutputError(
            f"{folder} holds {strange[0]!r}, which its own list does not name. Move it, or choose another folder."
        )
    return None


@contextmanager
def replaced(folder: Path, owned: Callable[[Path], Collection[str] | None], what: str) -> Generator[Path]:
    """Write a folder as a whole: beside its place first, then moved there; an older one of ours goes.

    Yields:
        The folder to write into. If the block fails, what was there stays.

    Raises:
        OutputError: See `check_replaceable`.
    """
    folder = Path(folder)
    check_replaceable(folder, owned, what)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = aside / "new", aside / "old"
    new.mkdir()
    try:
        yield new
        if folder.exists():
            os.rename(folder, old)
        try:
            os.rename(new, folder)
        except OSError:
            with suppress(OSError):  # another program was faster, or the disk is gone: what was there comes back
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
