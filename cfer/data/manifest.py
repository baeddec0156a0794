"""A table that names pictures and their labels."""

from collections import Counter
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from cfer.data.class_folders import EXAMPLES, only_with_part
from cfer.data.copies import without_copies
from cfer.data.names import doubtful_people, known_part, listed, people_of
from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import FolderSource, ZipSource
from cfer.data.tables import read_table
from cfer.emotions import find
from cfer.pictures import PictureError

MANIFEST = "samples.csv"
"""A folder with a table of this name is read by it."""
COLUMNS = {
    "path": ("path", "file", "filename", "file_name", "image", "picture", "image_path", "filepath"),
    "label": ("label", "expression", "emotion", "class"),
    "person": ("person", "subject", "subject_id", "identity"),
    "split": ("split", "part", "usage", "subset", "set"),
    "truth": ("truth",),
}
"""Names that a manifest's columns may go by, in any case."""
RENDERED = ("Rendered faces of invented people (`cfer synth`), labelled by the expression that they perform.",)
"""What a model card says of pictures that bring their ground truth."""


def read_manifest(path: Path) -> SampleTable:
    """Read a CSV manifest: columns `path`, `label`, and if known `person`, `split` and `truth` (of a rendered face).

    Paths are relative to the CSV. Columns may go by other usual names ("file", "expression", "subject").

    Raises:
        PictureError: A needed column is missing, a part's name is not known, or no row can be used.
    """
    name = path.parent.name if path.stem == "samples" else path.stem
    return manifest_in(FolderSource(path.parent), path.name, name)


def manifest_in(source: FolderSource | ZipSource, file: str, name: str) -> SampleTable:
    """As `read_manifest`, of a table at the top of a folder or a zip.

    Args:
        source: Where the table and the pictures are.
        file: The table's name.
        name: What to call the data set.
    """
    table = read_table(source.read_bytes(file), file)
    columns = {ours: found for ours, aliases in COLUMNS.items() if (found := table.column(aliases))}
    if not {"path", "label"} <= set(columns):
        raise PictureError(f"{file} needs the columns 'path' and 'label'; it has {listed(table.columns, 8)}.")
    people = people_of(row[columns["person"]] for row in table.rows) if "person" in columns else {}
    samples: list[Sample] = []
    unknown: Counter[str] = Counter()
    absent: list[str] = []
    for row, line in zip(table.rows, table.lines, strict=True):
        said = {ours: row.get(theirs, "") for ours, theirs in columns.items()}
        split = known_part(said.get("split", ""), f"{file}, line {line}")
        label = find(said["label"])
        if label is None and (said["label"] or not said.get("truth")):  # a rendered face may have its units alone
            unknown[said["label"] or "(empty)"] += 1
            continue
        place = placed(source, said["path"])
        if place is None:
            absent.append(said["path"])
            continue
        person = people.get(said.get("person", ""))
        truth = said.get("truth") and (placed(source, said["truth"]) or said["truth"])
        samples.append(Sample(place, label, None, person, person or place, split, truth=truth or None))
    if not samples:
        raise PictureError(_nothing(file, unknown, absent))
    kept, oddities = without_copies(samples, source)
    oddities += doubtful_people(people)
    if not any(s.truth for s in kept):
        kept, more = only_with_part(kept)
        oddities += more
    unused = [line for aliases in COLUMNS.values() for line in table.unused(aliases)]
    oddities = [*table.oddities, *unused, *_left_out(unknown, absent), *oddities]
    about = RENDERED if any(s.truth for s in kept) else ()
    return SampleTable(name, kept, source, oddities=tuple(oddities), about=about)


def placed(source: FolderSource | ZipSource, text: str) -> str | None:
    """Path of a row's file, relative to the table; Windows paths are understood. None where nothing is."""
    return next((spelt for each in (text, PureWindowsPath(text).as_posix()) if (spelt := source.place(each))), None)


def _left_out(unknown: Counter[str], absent: list[str]) -> list[str]:
    lines = [f"{n:,} rows say {label[:60]!r}, which is no expression's name." for label, n in unknown.most_common(5)]
    if len(unknown) > 5:
        lines.append(f"{len(unknown) - 5:,} more labels are no expression's name either.")
    if absent:
        lines.append(f"{len(absent):,} rows name a picture that does not exist, such as {absent[0][:120]!r}.")
    return lines


def _nothing(name: str, unknown: Counter[str], absent: list[str]) -> str:
    if absent:
        return (
            f"None of the pictures that {name} names exists, such as {absent[0][:120]!r}: "
            "paths are relative to the folder that the table is in."
        )
    wrong = listed((label[:40] for label in unknown), 4)
    return f"No row of {name} has the name of an expression as its label ({EXAMPLES}); they say {wrong}."


def with_crops(table: SampleTable, cropped: bool | None) -> SampleTable:
    """The table with what the user says of its pictures, where the user says it."""
    return table if cropped is None or cropped == table.cropped else replace(table, cropped=cropped)
