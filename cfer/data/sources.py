"""Sources of pictures: a folder or a zip, read in place, and what is passed over in them."""

import lzma
import os
import zipfile
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np

from cfer.data.names import is_hidden, listed, part_of
from cfer.data.tables import decoded
from cfer.emotions import find
from cfer.pictures import SUFFIXES, PictureError, read_picture
from cfer.system.provenance import digest_of, file_digest


@contextmanager
def naming(path: str) -> Generator[None]:
    """Say of which file a sentence is that is raised in the block."""
    try:
        yield
    except ValueError as error:
        raise PictureError(f"{path}: {error}") from error


class PictureSource(Protocol):
    """Anything that turns a sample's path into pixels."""

    def read(self, path: str) -> np.ndarray:
        """Return the picture as (H, W, 3) uint8; raise `PictureError` if it cannot be used."""
        ...

    def names(self) -> frozenset[str]:
        """Return the paths of all files there are, without hidden ones and systems'."""
        ...

    def passed_over(self) -> tuple[str, ...]:
        """Return sentences about files that are there and not among the names."""
        ...

    def read_text(self, path: str) -> str:
        """Return a text file's content; raise `PictureError` if it cannot be used."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """Return a file as it is; raise `PictureError` if it cannot be read."""
        ...

    def digests(self, paths: Sequence[str]) -> list[str]:
        """Return a digest of each file's content, the same in every source.

        A file that is empty or cannot be read gives its path: two such files are not one picture.
        """
        ...


@dataclass(frozen=True)
class FolderSource:
    """Pictures in a folder."""

    root: Path

    def read(self, path: str) -> np.ndarray:
        """See `PictureSource.read`."""
        return read_picture(self.root / path)

    def names(self) -> frozenset[str]:
        """See `PictureSource.names`; links are followed, and a folder is visited once."""
        return self._walked[0]

    def passed_over(self) -> tuple[str, ...]:
        """See `PictureSource.passed_over`."""
        return self._walked[1]

    def place(self, text: str) -> str | None:
        """Path of a file as `names` has it, though it may be hidden; None where there is none."""
        try:
            return str(PurePosixPath(text)) if text and (self.root / text).is_file() else None
        except (OSError, ValueError):  # a name that is too long, or has a NUL in it
            return None

    @cached_property
    def _walked(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """Paths of the files, and sentences about what is passed over: the tree is walked once."""
        found, hidden, broken, again = set[str](), list[str](), list[str](), list[str]()
        closed = list[str]()
        visited, home = {_identity(self.root)}, self.root.resolve()

        def shut(error: OSError) -> None:
            closed.append(Path(str(error.filename)).relative_to(self.root).as_posix())

        for folder, folders, files in os.walk(self.root, followlinks=True, onerror=shut):
            place = Path(folder)
            folders.sort(key=lambda name: (is_hidden(name), name))  # of two links to one folder the same one counts
            for name in tuple(folders):
                path = place / name
                identity = _identity(path)
                if _leads_inside(path, home) or identity in visited:
                    folders.remove(name)
                    if path.is_symlink():
                        again.append(path.relative_to(self.root).as_posix())
                else:
                    visited.add(identity)
            for name in files:
                path = place / name
                relative = path.relative_to(self.root).as_posix()
                if is_hidden(relative):
                    hidden.append(relative)
                elif path.is_symlink() and not path.exists():
                    broken.append(relative)
                else:
                    found.add(relative)
        said = [*_hidden_pictures(hidden)]
        if closed:
            number = "1 folder" if len(closed) == 1 else f"{len(closed):,} folders"
            said.append(f"{number} cannot be opened: {listed(sorted(closed), 3)}.")
        if broken:
            said.append(f"{_links(len(broken))} nowhere: {listed(sorted(broken), 3)}.")
        if again:
            said.append(f"{_links(len(again))} to folders that are read already: {listed(sorted(again), 3)}.")
        return frozenset(found), tuple(said)

    def read_text(self, path: str) -> str:
        """See `PictureSource.read_text`."""
        return decoded(self.read_bytes(path), path)[0]

    def read_bytes(self, path: str) -> bytes:
        """See `PictureSource.read_bytes`."""
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise PictureError(f"{path} cannot be read.") from error

    def digests(self, paths: Sequence[str]) -> list[str]:
        """See `PictureSource.digests`."""
        return [_file_digest(self.root / path, path) for path in paths]


def _file_digest(file: Path, path: str) -> str:
    try:
        return file_digest(file) if file.stat().st_size else path
    except OSError:  # it is said when the picture is read
        return path


def _identity(folder: Path) -> tuple[int, int]:
    """Identity of a folder, by whatever path it is reached."""
    try:
        found = folder.stat()
    except OSError:  # it cannot be looked into either
        return (-1, -1)
    return found.st_dev, found.st_ino


def _leads_inside(path: Path, home: Path) -> bool:
    """True if a folder is a link to one that is read under its own name."""
    if not path.is_symlink():
        return False
    target = path.resolve()
    return target.is_relative_to(home) and not is_hidden(target.relative_to(home).as_posix())


def _links(count: int) -> str:
    return "1 link leads" if count == 1 else f"{count:,} links lead"


def _hidden_pictures(paths: Iterable[str]) -> list[str]:
    """A sentence about pictures that are hidden or a system's, if there are any."""
    pictures = sorted(p for p in paths if PurePosixPath(p).suffix.lower() in SUFFIXES)
    if not pictures:
        return []
    number = "1 picture that is" if len(pictures) == 1 else f"{len(pictures):,} pictures that are"
    return [f"{number} hidden or a system's passed over: {listed(pictures, 3)}."]


