"""RAF-DB (Li, Deng & Du, CVPR 2017), its basic and its compound part, in its own layout.

basic/EmoLabel/list_patition_label.txt          "train_00001.jpg 5" (the misspelling is the database's)
basic/Image/aligned/train_00001_aligned.jpg
compound/EmoLabel/list_patition_label.txt
compound/Image/aligned/train_0001_aligned.jpg

Either part may be given alone. Aligned pictures are preferred where both kinds are there. No person is known, so that
parts can only be kept apart by picture. Licensed by its makers: http://www.whdeng.cn/raf/model1.html
"""

from pathlib import PurePosixPath

from cfer.data.names import short
from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import PictureSource
from cfer.emotions import CODES
from cfer.pictures import PictureError

LABELS = "list_patition_label.txt"


def is_rafdb(names: frozenset[str]) -> bool:
    """True if a folder's file list looks like RAF-DB's."""
    return any(PurePosixPath(n).name == LABELS for n in names)


def read_rafdb(source: PictureSource) -> SampleTable:
    """Read one or both parts; train and test are the database's own.

    Raises:
        PictureError: A line cannot be understood, or no listed picture is there.
    """
    names = source.names()
    samples: list[Sample] = []
    oddities: list[str] = []
    aligned = 0
    for listing in sorted(n for n in names if PurePosixPath(n).name == LABELS):
        rows = [line.split() for line in source.read_text(listing).splitlines() if line.strip()]
        for line, row in enumerate(rows, 1):
            if len(row) != 2 or not row[1].isdecimal():
                said = short(" ".join(row))
                raise PictureError(
                    f"{listing}, row {line}: a picture's name and a number should stand there, not {said!r}."
                )
        if not rows:
            raise PictureError(f"{listing} is empty.")
        folder = PurePosixPath(listing).parent.parent
        basic, compound = CODES["raf-db basic"], CODES["raf-db compound"]
        vocabulary = compound if folder.name == "compound" or max(int(r[1]) for r in rows) > len(basic) else basic
        absent = 0
        for name, number in rows:
            path, is_aligned = _picture(names, folder, name)
            label = vocabulary.get(str(int(number)))
            if path is None or label is None:
                absent += 1
                continue
            aligned += is_aligned
            split = next((part for part in ("train", "test") if name.startswith(part)), None)
            if split is None:
                raise PictureError(
                    f"{listing}: {short(name)!r} should begin with 'train' or 'test', which tells its part."
                )
            samples.append(Sample(path, label, group=path, split=split))
        if absent:
            oddities.append(f"{absent:,} lines of {listing} name a picture or a class that does not exist.")
    if not samples:
        raise PictureError(f"None of the pictures that {LABELS} lists is there.")
    cropped = aligned == len(samples)
    if 0 < aligned < len(samples):
        oddities.append(f"{aligned:,} of {len(samples):,} pictures are aligned, the others are not.")
    about = ("Photographs found by image search, labelled by about forty people each.",)
    return SampleTable("RAF-DB", tuple(samples), source, cropped, tuple(oddities), about)


def _picture(names: frozenset[str], folder: PurePosixPath, name: str) -> tuple[str | None, bool]:
    stem = PurePosixPath(name).stem
    candidates = (
        (folder / "Image" / "aligned" / f"{stem}_aligned.jpg", True),
        (folder / "Image" / "original" / name, False),
        (folder / "Image" / "imgs" / name, False),
    )
    return next(((str(p), is_aligned) for p, is_aligned in candidates if str(p) in names), (None, False))
