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
    """What one method is given.

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
    """How a data set is cut into streams.

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


def taking_part(table: SampleTable, least: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Basics and compounds with enough pictures, in the vocabulary's order.

    Raises:
        ValueError: There are fewer than two basics or no compound.
    """
    counts = Counter(stream_label(s) for s in table.samples)
    basics = tuple(n for n in BASICS if counts[n] >= least)
    compounds = tuple(n for n in COMPOUNDS if counts[n] >= least)
    if len(basics) < 2 or not compounds:
        found = {n: counts[n] for n in (*BASICS, *COMPOUNDS) if counts[n]}
        raise ValueError(f"A stream needs two basics and a compound with {least} pictures each; there are {found}.")
    return basics, compounds


def too_rare(table: SampleTable, least: int) -> dict[str, int]:
    """Classes that have pictures, but too few to take part, with how many."""
    counts = Counter(stream_label(s) for s in table.samples)
    return {name: counts[name] for name in (*BASICS, *COMPOUNDS) if 0 < counts[name] < least}


def streams(features: FeatureTable, protocol: Protocol, fold: int) -> Iterator[Stream]:
    """The streams of one fold, one a class order."""
    basics, compounds = taking_part(features.table, protocol.least)
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
