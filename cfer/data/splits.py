"""Train, validation and test parts that share no person and no identical picture."""

from dataclasses import replace

import numpy as np

from cfer.data.samples import SampleTable

PARTS = ("train", "validation", "test")


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
        rank = {part: i for i, part in enumerate(PARTS)}
        home: dict[str, str] = {}
        for sample in table.samples:
            part = sample.split or "train"
            if sample.group not in home or rank[part] > rank[home[sample.group]]:
                home[sample.group] = part
        if "validation" not in home.values():
            home |= _drawn(sorted(g for g, part in home.items() if part == "train"), (fractions[0], 0.0), seed)
            return table.only(
                replace(s, split=home[s.group]) for s in table.samples if home[s.group] != "test" or s.split == "test"
            )
        return table.only(s for s in table.samples if (s.split or "train") == home[s.group])
    part_of = _drawn(sorted({s.group for s in table.samples}), fractions, seed)
    return table.only(replace(s, split=part_of[s.group]) for s in table.samples)


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
