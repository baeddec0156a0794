"""Readers for the people of a table that names everybody's neutral picture beside their others."""

from functools import lru_cache
from pathlib import Path

from cfer.pictures import PictureError
from cfer.reading.reader import Reader
from cfer.system.provenance import digest_of

KEPT = 32
"""People whose readers are kept at once: a table has a person's pictures one after the other."""


class NeutralReaders:
    """Readers against a person's own neutral face, by its picture; see `Reader.with_neutral`."""

    def __init__(self, reader: Reader, *, already_cropped: bool = False) -> None:
        """Keep the reader for everybody, and how pictures are read."""
        self.reader = reader

        def made(neutral: Path, modified: int) -> Reader | PictureError:
            try:
                return reader.with_neutral(neutral, already_cropped=already_cropped)
            except PictureError as error:
                return PictureError(f"Its neutral picture {neutral.name}: {error}")

        self._made = lru_cache(KEPT)(made)

    def of(self, neutral: Path | None) -> Reader | PictureError:
        """The reader for whoever's neutral picture it is, or what is the matter with that; everybody's for none."""
        return self.reader if neutral is None else self._made(neutral, _modified(neutral))


def neutral_digest(neutral: Path) -> str:
    """Digest of a neutral picture's content; "" where it cannot be had."""
    return _digest(neutral, _modified(neutral))


@lru_cache(1024)
def _digest(neutral: Path, modified: int) -> str:
    try:
        return digest_of(neutral.read_bytes())
    except OSError:
        return ""


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
