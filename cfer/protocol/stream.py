"""The stream of class-incremental steps: a learner is handed only what a step may see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cfer.data.samples import Sample
from cfer.emotions import BASICS, EXPRESSIONS, prototype_row
from cfer.features.table import FeatureTable, UnitReadout
from cfer.learners.base import SideInformation, Step


@dataclass(frozen=True)
class Features:
    """Pooled features of labelled pictures.

    Attributes:
        x: (N, C).
        y: (N,) indices into the stream's class order.
        groups: (N,) group numbers, for intervals.
        sources: (N,) number of the data set that a row is from; None where there is only one.
        derived: (N,) whether a row's class was derived from a split vote; None where none was.
    """

    x: Tensor
    y: Tensor
    groups: Tensor
    sources: Tensor | None = None
    derived: Tensor | None = None

    def of(self, classes: range) -> "Features":
        """The rows of some classes."""
        return self.rows((self.y >= classes.start) & (self.y < classes.stop))

    def rows(self, index: Tensor) -> "Features":
        """Some rows, by their numbers or by a mask."""
        more = (None if values is None else values[index] for values in (self.sources, self.derived))
        return Features(self.x[index], self.y[index], self.groups[index], *more)


@dataclass(frozen=True)
class Stream:
    """A class order and its features: `base` classes at once, then one a step.

    Attributes:
        classes: All names, in the order they arrive.
        base: How many of them make step 0.
        train: Only ever handed out step by step.
        validation: For choices.
        test: For reports.
        rendered: Whether each data set is of rendered faces.
        trust: Weight of each data set's labels; empty where all count alike.
        units: What reads action units off the features, if anything does.
        elsewhere: See `Step`.
    """

    classes: tuple[str, ...]
    base: int
    train: Features
    validation: Features
    test: Features
    rendered: tuple[bool, ...] = ()
    trust: tuple[float, ...] = ()
    units: UnitReadout | None = None
    elsewhere: Tensor | None = None

    def __len__(self) -> int:
        return len(self.classes) - self.base + 1

    def step(self, number: int) -> Step:
        """Step `number`, 0 being the basic phase."""
        new = range(self.base) if number == 0 else range(self.base + number - 1, self.base + number)
        part = self.train.of(new)
        place = {name: k for k, name in enumerate(self.classes[: new.stop])}
        known = tuple(
            tuple(place[p] for p in constituents(self.classes[k]) if p in place and place[p] < self.base) for k in new
        )
        units = self.units
        return Step(
            number,
            new,
            new.stop,
            part.x,
            part.y,
            side=SideInformation(
                constituents=known,
                neutral=place.get("neutral"),
                sources=part.sources,
                derived=part.derived,
                trust=torch.tensor(self.trust) if self.trust else None,
                readout=units.weight if units else None,
                prototypes=prototypes(self.classes[new.start : new.stop], units.numbers) if units else None,
                elsewhere=self.elsewhere if number == 0 else None,
            ),
        )

    def train_counts(self, seen: int) -> Tensor:
        """Training pictures (seen,) of each class so far: what a prior may be taken from."""
        return torch.bincount(self.train.y, minlength=len(self.classes))[:seen].float()


def stream_label(sample: Sample) -> str | None:
    """A row's class in the stream: its derived compound where it has one, its single label otherwise."""
    return sample.compound or sample.label


def constituents(name: str) -> tuple[str, ...]:
    """The basics that a class is made of by its name; none for a basic or an unknown one."""
    return EXPRESSIONS[name].constituents if name in EXPRESSIONS else ()


def prototypes(classes: Sequence[str], units: Sequence[int]) -> Tensor:
    """Published shares (K, U) of people who show each unit, 0 to 1; NaN for classes that are not in the vocabulary."""
    unknown = (float("nan"),) * len(units)
    return torch.tensor([prototype_row(name, units) or unknown for name in classes], dtype=torch.float32)


def make_stream(
    features: FeatureTable, classes: tuple[str, ...], base: int, label_of: Callable[[Sample], str | None]
) -> Stream:
    """Index a data set's features by a class order.

    Args:
        features: Rows with splits.
        classes: All names in their order; rows of other classes are left out.
        base: How many make step 0.
        label_of: A row's class.
    """
    rows = features.table.samples
    place = {name: k for k, name in enumerate(classes)}
    groups = {g: i for i, g in enumerate(sorted({s.group for s in rows}))}

    def part(split: str) -> Features:
        index = [i for i, s in enumerate(rows) if s.split == split and label_of(s) in place]
        labels = [place[str(label_of(rows[i]))] for i in index]
        numbers = [groups[rows[i].group] for i in index]
        sources = None if features.sources is None else features.sources[index]
        derived = torch.tensor([rows[i].compound == label_of(rows[i]) for i in index])
        return Features(features.x[index], torch.tensor(labels), torch.tensor(numbers), sources, derived)

    parts = part("train"), part("validation"), part("test")
    return Stream(classes, base, *parts, features.rendered, (), features.units, features.elsewhere)


def basic_stream(features: FeatureTable) -> Stream:
    """The seven basics by their single label, as one step."""
    return make_stream(features, BASICS, len(BASICS), lambda s: s.label)
