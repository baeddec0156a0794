"""FER+: ten votes a picture on FER2013's 48 x 48 grey faces (Barsoum et al., ICMI 2016, arXiv 1608.01041).

Two layouts are read. The official one has the folders FER2013Train, FER2013Valid and FER2013Test with
`ferNNNNNNN.png` inside (as a folder or a zip) and `fer2013new.csv`; rows are joined by *image name*. The other is the
pair of original files, `fer2013.csv` (pixels in text) and `fer2013new.csv` with its 35,887 rows, joined by row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cfer.data.names import short
from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import PictureSource
from cfer.data.tables import read_table
from cfer.emotions import BASICS, CODES, DERIVED
from cfer.pictures import PictureError
from cfer.system.provenance import digest_of

VOTES = "fer2013new.csv"
PIXELS = "fer2013.csv"
_DUPLICATES = "duplicates.csv"
_COLUMNS = (*CODES["ferplus"], "contempt", "unknown", "NF")
ABOUT = (
    "Faces found by image search, grey and 48 pixels wide, most of them of adults in Western media.",
    "A picture's single label is the FER+ majority of ten crowd workers: votes of one are dropped, then the leader "
    "needs more than half. Contempt, unknown and no face are left out.",
    "Compound labels are derived: two expressions share the votes, which can be a blend or a disagreement.",
)
"""What a model card says of these pictures."""
_PARTS = {
    "Training": ("train", "FER2013Train"),
    "PublicTest": ("validation", "FER2013Valid"),
    "PrivateTest": ("test", "FER2013Test"),
}


def majority(votes: Mapping[str, int]) -> str | None:
    """FER+'s majority label: single votes are outliers and go, then the leader needs more than half of the rest.

    Args:
        votes: Votes (0 to 10) by FER+ column name.

    Returns:
        A name of `BASICS`; None without a majority, or where it is contempt, unknown or not a face.
    """
    kept = {name: n if n > 1 else 0 for name, n in votes.items()}
    leader = max(kept, key=lambda name: kept[name])
    return CODES["ferplus"].get(leader) if kept[leader] * 2 > sum(kept.values()) else None


def derived_compound(votes: Mapping[str, int]) -> str | None:
    """A compound label from a vote with two peaks.

    The two leading emotions of the six have at least 3 votes each; the third, neutral and contempt stay below the
    second; nobody says "not a face" and at most one "unknown". A split vote can be a blend or a disagreement, so
    call the result a derived label.
    """
    six = sorted((n for n in CODES["ferplus"] if n != "neutral"), key=lambda n: -votes[n])
    first, second, third = six[:3]
    rest = max(votes[third], votes["neutral"], votes["contempt"])
    if votes["NF"] or votes["unknown"] > 1 or votes[second] < 3 or rest >= votes[second]:
        return None
    return DERIVED.get(frozenset((CODES["ferplus"][first], CODES["ferplus"][second])))


def soft_votes(votes: Mapping[str, int]) -> tuple[float, ...] | None:
    """Share of each of `BASICS` among the votes for them, single votes dropped.

    Returns:
        Seven shares that sum to 1; None where most of the votes went to contempt, unknown or not a face.
    """
    kept = {name: n if n > 1 else 0 for name, n in votes.items()}
    by_basic = {CODES["ferplus"][name]: kept[name] for name in CODES["ferplus"]}
    total = sum(by_basic.values())
    if votes["NF"] or not total or total * 2 <= sum(kept.values()):
        return None
    return tuple(by_basic[name] / total for name in BASICS)


@dataclass(frozen=True)
class _PixelSource:
    """FER2013's original CSV as a picture source: a sample's path is its row number."""

    rows: Sequence[str]

    def read(self, path: str) -> np.ndarray:
        try:
            values = np.array(self.rows[int(path)].split(), dtype=np.int64)
        except (ValueError, OverflowError) as error:
            raise PictureError(f"Row {path} does not hold 48 x 48 grey levels.") from error
        if values.size != 48 * 48 or values.min() < 0 or values.max() > 255:
            raise PictureError(f"Row {path} does not hold 48 x 48 grey levels.")
        return np.repeat(values.astype(np.uint8).reshape(48, 48, 1), 3, axis=2)

    def names(self) -> frozenset[str]:
        return frozenset(map(str, range(len(self.rows))))

    def read_text(self, path: str) -> str:
        raise PictureError(f"{path} is not a text file.")

    def read_bytes(self, path: str) -> bytes:
        raise PictureError(f"{path} is not a file.")

    def passed_over(self) -> tuple[str, ...]:
        return ()

    def digests(self, paths: Sequence[str]) -> list[str]:
        return [digest_of(" ".join(self.rows[int(p)].split()).encode()) for p in paths]


def is_ferplus(names: frozenset[str]) -> bool:
    """True if a folder's file list looks like either FER+ layout."""
    return VOTES in names and (PIXELS in names or any(n.startswith("FER2013Train/") for n in names))