@dataclass(frozen=True)
class ZipSource:
    """Pictures in a zip file, read in place.

    A single top folder inside the zip is passed over, unless it names a class or a part. Archives from Windows, which
    separate folders by backslashes, are understood.
    """

    root: Path

    def __reduce__(self) -> tuple[type["ZipSource"], tuple[Path]]:
        """Handed to another process as its path: an open file cannot be."""
        return ZipSource, (self.root,)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.root)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise PictureError(f"{self.root.name} is damaged or no zip file.") from error

    @cached_property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        """Files by their path in the data set."""
        infos = {i.filename.replace("\\", "/").lstrip("/"): i for i in self._zip.infolist()}
        infos = {name: info for name, info in infos.items() if name and not name.endswith("/")}
        shown = [n for n in infos if not is_hidden(n)]
        tops = {n.split("/", 1)[0] for n in shown}
        top = next(iter(tops)) if len(tops) == 1 and all("/" in n for n in shown) else ""
        if not top or find(top) or part_of(top):  # a class or a part is not a wrapping
            return infos
        return {n.removeprefix(top + "/"): info for n, info in infos.items()}

    def read(self, path: str) -> np.ndarray:
        """See `PictureSource.read`."""
        return read_picture(self.read_bytes(path))

    def names(self) -> frozenset[str]:
        """See `PictureSource.names`."""
        return frozenset(n for n in self._entries if not is_hidden(n))

    def place(self, text: str) -> str | None:
        """See `FolderSource.place`."""
        spelt = str(PurePosixPath(text)) if text else ""
        return spelt if spelt in self._entries else None

    def passed_over(self) -> tuple[str, ...]:
        """See `PictureSource.passed_over`."""
        return tuple(_hidden_pictures(n for n in self._entries if is_hidden(n)))

    def read_text(self, path: str) -> str:
        """See `PictureSource.read_text`."""
        return decoded(self.read_bytes(path), path)[0]

    def read_bytes(self, path: str, most: int | None = None) -> bytes:
        """See `PictureSource.read_bytes`; a file over `most` bytes, `MAX_ENTRY` by default, is refused."""
        most = MAX_ENTRY if most is None else most
        if path not in self._entries:
            raise PictureError(f"{self.root.name} holds no {path}.")
        info = self._entries[path]
        if info.flag_bits & 1:
            raise PictureError(f"{self.root.name} is locked by a password. Unpack it first.")
        if info.file_size > most:
            raise PictureError(f"{path} in {self.root.name} is over {most // 1_000_000} MB.")
        try:
            return self._zip.read(info)
        except NotImplementedError as error:
            raise PictureError(f"{path} in {self.root.name} is packed in a way that is not known here.") from error
        except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
            raise PictureError(f"{path} in {self.root.name} is damaged.") from error

    def digests(self, paths: Sequence[str]) -> list[str]:
        """See `PictureSource.digests`."""
        return [self._digest(path) for path in paths]

    def _digest(self, path: str) -> str:
        try:
            return digest_of(self.read_bytes(path)) if self._entries[path].file_size else path
        except (PictureError, KeyError):  # it is said when the picture is read
            return path


MAX_ENTRY = 2_000_000_000
"""The most bytes that a file in a zip may unpack to: FER2013's table of pixels has 300 million."""
