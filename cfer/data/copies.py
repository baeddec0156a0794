"""Rows that show one and the same picture: found by content, so that no copy crosses a split."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from cfer.data.samples import PictureSource, Sample


def without_copies(samples: Sequence[Sample], source: PictureSource) -> tuple[tuple[Sample, ...], list[str]]:
    """Drop repeated rows, and keep copies of a picture in one group.

    A row with a picture and label that were there before is dropped, whatever the file is called. A picture under two
    labels stays under both, in one group, and is said: nobody here knows which label is right.

    Returns:
        The rows that remain, with groups joined, and sentences about what was found.
    """
    marks = source.marks([s.path for s in samples])
    seen: dict[tuple[str, str | None], int] = {}
    labels: dict[str, set[str | None]] = defaultdict(set)
    groups: dict[str, str] = {}

    def root(group: str) -> str:
        while groups.get(group, group) != group:
            group = groups[group]
        return group

    kept, repeated, homes = [], 0, dict[str, str]()
    for sample, mark in zip(samples, marks, strict=True):
        labels[mark].add(sample.label)
        first = homes.setdefault(mark, sample.group)
        if root(first) != root(sample.group):
            groups[root(sample.group)] = root(first)
        known = seen.get((mark, sample.label))
        if known is not None and kept[known].split == sample.split:
            repeated += 1
            continue
        seen.setdefault((mark, sample.label), len(kept))
        kept.append(sample)
    oddities = []
    if repeated:
        oddities.append(f"{repeated:,} rows repeat a picture with its label, and are left out.")
    if torn := [mark for mark, said in labels.items() if len(said) > 1]:
        paths = {mark: s.path for s, mark in zip(reversed(samples), reversed(marks), strict=True)}
        example = " and ".join(sorted(repr(label) for label in labels[torn[0]]))
        number = "One picture is" if len(torn) == 1 else f"{len(torn):,} pictures are"
        oddities.append(f"{number} under two labels: {paths[torn[0]]} is {example}.")
    return tuple(replace(s, group=root(s.group)) if groups else s for s in kept), oddities
