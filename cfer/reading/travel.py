"""Readers in other processes: where they were loaded from, or all of them."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from cfer.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from cfer.lessons.record import Lesson

Files = dict[str, bytes]


def rebuilt(kind: type[Any], source: Checkpoint | Files | tuple[str, str], lessons: tuple[Lesson, ...]) -> Any:
    """A reader that came from another process: see `Reader.__reduce__`.

    Args:
        kind: Its class.
        source: A checkpoint, its files, or the folder that one was loaded from and the digest of its config.json.
        lessons: What it was taught.
    """
    if isinstance(source, tuple):
        reader = _loaded_once(kind, *source)
    else:
        reader = kind(_unpacked(source) if isinstance(source, dict) else source)
    return reader.with_lessons(lessons) if lessons else reader


def packed(checkpoint: Checkpoint) -> Files:
    """The files of a checkpoint: torch would share the memory of every tensor, and that is gone with who sent it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "checkpoint"
        save_checkpoint(checkpoint, folder, "")
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _unpacked(files: Files) -> Checkpoint:
    with tempfile.TemporaryDirectory() as place:
        for name, data in files.items():
            path = Path(place) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return load_checkpoint(place)


@lru_cache(maxsize=2)
def _loaded_once(kind: type[Any], folder: str, digest: str) -> Any:
    """The reader of a folder, loaded once a process.

    Raises:
        CheckpointError: The folder is gone, or does not hold the same checkpoint any more.
    """
    reader = kind(folder)
    if reader._origin != (folder, digest):
        raise CheckpointError(f"{folder} has been changed since this reader was loaded from it.")
    return reader