def read_ferplus(source: PictureSource) -> SampleTable:
    """Read FER+ in either layout.

    Identical pictures share a group: from `duplicates.csv` where it is there, by their content anyhow.

    Raises:
        PictureError: `fer2013new.csv` lacks its columns, or the original pair does not match row by row.
    """
    table = read_table(source.read_bytes(VOTES), VOTES)
    missing = [name for name in ("Usage", "Image name", *_COLUMNS) if table.column((name.lower(),)) != name]
    if missing:
        raise PictureError(f"{VOTES} lacks the column(s) {', '.join(sorted(missing))}.")
    rows = [_checked(row, line) for row, line in zip(table.rows, table.lines, strict=True)]
    names = source.names()
    if PIXELS in names:
        return _read_csv_pair(source, rows)
    groups: dict[str, str] = {}
    if _DUPLICATES in names:
        listed = read_table(source.read_bytes(_DUPLICATES), _DUPLICATES)
        if not {"Image name", "duplicate_group"} <= set(listed.columns):
            raise PictureError(f"{_DUPLICATES} needs the columns 'Image name' and 'duplicate_group'.")
        listed.column(("image name",)), listed.column(("duplicate_group",))  # two of one name are refused
        groups = {r["Image name"]: r["duplicate_group"] for r in listed.rows}
    samples, absent = [], 0
    for row in rows:
        split, folder = _PARTS[row["Usage"]]
        name = row["Image name"]
        path = f"{folder}/{name}"
        if not name or path not in names:
            absent += 1
            continue
        samples.append(_sample(row, path, split, groups.get(name, name)))
    if not samples:
        raise PictureError(f"None of the pictures that {VOTES} names is there, in folders such as FER2013Train.")
    oddities = [f"{absent:,} rows of {VOTES} have no picture."] if absent else []
    if not groups:
        oddities.append(f"Without {_DUPLICATES} only files of equal bytes are known to be one picture.")
    return SampleTable("FER+", tuple(samples), source, cropped=True, oddities=tuple(oddities), about=ABOUT)


def _read_csv_pair(source: PictureSource, rows: list[dict[str, str]]) -> SampleTable:
    table = read_table(source.read_bytes(PIXELS), PIXELS)
    if table.column(("pixels",)) != "pixels":
        raise PictureError(f"{PIXELS} lacks the column 'pixels'.")
    pixels = table.rows
    if len(pixels) != len(rows):
        raise PictureError(f"{PIXELS} has {len(pixels):,} rows and {VOTES} {len(rows):,}: they are joined row by row.")
    texts = [row["pixels"] for row in pixels]
    samples = []
    for number, row in enumerate(rows):
        if row["Image name"]:  # FER+ leaves the name empty where the picture is not a face
            samples.append(_sample(row, str(number), _PARTS[row["Usage"]][0], str(number)))
    dropped = len(rows) - len(samples)
    oddities = (f"{dropped:,} rows are marked by FER+ as no face.",) if dropped else ()
    return SampleTable("FER+", tuple(samples), _PixelSource(texts), cropped=True, oddities=oddities, about=ABOUT)


def _checked(row: dict[str, str], line: int) -> dict[str, str]:
    """A row whose part and votes can be used."""
    if row["Usage"] not in _PARTS:
        raise PictureError(f"{VOTES}, line {line}: the usage {short(row['Usage'])!r} is none of {', '.join(_PARTS)}.")
    if wrong := [name for name in _COLUMNS if not row[name].isdecimal()]:
        raise PictureError(
            f"{VOTES}, line {line}: {wrong[0]!r} should be a number of votes, not {short(row[wrong[0]])!r}."
        )
    return row


def _sample(row: Mapping[str, str], path: str, split: str, group: str) -> Sample:
    votes = {name: int(row[name]) for name in _COLUMNS}
    return Sample(path, majority(votes), derived_compound(votes), None, group, split, soft_votes(votes))
