"""Parts of a batch that are read already: rows, each picture with the content that its rows were read from."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cfer.batch.neutral_readers import neutral_digest
from cfer.batch.pictures import Listed
from cfer.pictures import PictureError, file_bytes
from cfer.system.files import is_whole, write_json
from cfer.system.provenance import digest_of

Row = dict[str, Any]
PART = 32
"""Pictures that are read, and kept, together."""
_OPEN = 8
"""Parts whose rows are in memory at once while the table is written."""


@dataclass(frozen=True)
class Part:
    """Some of the pictures.

    Attributes:
        number: Its place among the parts.
        pictures: Which.
    """

    number: int
    pictures: tuple[Listed, ...]


@dataclass(frozen=True)
class Entry:
    """Rows of one picture, as they are kept.

    Attributes:
        key: Which picture; see `key_of`.
        content: Digest of the bytes that were read; "" for a picture that could not be read, which is tried again.
        rows: A row a face, or one that says what is the matter.
    """

    key: str
    content: str
    rows: list[Row]


def key_of(picture: Listed) -> str:
    """Key that tells a picture from all others of a run: its name in the table, where it lies, its zero."""
    place = str(picture.file.absolute()).encode("utf-8", "backslashreplace").decode()
    own = [] if picture.neutral is None else [neutral_digest(picture.neutral)]
    return json.dumps([picture.name, place, picture.inside, *own])


def picture_bytes(picture: Listed) -> bytes | PictureError:
    """A picture's file as it is, or what is the matter."""
    try:
        found = picture.open()
        return found if isinstance(found, bytes) else file_bytes(found)
    except PictureError as error:
        return error


class PartStore:
    """A folder of parts. What is missing, emptied or cut off in it counts as not read."""

    def __init__(self, folder: Path, maps: Path | None, columns: Collection[str]) -> None:
        """Look at what a folder holds.

        Args:
            folder: Where the parts lie.
            maps: Where the maps of their rows lie; None where none are wanted.
            columns: What every row has.
        """
        self.folder, self.maps, self._columns = folder, maps, frozenset(columns)
        self.next_number = 0
        self._places: dict[str, tuple[int, int]] = {}
        self._contents: dict[str, str] = {}
        self._load = lru_cache(_OPEN)(self._entries)
        for number in sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()):
            self.next_number = number + 1
            self._take(number, self._load(number))

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def _take(self, number: int, entries: Sequence[Entry]) -> None:
        for place, entry in enumerate(entries):
            self._places[entry.key], self._contents[entry.key] = (number, place), entry.content

    def _entries(self, number: int) -> list[Entry]:
        try:
            found = [Entry(**each) for each in json.loads(self._file(number).read_text(encoding="utf-8"))]
            if not all(entry.rows and set(row) >= self._columns for entry in found for row in entry.rows or [{}]):
                return []
        except (OSError, ValueError, TypeError):
            return []
        if self.maps is not None:
            names = {row["map_file"] for entry in found for row in entry.rows if row.get("map_file")}
            if not all(is_whole(self.maps / name) for name in names):
                return []
        return found

    def missing(self, pictures: Sequence[Listed]) -> list[Listed]:
        """The pictures that were not read, or were replaced since."""
        return [p for p in pictures if not (known := self._contents.get(key_of(p))) or known != _content_now(p)]

    def keep(self, part: Part, entries: Sequence[Entry]) -> None:
        """Keep what was read in a part's pictures."""
        write_json(self._file(part.number), [asdict(entry) for entry in entries], indent=None)
        self._take(part.number, entries)

    def rows(self, pictures: Sequence[Listed]) -> Iterator[list[Row]]:
        """The rows of all pictures in order, some pictures at a time."""
        for start in range(0, len(pictures), PART):
            found: list[Row] = []
            for picture in pictures[start : start + PART]:
                number, place = self._places[key_of(picture)]
                found += self._load(number)[place].rows
            yield found


def _content_now(picture: Listed) -> str:
    """Digest of a picture's content; "" where it cannot be had."""
    data = picture_bytes(picture)
    return digest_of(data) if isinstance(data, bytes) else ""
