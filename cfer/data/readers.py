"""Find out how a data set is laid out and read it into a sample table."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from cfer.data.cfee import is_cfee, read_cfee
from cfer.data.class_folders import read_class_folders
from cfer.data.copies import with_contents, with_joined_groups
from cfer.data.ferplus import is_ferplus, read_ferplus
from cfer.data.manifest import MANIFEST, manifest_in, read_manifest, with_crops
from cfer.data.rafdb import is_rafdb, read_rafdb
from cfer.data.samples import SampleTable
from cfer.data.sources import FolderSource, PictureSource, ZipSource
from cfer.emotions import find
from cfer.pictures import PictureError

_TABLES = {".csv", ".tsv", ".txt"}


def read_data(path: str | Path, *, cropped: bool | None = None) -> SampleTable:
    """Read a data set, whatever its layout.

    A CSV file is a manifest, and so is `samples.csv` in a folder or zip. Otherwise a folder or zip is FER+ where it
    holds `fer2013new.csv`, RAF-DB where it holds `list_patition_label.txt`, CFEE where it holds
    `AU_annotation_all_subjects.xls`, and one folder a class in all other cases.

    Args:
        path: Folder, zip or CSV file.
        cropped: Whether the pictures are face crops; None leaves it to the layout: yes for FER+
            and aligned RAF-DB, no for others.

    Raises:
        PictureError: Nothing is there, or no known layout fits. The message says what was looked for.
    """
    path = Path(path)
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL in it
        raise PictureError("There is no file of this name.") from error
    if not exists:
        raise PictureError(f"There is nothing at {path}.")
    if is_folder:
        table = _by_layout(FolderSource(path), path.resolve().name)
    elif path.suffix.lower() in _TABLES:
        table = read_manifest(path)
    elif zipfile.is_zipfile(path):
        table = _by_layout(ZipSource(path), path.stem)
    elif path.suffix.lower() == ".zip":
        raise PictureError(f"{path.name} is damaged or no zip file.")
    else:
        raise PictureError(f"{path.name} is neither a folder, a zip nor a CSV manifest.")
    return with_crops(table, cropped)


@dataclass(frozen=True)
class Layout:
    """Layout of a data set in a folder or zip.

    Attributes:
        recognise: Whether a list of file names looks like it.
        read: Makes the sample table; raises `PictureError` where something is missing.
    """

    recognise: Callable[[frozenset[str]], bool]
    read: Callable[[PictureSource], SampleTable]


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "FER+": Layout(is_ferplus, read_ferplus),
        "RAF-DB": Layout(is_rafdb, read_rafdb),
        "CFEE": Layout(is_cfee, read_cfee),
    }
)
"""Known layouts in the order they are tried; what none recognises is read as one folder a class."""


def _by_layout(source: FolderSource | ZipSource, name: str) -> SampleTable:
    names = source.names()
    if MANIFEST in names:
        return manifest_in(source, MANIFEST, name)
    for layout in LAYOUTS.values():
        if layout.recognise(names):
            found = layout.read(source)
            rows = with_joined_groups(with_contents(found.samples, found.source))
            return replace(found, samples=rows, oddities=(*found.oddities, *source.passed_over()))
    if inner := sorted(n for n in names if PurePosixPath(n).name == MANIFEST and not any(map(find, n.split("/")[:-1]))):
        raise PictureError(f"{name} has its table further inside: give the folder of {inner[0]} instead.")
    found = read_class_folders(source, name)
    return replace(found, oddities=(*found.oddities, *source.passed_over()))
