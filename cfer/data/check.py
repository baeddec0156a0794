"""Say in plain words what a data set holds, what is missing and what is odd."""

from collections import Counter

from cfer.data.samples import SampleTable
from cfer.data.splits import PARTS, split
from cfer.emotions import BASICS, COMPOUNDS
from cfer.pictures import PictureError


def describe(table: SampleTable, *, probe: int = 200) -> list[str]:
    """Sentences about a data set.

    Args:
        table: As read.
        probe: How many pictures, evenly spread, to open and see whether they can be read.
    """
    lines = [f"{table.name}: {len(table):,} pictures{' (face crops)' if table.cropped else ''}."]
    counts = table.counts()
    unlabelled = counts.pop("(none)", 0)
    lines.append("Labels: " + ", ".join(f"{n} {c:,}" for n, c in sorted(counts.items(), key=lambda i: -i[1])) + ".")
    if unlabelled:
        lines.append(f"{unlabelled:,} pictures have no single label (no majority, or outside the vocabulary).")
    derived = Counter(s.compound for s in table.samples if s.compound)
    if derived:
        listed = ", ".join(f"{n} {c:,}" for n, c in derived.most_common())
        lines.append(f"Derived compounds (two expressions share the votes): {sum(derived.values()):,}: {listed}.")
    people = {s.person for s in table.samples if s.person}
    lines.append(f"{len(people):,} people are named." if people else "No person is named: who is shown is not known.")
    lines += _parts(table)
    lines += _missing(table, counts, derived)
    lines += [f"Odd: {text}" for text in table.oddities]
    lines += _unreadable(table, probe)
    return lines


def _parts(table: SampleTable) -> list[str]:
    own = any(s.split for s in table.samples)
    parted = split(table)
    sizes = ", ".join(f"{part} {len(parted.part(part)):,}" for part in PARTS)
    leaving = len(table) - len(parted)
    origin = "The data set brings its own parts" if own else "Parts would be drawn by whole groups"
    lines = [f"{origin}: {sizes}."]
    if leaving:
        lines.append(f"{leaving:,} pictures are left out: the same picture or person stands in a more protected part.")
    return lines


def _missing(table: SampleTable, counts: dict[str, int], derived: Counter[str]) -> list[str]:
    lines = []
    absent = [name for name in BASICS if not counts.get(name)]
    if absent:
        lines.append(f"Missing for the basic phase: {', '.join(absent)}.")
    rare = [name for name in BASICS if 0 < counts.get(name, 0) < 0.03 * len(table)]
    if rare:
        lines.append(f"Rare, under 3 %: {', '.join(rare)}.")
    single = [name for name in (*BASICS, *COMPOUNDS) if counts.get(name) == 1 and not derived.get(name)]
    if single:
        lines.append(f"Of a single picture, which can only be in one part: {', '.join(single)}.")
    compounds = [name for name in COMPOUNDS if not counts.get(name) and not derived.get(name)]
    if len(compounds) == len(COMPOUNDS):
        lines.append("There is no compound expression, so there is nothing for the continual phase.")
    elif compounds:
        lines.append(f"Compounds without a picture: {', '.join(compounds)}.")
    return lines


def _unreadable(table: SampleTable, probe: int) -> list[str]:
    chosen = table.samples[:: max(1, len(table) // probe)]
    broken = []
    for sample in chosen:
        try:
            table.source.read(sample.path)
        except PictureError as error:
            broken.append(f"Odd: {sample.path}: {error}")
    checked = f"Of {len(chosen):,} pictures opened, {len(broken):,} cannot be read."
    return [checked, *broken[:5]]
