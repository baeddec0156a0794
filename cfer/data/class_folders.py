"""A tree with one folder a class."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from cfer.data.copies import without_copies
from cfer.data.names import doubtful_people, is_name_too, listed, part_of, parts_of, people_of
from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import PictureSource
from cfer.emotions import find
from cfer.pictures import SUFFIXES, PictureError

EXAMPLES = "such as 'happy', 'sad' or 'sadly angry'"


def read_class_folders(source: PictureSource, name: str) -> SampleTable:
    """Read a tree with one folder a class, `[.../][train|validation|test/]CLASS/[PERSON/]picture`.

    The first folder from the top that bears an expression's name is the class; a part's name may stand before or
    after it (see `cfer.data.names.parts_of`). Where some pictures stand in a part, those that stand in none are left
    out.

    Raises:
        PictureError: No picture is there, or no folder bears the name of an expression.
    """
    names = sorted(source.names(), key=lambda n: PurePosixPath(n).parts)  # "anna" before "anna - Copy"
    pictures = [n for n in names if PurePosixPath(n).suffix.lower() in SUFFIXES]
    if not pictures:
        raise PictureError(_no_picture(names, name))
    strange: Counter[str] = Counter()
    found: list[tuple[str, tuple[str, ...], str, tuple[str, ...]]] = []
    for path in pictures:
        folders = PurePosixPath(path).parts[:-1]
        place = next((i for i, folder in enumerate(folders) if find(folder)), None)
        if place is None:
            strange["/".join(folders) or "(top folder)"] += 1
        else:
            found.append((path, folders[:place], folders[place], folders[place + 1 :]))
    if not found:
        raise PictureError(_no_class(strange))
    above, below = _by_depth(each[1] for each in found), _by_depth(each[3] for each in found)
    parts_above = [parts_of(names, below_class=False) for names in above]
    parts_below = [parts_of(names, below_class=True) for names in below]
    people = [people_of(names - set(parts)) for names, parts in zip(below, parts_below, strict=True)]
    samples: list[Sample] = []
    for path, before, label, after in found:
        told = [*zip(before, parts_above, strict=False), *zip(after, parts_below, strict=False)]
        parts = [parts[folder] for folder, parts in told if folder in parts]
        person = next((who for folder, known in zip(after, people, strict=False) if (who := known.get(folder))), None)
        samples.append(Sample(path, find(label), None, person, person or path, parts[0] if parts else None))
    kept, oddities = without_copies(samples, source)
    oddities = [
        f"{n:,} pictures in {folder!r}, which is no expression's name." for folder, n in strange.items()
    ] + oddities
    for said in people:
        oddities += doubtful_people(said)
    oddities += _doubtful_folders(above, parts_above, below, parts_below)
    oddities += _doubtful_depth(below, people)
    kept, more = only_with_part(kept)
    if others := len(names) - len(pictures):
        more.append(f"{others:,} files are no pictures.")
    return SampleTable(name, kept, source, oddities=(*oddities, *more))


def _by_depth(folders: Iterable[tuple[str, ...]]) -> list[set[str]]:
    """The names of all folders at each depth."""
    found: list[set[str]] = []
    for path in folders:
        found += [set() for _ in range(len(path) - len(found))]
        for names, folder in zip(found, path, strict=False):
            names.add(folder)
    return found


def _doubtful_folders(
    above: list[set[str]], parts_above: list[dict[str, str]], below: list[set[str]], parts_below: list[dict[str, str]]
) -> list[str]:
    """Sentences about folders that may mean something else than they were taken for."""
    said = []
    for names, parts in (*zip(above, parts_above, strict=True), *zip(below, parts_below, strict=True)):
        if doubtful := sorted(name for name in names - set(parts) if part_of(name)):
            said.append(
                f"{listed(doubtful)} is not taken for a part of the data, because the folders beside it are none."
            )
            continue
        if may_be_names := sorted(name for name in parts if is_name_too(name)):
            said.append(f"{listed(may_be_names)} is taken for a part of the data, not for somebody.")
    for around in (names - set(parts) for names, parts in zip(above, parts_above, strict=True)):
        if len(around) <= 1:
            continue
        said.append(
            f"The classes' folders lie in {len(around):,} others, {listed(sorted(around), 3)}. If these are people, "
            "put them below the classes (happy/anna/1.jpg), or bring a table with a column 'person': as it is, nobody "
            "knows who is shown."
        )
    return said


def _doubtful_depth(below: list[set[str]], people: list[dict[str, str | None]]) -> list[str]:
    """A sentence where the folders that were taken for people are one, and those further down are several."""
    names = [set(each) for each in people]
    first = next((k for k, each in enumerate(names) if each), None)
    if first is None or len(names[first]) != 1 or not any(len(each) > 1 for each in below[first + 1 :]):
        return []
    return [
        f"All pictures count as one person's, {listed(sorted(names[first]))}, whose folder is the only one below the "
        "classes. If the folders in it are people, take it away, or bring a table with a column 'person'."
    ]


def only_with_part(samples: tuple[Sample, ...]) -> tuple[tuple[Sample, ...], list[str]]:
    """Rows that say which part they are in, where only some do, and a sentence about the others."""
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
