"""Readers in other processes: where they were loaded from, or all of them."""

import pickle
from functools import lru_cache
from typing import Any

from cfer.checkpoint import Checkpoint, CheckpointError
from cfer.lessons.record import Lesson


def rebuilt(kind: type[Any], source: Checkpoint | tuple[str, str], lessons: tuple[Lesson, ...]) -> Any:
    """A reader that came from another process: see `Reader.__reduce__`.

    Args:
        kind: Its class.
        source: A checkpoint, or the folder that one was loaded from and the digest of its config.json.
        lessons: What it was taught.
    """
    reader = _loaded_once(kind, *source) if isinstance(source, tuple) else kind(source)
    return reader.with_lessons(lessons) if lessons else reader


def unpacked(kind: type[Any], packed: bytes) -> Any:
    """As `rebuilt`, of a source and lessons that were pickled by value.

    Between processes torch shares the memory of every tensor, a file each, and that is gone with whoever sent it.
    """
    source, lessons = pickle.loads(packed)  # noqa: S301 - what `Reader.__reduce__` wrote, inside of another pickle
    return rebuilt(kind, source, lessons)


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
