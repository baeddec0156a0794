"""The sample table: one row a picture, and where its pixels come from."""

import hashlib
import lzma
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from cfer.data.names import is_hidden, part_of
from cfer.data.tables import decoded
from cfer.emotions import find
from cfer.pictures import PictureError, read_picture


class PictureSource(Protocol):
    """Anything that turns a sample's path into pixels."""

    def read(self, path: str) -> np.ndarray:
        """Return the picture as (H, W, 3) uint8; raise `PictureError` if it cannot be used."""
        ...

    def names(self) -> frozenset[str]:
        """Return the paths of all files there are, without hidden ones, systems' and links."""
        ...

    def read_text(self, path: str) -> str:
        """Return a text file's content; raise `PictureError` if it cannot be used."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """Return a file as it is; raise `PictureError` if it cannot be read."""
        ...

    def marks(self, paths: Sequence[str]) -> list[str]:
        """Return a mark for each path, the same where the files' contents are."""
        ...


def marks_by(sizes: Sequence[int], paths: Sequence[str], read: Callable[[str], bytes]) -> list[str]:
    """A mark for each file, the same for equal contents; only files of one size are opened.

    Args:
        sizes: Bytes of each file.
        paths: Their names.
        read: Gives a file's content.
    """
    count = Counter(dict(zip(paths, sizes, strict=True)).values())
    found: dict[str, str] = {}
    for path, size in zip(paths, sizes, strict=True):
        if path not in found:
            found[path] = path if count[size] == 1 else hashlib.sha1(read(path), usedforsecurity=False).hexdigest()
    return [found[path] for path in paths]


@dataclass(frozen=True)
class FolderSource:
    """Pictures in a folder."""

    root: Path

    def read(self, path: str) -> np.ndarray:
        """See `PictureSource.read`."""
        return read_picture(self.root / path)

    def names(self) -> frozenset[str]:
        """See `PictureSource.names`; links to folders are not followed."""
        return self._walked[0]

    @property
    def links(self) -> int:
        """How many links there are, which `names` passes over."""
        return self._walked[1]

    @cached_property
    def _walked(self) -> tuple[frozenset[str], int]:
        """Paths of the files, and the number of links: the tree is walked once."""
        found, links = set[str](), 0
        for folder, folders, files in os.walk(self.root):  # links to folders are listed and not followed
            links += sum((Path(folder) / name).is_symlink() for name in folders)
            for name in files:
                path = Path(folder) / name
                if path.is_symlink():
                    links += 1
                elif not is_hidden(relative := path.relative_to(self.root).as_posix()):
                    found.add(relative)
        return frozenset(found), links

    def read_text(self, path: str) -> str:
        """See `PictureSource.read_text`."""
        return decoded(self.read_bytes(path), path)[0]

    def read_bytes(self, path: str) -> bytes:
        """See `PictureSource.read_bytes`."""
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise PictureError(f"{path} cannot be read.") from error

    def marks(self, paths: Sequence[str]) -> list[str]:
        """See `PictureSource.marks`."""
        return marks_by([(self.root / p).stat().st_size for p in paths], paths, self.read_bytes)


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

    def marks(self, paths: Sequence[str]) -> list[str]:
        """See `PictureSource.marks`: the archive keeps sizes and checksums."""
        infos = [self._entries[p] for p in paths]
        return [f"{i.file_size} {i.CRC:08x}" for i in infos]


MAX_ENTRY = 2_000_000_000
"""The most bytes that a file in a zip may unpack to: FER2013's table of pixels has 300 million."""


@dataclass(frozen=True)
class Sample:
    """One labelled picture.

    Attributes:
        path: Where its source finds it.
        label: The expression's name in the vocabulary; None if the picture has no usable single label.
        compound: A compound label derived from a split vote; None for most. See `cfer.data.ferplus`.
        person: Who is shown, if known.
        group: Samples of one group never cross a split: the person, or a group of identical pictures.
        split: The data set's own part: "train", "validation", "test", or None.
        votes: Share of the votes for each of `BASICS`, summing to 1, or None.
        truth: Where the source finds a rendered picture's ground truth, or None.
    """

    path: str
    label: str | None
    compound: str | None = None
    person: str | None = None
    group: str = ""
    split: str | None = None
    votes: tuple[float, ...] | None = None
    truth: str | None = None


@dataclass(frozen=True)
class SampleTable:
    """A data set: its rows, its pixels and what is known of it.

    Attributes:
        name: What to call it in reports.
        samples: The rows.
        source: Where the pixels come from.
        cropped: Whether the pictures are face crops already (then no face detection is run on them).
        oddities: Plain sentences about what the reader skipped or found strange.
        about: Plain sentences about pictures, labels and origin that belong on a model card.
    """

    name: str
    samples: tuple[Sample, ...]
    source: PictureSource
    cropped: bool = False
    oddities: tuple[str, ...] = ()
    about: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def only(self, samples: Iterable[Sample]) -> "SampleTable":
        """The same data set with other rows."""
        return replace(self, samples=tuple(samples))

    def part(self, split: str) -> "SampleTable":
        """The rows of one split."""
        return self.only(s for s in self.samples if s.split == split)

    def counts(self) -> dict[str, int]:
        """Pictures per label, the unlabelled under "(none)"."""
        tally: dict[str, int] = {}
        for sample in self.samples:
            key = sample.label or "(none)"
            tally[key] = tally.get(key, 0) + 1
        return tally
