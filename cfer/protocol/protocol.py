"""The benchmark's protocol: which classes arrive in which order, what is drawn for few shots, who is tested.

Everything that chance decides is drawn from the seed, the fold and the order alone, so that all methods get the same
classes in the same order, the same shots and the same people.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from cfer.data.samples import SampleTable
from cfer.data.splits import fold_split
from cfer.emotions import BASICS, COMPOUNDS
from cfer.features.table import FeatureTable
from cfer.protocol.stream import Stream, make_stream, stream_label
from cfer.system.draws import seed_of


@dataclass(frozen=True)
class Setting:
    """Setting of one method: what it is given.

    Attributes:
        method: A name in `cfer.learners.REGISTRY`.
        shots: Pictures of each compound, or None for all.
        memory: Exemplars a class; 0 for a method that keeps none.
    """

    method: str
    shots: int | None = None
    memory: int = 0

    @property
    def name(self) -> str:
        """Its name in files and tables, such as "er_1-shot_20"."""
        shots = "all" if self.shots is None else f"{self.shots}-shot"
        return f"{self.method}_{shots}_{self.memory}"


@dataclass(frozen=True)
class Protocol:
    """Protocol by which a data set is cut into streams.

    Attributes:
        folds: Divisions by person; 1 keeps the data set's own parts.
        orders: Class orders (and draws of shots) in each fold.
        least: Fewest pictures of a class that takes part.
        seed: Draws folds, orders and shots.
    """

    folds: int = 10
    orders: int = 10
    least: int = 20
    seed: int = 0


def taking_part(table: SampleTable, least: int, *, own_parts: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Basics and compounds with enough pictures, in the vocabulary's order.

    Args:
        table: The data set.
        least: Fewest pictures of a class.
        own_parts: Whether the data's own parts count: a class must then have pictures to learn from and to test on.

    Raises:
        ValueError: There are fewer than two basics or no compound, or a part is missing.
    """
    counts = Counter(stream_label(s) for s in table.samples)
    if own_parts:
        parts = {part: {stream_label(s) for s in table.samples if s.split == part} for part in ("train", "test")}
        if bare := [part for part, labels in parts.items() if not labels - {None}]:
            raise ValueError(f"{table.name} has no picture for {' and '.join(bare)}: give --folds, or divide it anew.")
        counts = Counter({n: count for n, count in counts.items() if n in parts["train"] & parts["test"]})
    basics = tuple(n for n in BASICS if counts[n] >= least)
    compounds = tuple(n for n in COMPOUNDS if counts[n] >= least)
    if len(basics) < 2 or not compounds:
        found = {n: counts[n] for n in (*BASICS, *COMPOUNDS) if counts[n]}
        raise ValueError(f"A stream needs two basics and a compound with {least} pictures each; there are {found}.")
    return basics, compounds


def shortfalls(table: SampleTable, used: SampleTable, protocol: Protocol) -> list[str]:
    """Sentences about classes that do not take part, and about divisions that have none of a class.

    Args:
        table: The data set.
        used: Its rows whose picture could be used.
        protocol: How it is cut.
    """
    own = protocol.folds == 1
    taking = {name for names in taking_part(used, protocol.least, own_parts=own) for name in names}
    counts = Counter(stream_label(s) for s in used.samples)
    there = {stream_label(s) for s in table.samples}
    said = []
    if few := [n for n in (*BASICS, *COMPOUNDS) if n in there and counts[n] < protocol.least]:
        listed = ", ".join(f"{name} ({counts[name]:,})" for name in few)
        said.append(f"Classes of fewer than {protocol.least} usable pictures do not take part: {listed}.")
    if torn := [n for n in (*BASICS, *COMPOUNDS) if counts[n] >= protocol.least and n not in taking]:
        said.append(f"Classes without a picture to learn from, or to test on, do not take part: {', '.join(torn)}.")
    if not own:
        for fold in range(protocol.folds):
            rows = fold_split(used, protocol.folds, fold, protocol.seed).samples
            learned = {stream_label(s) for s in rows if s.split == "train"}
            if bare := sorted(taking - learned):
                said.append(f"In division {fold + 1} there is nothing to learn {', '.join(bare)} from, yet it counts.")
    return said


def streams(features: FeatureTable, protocol: Protocol, fold: int) -> Iterator[Stream]:
    """The streams of one fold, one a class order."""
    basics, compounds = taking_part(features.table, protocol.least, own_parts=protocol.folds == 1)
    table = features.table
    if protocol.folds > 1:
        table = fold_split(table, protocol.folds, fold, protocol.seed)
    divided = replace(features, table=table)
    for order in range(protocol.orders):
        drawn = np.random.default_rng([protocol.seed, 1, order]).permutation(len(compounds))
        classes = (*basics, *(compounds[i] for i in drawn))
        yield make_stream(divided, classes, len(basics), stream_label)


def few_shot(stream: Stream, shots: int | None, seed: tuple[int, ...]) -> Stream:
    """The same stream with only so many training pictures of each class after the base phase.

    The draw depends on the seed and the whole of the class's name, not on its place, and fewer shots are the first of
    more.
    """
    if shots is None:
        return stream
    train = stream.train
    keep: list[Tensor] = [torch.nonzero(train.y < stream.base).squeeze(1)]
    for k in range(stream.base, len(stream.classes)):
        mine = torch.nonzero(train.y == k).squeeze(1)
        drawn = np.random.default_rng(seed_of(*seed, stream.classes[k])).permutation(len(mine))[:shots]
        keep.append(mine[torch.from_numpy(drawn)])
    return replace(stream, train=train.rows(torch.cat(keep)))
