"""CFEE, the Compound Facial Expressions of Emotion database (Du, Tao & Martinez, PNAS 2014), in its own layout.

CFEE_Database_230/
  AU_annotation_all_subjects.xls      sheet "summary": class number, class name
  01-04/Images1/03_190_8097.jpg       class number, person, picture number
  ...

The database is licensed by its makers, not redistributed here: https://cbcsl.ece.ohio-state.edu/compound.html
"""

import io
import re
import struct
from collections import Counter
from pathlib import PurePosixPath
from zipfile import BadZipFile

from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import PictureSource
from cfer.emotions import find
from cfer.pictures import PictureError

_PICTURE = re.compile(r"(?P<number>\d{2})_(?P<person>\d{3})_\d+\.jpe?g", re.IGNORECASE)
_SHEETS = re.compile(r"(^|/)AU_annotation_all_subjects\.xlsx?$")


def is_cfee(names: frozenset[str]) -> bool:
    """True if a folder's file list looks like CFEE's: an annotation workbook and numbered pictures."""
    return any(_SHEETS.search(n) for n in names) and any(_PICTURE.fullmatch(PurePosixPath(n).name) for n in names)


def read_cfee(source: PictureSource) -> SampleTable:
    """Read CFEE; a person is one group, so that nobody crosses a split.

    Raises:
        PictureError: The workbook has no list of classes, or none of its names is known.
    """
    classes, oddities = _class_numbers(source)
    samples: list[Sample] = []
    strange: Counter[str] = Counter()
    for path in sorted(source.names()):
        match = _PICTURE.fullmatch(PurePosixPath(path).name)
        if not match:
            continue
        label = classes.get(int(match["number"]))
        if label is None:
            strange[match["number"]] += 1
            continue
        samples.append(Sample(path, label, person=match["person"], group=match["person"]))
    if not samples:
        raise PictureError("No picture of CFEE bears the number of a known expression.")
    oddities += [f"{n:,} pictures of class {number}, which is none of the 22." for number, n in sorted(strange.items())]
    about = ("Posed studio photographs of named people, labelled by the expression that they were asked to show.",)
    return SampleTable("CFEE", tuple(samples), source, oddities=tuple(oddities), about=about)


def _class_numbers(source: PictureSource) -> tuple[dict[int, str], list[str]]:
    """Class numbers and their names in the vocabulary, from the workbook's first two columns."""
    import pandas

    path = min(n for n in source.names() if _SHEETS.search(n))
    try:
        rows = pandas.read_excel(io.BytesIO(source.read_bytes(path)), sheet_name="summary").iloc[:, :2]
    except (ValueError, OSError, ImportError, KeyError, TypeError, IndexError, struct.error, BadZipFile) as error:
        raise PictureError(f"{path} has no sheet 'summary' with the classes' numbers and names.") from error
    found, unknown = {}, []
    for number, name in rows.itertuples(index=False):
        if not str(number).strip().removesuffix(".0").isdigit():
            continue
        label = find(str(name))
        if label:
            found[int(float(number))] = label
        else:
            unknown.append(f"{path} names class {int(float(number)):02d} {name!r}, which is no expression's name.")
    if not found:
        raise PictureError(f"{path} names no known expression.")
    return found, unknown
