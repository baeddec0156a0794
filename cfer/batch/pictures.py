"""Pictures that are meant by folders, archives, patterns, tables and files."""

import glob
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cfer.data.manifest import COLUMNS, MANIFEST, placed
from cfer.data.sources import FolderSource, PictureSource, ZipSource
from cfer.data.tables import read_table
from cfer.pictures import MAX_BYTES, SUFFIXES, PictureError

_TABLES = {".csv", ".tsv", ".txt"}


def text_of(name: str) -> str:
    """A file's name as every table can hold it: what is no UTF-8 in it as its codes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


NEUTRAL = ("neutral", "neutral_path")
"""Names that the column of neutral pictures may go by."""


@dataclass(frozen=True)
class Listed:
    """A picture to read.

    Attributes:
        name: What it is called in results: its path as it was given, or within what was given; what is no UTF-8 in a
            file's name stands as its codes.
        file: A file, or an archive that holds it.
        inside: Its path within the archive; None for a file.
        neutral: A neutral picture of the same person, the zero that it is read against; None for everybody's.
    """

    name: str
    file: Path
    inside: str | None = None
    neutral: Path | None = None

    def __post_init__(self) -> None:
        """Make the name one that every table can hold."""
        object.__setattr__(self, "name", text_of(self.name))

    def open(self) -> Path | bytes:
        """The file, or its bytes out of the archive.

        Raises:
            PictureError: The archive does not give it.
        """
        return self.file if self.inside is None else _archive(self.file).read_bytes(self.inside, MAX_BYTES)


def list_pictures(given: Sequence[str | Path], tell: Callable[[str], object] = lambda sentence: None) -> list[Listed]:
    """List the pictures that are meant, in order: files as given, those of a folder or an archive by name.

    Args:
        given: Picture files; folders, with the folders in them, links followed; zip files; patterns such as
            "album/**/*.jpg"; tables (CSV) with a column of paths, which are relative to the table, and perhaps a column
            "neutral" with a neutral picture of the same person, against which a row is read.
        tell: Called with a sentence about what was passed over: hidden files, systems' folders, links to nowhere.

    Raises:
        PictureError: A folder, an archive or a pattern holds no picture, a table has no column of paths, or a single
            name was given instead of a list.
    """
    if isinstance(given, str | Path):
        raise PictureError(f"A list of pictures is wanted, not one name: [{str(given)!r}].")
    given = list(given) if isinstance(given, Iterable) else [None]
    if not all(isinstance(each, str | Path) for each in given):
        raise PictureError("A list of names of files, folders, archives or patterns is wanted.")
    found: list[Listed] = []
    for each in given:
        path = Path(each)
        if path.is_dir():
            names = _pictures_in(FolderSource(path), path, tell)
            found += [Listed(str(path / name), path / name) for name in names]
        elif path.suffix.lower() in _TABLES and path.is_file():
            found += _by_table(path)
        elif path.is_file() and (path.suffix.lower() == ".zip" or _is_archive(path)):
            names = _pictures_in(ZipSource(path), path, tell)
            found += [Listed(f"{path}/{name}", path, name) for name in names]
        elif glob.has_magic(str(each)) and not path.exists():
            named = glob.glob(str(each), recursive=True)
            matches = sorted(m for m in named if Path(m).suffix.lower() in SUFFIXES)
            if not matches:
                raise PictureError(_no_match(str(each), len(named)))
            if others := len(named) - len(matches):
                tell(f"{each}: {others:,} of the names are no pictures' and are passed over.")
            found += [Listed(match, Path(match)) for match in matches]
        else:
            found.append(Listed(str(path), path))
    return found


def _no_match(pattern: str, others: int) -> str:
    said = f"No picture is named like {pattern!r}."
    if others:
        return f"{said} {others:,} files or folders are: give folders and archives by their names."
    return f"{said} Brackets in a pattern mean a choice; write [[] for one." if "[" in pattern else said


def _archive(path: Path) -> ZipSource:
    try:
        found = path.stat()
    except OSError as error:
        raise PictureError(f"There is no archive {path.name!r} any more.") from error
    return _archive_of(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=4)
def _archive_of(path: Path, modified: int, size: int) -> ZipSource:  # an archive that is replaced is another one
    return ZipSource(path)


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() not in SUFFIXES and zipfile.is_zipfile(path)


def _pictures_in(source: PictureSource, path: Path, tell: Callable[[str], object]) -> list[str]:
    names = source.names()
    for sentence in source.passed_over():
        tell(f"{path}: {sentence}")
    inside = sorted(n for n in names if Path(n).suffix.lower() in SUFFIXES)
    if not inside:
        raise PictureError(f"{path} holds no picture{f' among {len(names):,} files' if names else ''}.")
    if others := Counter(Path(n).suffix.lower() or "no ending" for n in names.difference(inside)):
        kinds = ", ".join(ending for ending, _ in others.most_common(4))
        number = "1 file is no picture" if others.total() == 1 else f"{others.total():,} files are no pictures"
        tell(f"{path}: {number} ({kinds}).")
    return inside


def _by_table(path: Path) -> list[Listed]:
    """The pictures that a table names, as it names them."""
    try:
        table = read_table(path.read_bytes(), path.name)
    except OSError as error:
        raise PictureError(f"{path.name} cannot be read.") from error
    column = table.column(COLUMNS["path"])
    if column is None:
        raise PictureError(f"{path.name} has no column of paths: call it 'path'. ({MANIFEST} of `cfer synth` has one.)")
    rows = [row for row in table.rows if row[column]]
    if not rows:
        raise PictureError(f"{path.name} names no picture.")
    folder, own = FolderSource(path.parent), table.column(NEUTRAL)

    def lies(name: str) -> Path:
        return path.parent / (placed(folder, name) or name)

    return [
        Listed(row[column], lies(row[column]), neutral=lies(row[own]) if own and row.get(own) else None) for row in rows
    ]
