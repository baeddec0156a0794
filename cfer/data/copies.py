"""Rows that show one and the same picture: found by content, so that no copy crosses a split."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from cfer.data.samples import Sample
from cfer.data.sources import PictureSource


class Groups:
    """Groups that grow together: union-find over their names."""

    def __init__(self) -> None:
        """Start with every group alone."""
        self._into: dict[str, str] = {}

    def root(self, group: str) -> str:
        """The name of the group that a group has grown into."""
        while self._into.get(group, group) != group:
            group = self._into[group]
        return group

    def join(self, first: str, second: str) -> None:
        """Let the second of two groups grow into the first."""
        if self.root(first) != self.root(second):
            self._into[self.root(second)] = self.root(first)


def with_contents(samples: Sequence[Sample], source: PictureSource) -> tuple[Sample, ...]:
    """Rows that know the content of their picture, and of its ground truth where there is one."""
    contents = source.digests([s.path for s in samples])
    truths = iter(source.digests([s.truth for s in samples if s.truth]))
    return tuple(
        replace(s, content=content, truth_content=next(truths) if s.truth else "")
        for s, content in zip(samples, contents, strict=True)
    )


def with_joined_groups(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Rows that know their content, those of one picture in one group."""
    groups, homes = Groups(), dict[str, str]()
    for sample in samples:
        groups.join(homes.setdefault(sample.content, sample.group), sample.group)
    return tuple(replace(s, group=groups.root(s.group)) for s in samples)


def without_copies(samples: Sequence[Sample], source: PictureSource) -> tuple[tuple[Sample, ...], list[str]]:
    """Drop repeated rows, and keep copies of a picture in one group.

    A row with a picture and label that were there before is dropped, whatever the file is called. A picture under two
    labels stays under both, in one group, and is said: nobody here knows which label is right.

    Returns:
        The rows that remain, which know their content, with groups joined, and sentences about what was found.
    """
    rows = with_joined_groups(with_contents(samples, source))
    seen: dict[tuple[str, str | None], int] = {}
    labels: dict[str, set[str | None]] = defaultdict(set)
    kept, repeated = list[Sample](), 0
    for sample in rows:
        labels[sample.content].add(sample.label)
        known = seen.get((sample.content, sample.label))
        if known is not None and kept[known].split == sample.split:
            repeated += 1
            continue
        seen.setdefault((sample.content, sample.label), len(kept))
        kept.append(sample)
    oddities = []
    if repeated:
        oddities.append(f"{repeated:,} rows repeat a picture with its label, and are left out.")
    if torn := [content for content, said in labels.items() if len(said) > 1]:
        paths = {s.content: s.path for s in reversed(rows)}
        example = " and ".join(sorted(repr(label) for label in labels[torn[0]]))
        number = "One picture is" if len(torn) == 1 else f"{len(torn):,} pictures are"
        oddities.append(f"{number} under two labels: {paths[torn[0]]} is {example}.")
    people: dict[str, set[str]] = defaultdict(set)
    for sample in rows:
        if sample.person:
            people[sample.content].add(sample.person)
    if shared := max(people.items(), key=lambda each: len(each[1]), default=("", set[str]())):
        content, names = shared
        if len(names) > 1:
            path = next(s.path for s in rows if s.content == content)
            oddities.append(f"One picture, {path}, is of {len(names):,} people, who therefore count as one.")
    return tuple(kept), oddities
