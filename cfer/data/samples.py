"""The sample table: one row a picture, and where its pixels come from."""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from cfer.pictures import read_picture


class PictureSource(Protocol):
    """Anything that turns a sample's path into pixels."""

    def read(self, path: str) -> np.ndarray:
        """Return the picture as (H, W, 3) uint8; raise `PictureError` if it cannot be used."""
        ...

    def names(self) -> frozenset[str]:
        """Return the paths of all files there are."""
        ...

    def read_text(self, path: str) -> str:
        """Return a text file's content."""
        ...

    def read_bytes(self, path: str) -> bytes:
        """Return a file as it is."""
        ...


@dataclass(frozen=True)
class FolderSource:
    """Pictures in a folder."""

    root: Path

    def read(self, path: str) -> np.ndarray:
        """See `PictureSource.read`."""
        return read_picture(self.root / path)

    def names(self) -> frozenset[str]:
        """See `PictureSource.names`."""
        return frozenset(p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if p.is_file())

    def read_text(self, path: str) -> str:
        """See `PictureSource.read_text`."""
        return (self.root / path).read_text(encoding="utf-8-sig")

    def read_bytes(self, path: str) -> bytes:
        """See `PictureSource.read_bytes`."""
        return (self.root / path).read_bytes()


@dataclass(frozen=True)
class ZipSource:
    """Pictures in a zip file, read in place. A single top folder inside the zip is passed over."""

    root: Path

    def __reduce__(self) -> tuple[type["ZipSource"], tuple[Path]]:
        """Handed to another process as its path: an open file cannot be."""
        return ZipSource, (self.root,)

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.root)

    @cached_property
    def _prefix(self) -> str:
        entries = [n for n in self._zip.namelist() if not n.endswith("/") and not n.startswith("__MACOSX")]
        tops = {n.split("/", 1)[0] + "/" for n in entries if "/" in n}
        return tops.pop() if len(tops) == 1 and all("/" in n for n in entries) else ""

    def read(self, path: str) -> np.ndarray:
        """See `PictureSource.read`."""
        return read_picture(self._zip.read(self._prefix + path))

    def names(self) -> frozenset[str]:
        """See `PictureSource.names`."""
        start = len(self._prefix)
        return frozenset(n[start:] for n in self._zip.namelist() if n.startswith(self._prefix) and not n.endswith("/"))

    def read_text(self, path: str) -> str:
        """See `PictureSource.read_text`."""
        return self.read_bytes(path).decode("utf-8-sig")

    def read_bytes(self, path: str) -> bytes:
        """See `PictureSource.read_bytes`."""
        return self._zip.read(self._prefix + path)


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
