"""Train, validation and test parts that share no person and no identical picture."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from cfer.data.copies import Groups
from cfer.data.samples import Sample, SampleTable

PARTS = ("train", "validation", "test")
_RANK = {part: rank for rank, part in enumerate(PARTS)}


def split(table: SampleTable, *, fractions: tuple[float, float] = (0.15, 0.15), seed: int = 0) -> SampleTable:
    """Give every row a part.

    Where the data set brings its own parts they are kept, and a group that would stand in two of them stays only in
    the most protected one (test, then validation): its other rows are left out. A part for validation is drawn from
    the training groups if there is none. Without parts of its own, whole groups are drawn.

    Args:
        table: Any data set.
        fractions: Shares of the groups for validation and test when the parts are drawn here.
        seed: Decides the draw.

    Returns:
        The table with a `split` on each row; rows that would leak are gone.
    """
    if any(s.split for s in table.samples):
        home: dict[str, str] = {}
        for sample in table.samples:
            part = sample.split or "train"
            if sample.group not in home or _RANK[part] > _RANK[home[sample.group]]:
                home[sample.group] = part
        if "validation" not in home.values():
            home |= _drawn(sorted(g for g, part in home.items() if part == "train"), (fractions[0], 0.0), seed)
            return table.only(
                replace(s, split=home[s.group]) for s in table.samples if home[s.group] != "test" or s.split == "test"
            )
        return table.only(s for s in table.samples if (s.split or "train") == home[s.group])
    part_of = _drawn(sorted({s.group for s in table.samples}), fractions, seed)
    return table.only(replace(s, split=part_of[s.group]) for s in table.samples)


def split_together(
    tables: Sequence[SampleTable], *, seed: int = 0, learned: Collection[str] = (), same_people: bool = False
) -> list[SampleTable]:
    """Give every row of all data sets of a run a part: no picture stands in two parts, in whichever data set it lies.

    Each data set is divided by `split`. Groups of several data sets that have a picture in common, by the content of
    its file, then go into one part: the most protected one that any of the data sets brings, or else the one that was
    drawn first. Rows whose part was drawn here are moved there, rows that came with another part are left out.

    Args:
        tables: The data sets.
        seed: Decides the draws.
        learned: Digests of pictures that an earlier phase was trained on: their groups are for training.
        same_people: Whether people of one name in several data sets are one person, whatever the name's case;
            invented people are, anyhow.
    """
    divided = [split(table, seed=seed) for table in tables]
    joint = _joint_groups(divided, same_people)
    stated = [any(s.split for s in table.samples) for table in tables]
    home: dict[str, str] = {}
    for number in sorted(range(len(tables)), key=lambda k: not stated[k]):
        for sample in divided[number].samples:
            group, part = joint[number, sample.group], str(sample.split)
            if group not in home or (stated[number] and _RANK[part] > _RANK[home[group]]):
                home[group] = part
    known = frozenset(learned)
    for number, table in enumerate(divided):
        home |= {joint[number, s.group]: "train" for s in table.samples if s.content in known}

    def settled(number: int, table: SampleTable) -> SampleTable:
        brought = {s.split for s in tables[number].samples} - {None}
        drawn = set(PARTS) if not brought else {"train", "validation"} if "validation" not in brought else set()
        kept = list[Sample]()
        for sample in table.samples:
            part = home[joint[number, sample.group]]
            if part == sample.split or {part, sample.split} <= drawn:
                kept.append(replace(sample, split=part))
        lost = len(table) - len(kept)
        said = f"{lost:,} rows are left out: their picture or person stands in another part of this run's data."
        return replace(table.only(kept), oddities=(*table.oddities, said) if lost else table.oddities)

    return [settled(number, table) for number, table in enumerate(divided)]


def _joint_groups(tables: Sequence[SampleTable], same_people: bool) -> dict[tuple[int, str], str]:
    """The name of the joint group of every data set's (number) groups."""
    groups, homes = Groups(), dict[tuple[str, str], str]()
    for number, table in enumerate(tables):
        for sample in table.samples:
            mine = f"{number}/{sample.group}"
            marks = [("picture", sample.content)]
            if sample.person and (same_people or sample.truth):  # an invented person is its number, wherever it is
                marks.append(("person", known_as(sample.person)))
            for mark in marks:
                if mark[1]:
                    groups.join(homes.setdefault(mark, mine), mine)
    return {(k, s.group): groups.root(f"{k}/{s.group}") for k, table in enumerate(tables) for s in table.samples}


def known_as(person: str) -> str:
    """A person's name, however it is spaced and whatever its case."""
    return " ".join(person.casefold().split())


def _drawn(groups: list[str], fractions: tuple[float, float], seed: int) -> dict[str, str]:
    """A part for each group: shares for validation and test, the rest for training."""
    order = np.random.default_rng(seed).permutation(len(groups))
    n_validation, n_test = (round(len(groups) * f) for f in fractions)
    part_of = {}
    for position, index in enumerate(order):
        held = "test" if position < n_test else "validation" if position < n_test + n_validation else "train"
        part_of[groups[index]] = held
    return part_of


def fold_split(table: SampleTable, folds: int, number: int, seed: int = 0) -> SampleTable:
    """One of several divisions in which every group is in the test part exactly once.

    Args:
        table: Any data set; parts of its own are passed over.
        folds: How many divisions, at least 3.
        number: Which one, from 0. Its test groups are validation groups in the division before.
        seed: Decides the draw.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    groups = sorted({s.group for s in table.samples})
    if folds < 3 or len(groups) < folds:
        raise ValueError(f"{folds} folds need at least 3 and at most as many as there are people, {len(groups)}.")
    order = np.random.default_rng(seed).permutation(len(groups))
    fold_of = {groups[g]: place % folds for place, g in enumerate(order)}
    parts = {number: "test", (number + 1) % folds: "validation"}
    return table.only(replace(s, split=parts.get(fold_of[s.group], "train")) for s in table.samples)
