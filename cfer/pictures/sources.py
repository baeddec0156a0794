"""The things that a picture may be given as: paths, bytes, open files, arrays, tensors."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from cfer.pictures.errors import PictureError

MAX_BYTES = 60_000_000
"""The most bytes of a picture file."""
_WANTED = "A picture is a file's path or bytes, an open binary file, a PIL image or an array"


def as_bytes(source: Any) -> bytes | None:
    """A picture file's content, from wherever it is; None for what is no file.

    Raises:
        PictureError: The file is missing, too large, or cannot be read; or what is given cannot be a picture.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return file_bytes(Path(source))
    if callable(getattr(source, "read", None)):
        return _read_open(source)
    return None


def file_bytes(path: Path) -> bytes:
    """A picture file as it is.

    Raises:
        PictureError: It is missing, a folder, too large, or cannot be read.
    """
    try:
        if str(path).startswith(("http:", "https:")):
            raise PictureError("A picture on the web is not fetched. Save it first, and give the file.")
        if path.is_dir():
            raise PictureError(f"{str(path)!r} is a folder, not a picture.")
        if not path.is_file():
            raise PictureError(f"There is no file named {path.name!r}.")
        if path.stat().st_size > MAX_BYTES:
            raise PictureError("The file is over {most} MB.", most=MAX_BYTES // 1_000_000)
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"The file {path.name!r} cannot be read.") from error


def _read_open(file: Any) -> bytes:
    """The whole content of an open file, which is left at the place where it was."""
    try:
        place = file.tell() if file.seekable() else None
        if place is not None:
            file.seek(0)
        data = file.read(MAX_BYTES + 1)
        if place is not None:
            file.seek(place)
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation) as error:
        raise PictureError("This open file cannot be read. Was it closed?") from error
    if not isinstance(data, bytes):
        raise PictureError("This file is open as text. Open it with mode 'rb'.")
    if len(data) > MAX_BYTES:
        raise PictureError("The file is over {most} MB.", most=MAX_BYTES // 1_000_000)
    return data


def as_array(source: Any) -> np.ndarray:
    """An array of numbers, channels last, from numpy's or another library's array or tensor.

    Raises:
        PictureError: It is none of these.
    """
    if isinstance(source, np.ndarray):
        return source
    if isinstance(source, list | tuple):
        raise PictureError(f"{_WANTED}, not a {type(source).__name__}: give one picture at a time.")
    if hasattr(source, "detach"):  # torch's tensors know devices, gradients and kinds that numpy does not
        values = source.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()
        return _channels_last(values)
    if hasattr(source, "__array__") and not np.isscalar(source):
        return np.asarray(source)
    raise PictureError(f"{_WANTED}, not {'nothing' if source is None else f'a {type(source).__name__}'}.")


def _channels_last(values: np.ndarray) -> np.ndarray:
    """A tensor (C, H, W) as (H, W, C); one whose channels are last already as it is."""
    if values.ndim == 3 and values.shape[0] in (1, 3, 4) and values.shape[2] not in (1, 3, 4):
        return np.ascontiguousarray(values.transpose(1, 2, 0))
    return values
