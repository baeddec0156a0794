"""A tree with one folder a class."""

from collections import Counter
from pathlib import PurePosixPath

from cfer.data.copies import without_copies
from cfer.data.names import listed, part_of, person_of
from cfer.data.samples import PictureSource, Sample, SampleTable
from cfer.emotions import find
from cfer.pictures import SUFFIXES, PictureError

EXAMPLES = "such as 'happy', 'sad' or 'sadly angry'"


def read_class_folders(source: PictureSource, name: str) -> SampleTable:
    """Read a tree with one folder a class, `[.../][train|validation|test/]CLASS/[PERSON/]picture`.

    The first folder from the top that bears an expression's name is the class; a part's name may stand before or
    after it. Where some pictures stand in a part, those that stand in none are left out.

    Raises:
        PictureError: No picture is there, or no folder bears the name of an expression.
    """
    names = sorted(source.names())
    pictures = [n for n in names if PurePosixPath(n).suffix.lower() in SUFFIXES]
    if not pictures:
        raise PictureError(_no_picture(names, name))
    samples: list[Sample] = []
    strange: Counter[str] = Counter()
    for path in pictures:
        folders = PurePosixPath(path).parts[:-1]
        place = next((i for i, folder in enumerate(folders) if find(folder)), None)
        if place is None:
            strange["/".join(folders) or "(top folder)"] += 1
            continue
        before, after = folders[:place], folders[place + 1 :]
        parts = [part for folder in (*before, *after) if (part := part_of(folder))]
        people = [who for folder in after if not part_of(folder) and (who := person_of(folder))]
        person = people[0] if people else None
        samples.append(Sample(path, find(folders[place]), None, person, person or path, parts[0] if parts else None))
    if not samples:
        raise PictureError(_no_class(strange))
    kept, oddities = without_copies(samples, source)
    oddities = [
        f"{n:,} pictures in {folder!r}, which is no expression's name." for folder, n in strange.items()
    ] + oddities
    kept, more = only_with_part(kept)
    if others := len(names) - len(pictures):
        more.append(f"{others:,} files are no pictures.")
    return SampleTable(name, kept, source, oddities=(*oddities, *more))


def only_with_part(samples: tuple[Sample, ...]) -> tuple[tuple[Sample, ...], list[str]]:
    """Where some rows say which part they are in, the rows that say it, and a sentence about the others."""
    stated = tuple(s for s in samples if s.split)
    if not stated or len(stated) == len(samples):
        return samples, []
    return stated, [f"{len(samples) - len(stated):,} pictures are in no part while others are, and are left out."]


def _no_picture(names: list[str], name: str) -> str:
    if not names:
        return f"{name} is empty."
    endings = Counter(PurePosixPath(n).suffix.lower() or "no ending" for n in names)
    kinds = ", ".join(f"{n:,} {ending}" for ending, n in endings.most_common(4))
    return f"{name} holds no picture; it holds {len(names):,} other files ({kinds})."


def _no_class(strange: Counter[str]) -> str:
    folders = list(strange)
    last = {PurePosixPath(f).name for f in folders}
    if last <= {str(n) for n in range(12)}:
        return (
            f"The folders are called {listed(sorted(last))}, and data sets do not agree what numbers mean. "
            f"Rename them to expressions, {EXAMPLES}, or give a table with --data samples.csv."
        )
    return f"No folder bears the name of an expression ({EXAMPLES}); there are {listed(folders)}."
