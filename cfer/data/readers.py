"""Find out how a data set is laid out and read it into a sample table."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from cfer.data.cfee import is_cfee, read_cfee
from cfer.data.ferplus import is_ferplus, read_ferplus
from cfer.data.rafdb import is_rafdb, read_rafdb
from cfer.data.samples import FolderSource, PictureSource, Sample, SampleTable, ZipSource
from cfer.emotions import find
from cfer.pictures import PictureError

_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
_SPLITS = {"train": "train", "training": "train", "valid": "validation", "val": "validation", "test": "test"} | {
    "validation": "validation"
}
_COLUMNS = {
    "path": ("path", "file", "filename", "image"),
    "label": ("label", "expression", "emotion", "class"),
    "person": ("person", "subject", "subject_id", "identity"),
    "split": ("split", "part", "usage"),
    "truth": ("truth",),
}
"""Names that a manifest's columns may go by, in any case."""
RENDERED = ("Rendered faces of invented people (`cfer synth`), labelled by the expression that they perform.",)
"""What a model card says of pictures that bring their ground truth."""


def read_data(path: str | Path, *, cropped: bool | None = None) -> SampleTable:
    """Read a data set, whatever its layout.

    A CSV file is a manifest. A folder or zip is FER+ where it holds `fer2013new.csv`, RAF-DB where it holds
    `list_patition_label.txt`, CFEE where it holds `AU_annotation_all_subjects.xls`, otherwise one folder a class.

    Args:
        path: Folder, zip or CSV file.
        cropped: Whether the pictures are face crops; None leaves it to the layout: yes for FER+
            and aligned RAF-DB, no for others.

    Raises:
        PictureError: Nothing is there, or no known layout fits. The message says what was looked for.
    """
    path = Path(path)
    if not path.exists():
        raise PictureError(f"There is nothing at {path}.")
    if path.suffix.lower() == ".csv":
        table = read_manifest(path)
    else:
        source: PictureSource
        if path.is_dir():
            source = FolderSource(path)
        elif zipfile.is_zipfile(path):
            source = ZipSource(path)
        else:
            raise PictureError(f"{path.name} is neither a folder, a zip nor a CSV manifest.")
        table = _by_layout(source, path.stem)
    if cropped is None or cropped == table.cropped:
        return table
    return replace(table, cropped=cropped)


@dataclass(frozen=True)
class Layout:
    """How a data set may be laid out in a folder or zip.

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


def _by_layout(source: PictureSource, name: str) -> SampleTable:
    names = source.names()
    for layout in LAYOUTS.values():
        if layout.recognise(names):
            return layout.read(source)
    return read_class_folders(source, name)


def read_class_folders(source: PictureSource, name: str) -> SampleTable:
    """Read a tree with one folder a class, `[train|validation|test/]CLASS/[PERSON/]picture`.

    Raises:
        PictureError: No folder bears the name of an expression.
    """
    samples: list[Sample] = []
    strange: Counter[str] = Counter()
    for path in sorted(source.names()):
        if PurePosixPath(path).suffix.lower() not in _PICTURES:
            continue
        folders = list(PurePosixPath(path).parts[:-1])
        split = _SPLITS.get(folders[0].lower()) if folders else None
        if split:
            folders = folders[1:]
        label = find(folders[0]) if folders else None
        if label is None:
            strange[folders[0] if folders else "(top folder)"] += 1
            continue
        person = folders[1] if len(folders) > 1 else None
        samples.append(Sample(path, label, person=person, group=person or path, split=split))
    if not samples:
        raise PictureError("No folder bears the name of an expression (such as 'happy' or 'sadly angry').")
    oddities = tuple(f"{n:,} pictures in {folder!r}, which is no expression's name." for folder, n in strange.items())
    return SampleTable(name, tuple(samples), source, oddities=oddities)


def read_manifest(path: Path) -> SampleTable:
    """Read a CSV manifest: columns `path`, `label`, and if known `person`, `split` and `truth` (of a rendered face).

    Paths are relative to the CSV. Columns may go by other usual names ("file", "expression", "subject").

    Raises:
        PictureError: A needed column is missing, or no row can be used.
    """
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    said = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    columns = {ours: said[alias] for ours, aliases in _COLUMNS.items() for alias in aliases[::-1] if alias in said}
    if not {"path", "label"} <= set(columns):
        raise PictureError(f"{path.name} needs the columns 'path' and 'label'; it has {sorted(said)}.")
    rows = [{ours: (row[theirs] or "").strip() for ours, theirs in columns.items()} for row in reader]
    source = FolderSource(path.parent)
    samples: list[Sample] = []
    unknown: Counter[str] = Counter()
    absent = 0
    for row in rows:
        label = find(row["label"])
        if label is None and (row["label"] or not row.get("truth")):  # a rendered face may have its action units alone
            unknown[row["label"] or "(empty)"] += 1
            continue
        if not (path.parent / row["path"]).is_file():
            absent += 1
            continue
        person = row.get("person") or None
        split = _SPLITS.get((row.get("split") or "").lower())
        truth = row.get("truth") or None
        group = person or row["path"]
        samples.append(Sample(row["path"], label, person=person, group=group, split=split, truth=truth))
    if not samples:
        raise PictureError(f"No row of {path.name} has both a picture that exists and an expression's name.")
    oddities = [f"{n:,} rows say {label!r}, which is no expression's name." for label, n in unknown.items()]
    if absent:
        oddities.append(f"{absent:,} rows name a picture that does not exist.")
    name = path.parent.name if path.stem == "samples" else path.stem
    about = RENDERED if any(s.truth for s in samples) else ()
    return SampleTable(name, tuple(samples), source, oddities=tuple(oddities), about=about)
