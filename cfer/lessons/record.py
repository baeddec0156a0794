"""A lesson as a record: a name, what it is made of, features of its pictures.

A file of lessons holds no picture. In memory a lesson may keep the face crops that it was taught from, so that they can
be read again when the reader is adapted to a camera; `Lesson.without_crops` is one that does not.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from cfer.emotions import EXPRESSIONS, UNIT_NAMES, Kind
from cfer.lessons.names import BOTH, LessonError, same_name
from cfer.lessons.placement import Limit
from cfer.pictures.near_duplicates import Shown, first_same

MOST_PICTURES = 20
"""Pictures of a lesson, and of what it is not."""
EAGER: Mapping[str, Limit] = MappingProxyType(
    {"careful": Limit(0.1, 0.01), "balanced": Limit(0.3, 0.03), "eager": Limit(0.7, 0.07)}
)
"""How hard a class may pull: what it may claim of the old ones. The default was chosen on people that no report uses
(`benchmarks/lessons/measure.py`); the other two are more and less of the same."""
DEFAULT_EAGER = "balanced"


class Features(NamedTuple):
    """Features of a lesson's pictures, by one backbone.

    Attributes:
        shots: See `Lesson`.
        seen: See `Lesson`.
        against: See `Lesson`.
    """

    shots: Tensor
    seen: Tensor
    against: Tensor


@dataclass(frozen=True, eq=False)
class Lesson:
    """One taught class. Immutable: improving or renaming it gives another record.

    All features are as the camera that was learned from would give them (`Checkpoint.as_learned`).

    Attributes:
        name: The class, as `cfer.lessons.names.clean_name` gives it.
        shots: Features (n, C) of its pictures, the mean over a picture and its mirror image: what is learned from.
        seen: Features (n, C) of the same pictures as they are read: what has to be recognised.
        against: Features (m, C) of pictures that are not it, as they are read.
        constituents: Names of the basics that it blends, where they are known.
        units: Numbers of the action units that it shows, where somebody listed them.
        eager: A key of `EAGER`.
        backbone: A digest of the backbone whose features these are; "" where nobody said.
        camera: `Checkpoint.camera` of whoever read the pictures: "" for one that is not adapted.
        plain: The features by a reader that is not adapted; None where these are they, or where nobody knows.
        crops: What the pictures show, in memory alone; empty where it was not kept.
        against_crops: The same of the pictures that are not it.
    """

    name: str
    shots: Tensor
    seen: Tensor
    against: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    constituents: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    eager: str = DEFAULT_EAGER
    backbone: str = ""
    camera: str = ""
    plain: Features | None = None
    crops: tuple[Shown, ...] = field(default=(), repr=False)
    against_crops: tuple[Shown, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Check what can be checked without a model.

        Raises:
            LessonError: There are too many pictures, or nothing to learn from.
        """
        object.__setattr__(self, "units", _numbers(self.units))
        if len(self.shots) != len(self.seen):
            raise LessonError("Every picture of a lesson needs both of its readings.")
        if max(len(self.shots), len(self.against)) > MOST_PICTURES:
            raise LessonError("A lesson has at most {most} pictures.", most=MOST_PICTURES)
        if self.eager not in EAGER:
            raise LessonError("A lesson is {ways}; {way!r} is none of these.", ways=", ".join(EAGER), way=self.eager)
        if strange := sorted(set(self.units) - set(UNIT_NAMES)):
            raise LessonError("There is no action unit {unit} here.", unit=strange[0])
        if not len(self.shots) and len(self.constituents) < 2 and not self.units and self.name not in EXPRESSIONS:
            raise LessonError(
                "Bring a picture of the new expression, or say which two basic expressions it blends, or which muscles "
                "it shows."
            )

    @property
    def features(self) -> Features:
        """Its features."""
        return Features(self.shots, self.seen, self.against)

    @property
    def as_plain(self) -> Features | None:
        """Its features by a reader that is not adapted; None where nobody knows them."""
        return self.features if not self.camera else self.plain

    @property
    def keeps_crops(self) -> bool:
        """True if all its pictures can be read again."""
        return len(self.crops) == len(self.shots) and len(self.against_crops) == len(self.against)

    def with_features(self, features: Features, camera: str, plain: Features | None = None) -> "Lesson":
        """The same lesson as it is read for another camera."""
        return replace(self, **features._asdict(), camera=camera, plain=plain)

    def without_crops(self) -> "Lesson":
        """The same lesson without what its pictures show."""
        return replace(self, crops=(), against_crops=())

    @property
    def kind(self) -> Kind:
        """The vocabulary's kind of that name, or taught."""
        return EXPRESSIONS[self.name].kind if self.name in EXPRESSIONS else Kind.TAUGHT

    def __eq__(self, other: object) -> bool:
        """True if two records say the same, to the last bit."""
        if not isinstance(other, Lesson):
            return NotImplemented
        words = ("name", "constituents", "units", "eager")
        mine, theirs = _comparable(self, other)
        return all(getattr(self, a) == getattr(other, a) for a in words) and all(map(torch.equal, mine, theirs))

    def __reduce__(self) -> tuple[Any, ...]:
        """Contents that go to another process: arrays, where torch would share every tensor's memory, a file each."""
        plain = None if self.plain is None else tuple(rows.numpy() for rows in self.plain)
        words = {name: getattr(self, name) for name in _WORDS}
        return _again, (words, tuple(rows.numpy() for rows in self.features), plain)


_WORDS = ("name", "constituents", "units", "eager", "backbone", "camera", "crops", "against_crops")


Rows = tuple[np.ndarray, ...]


def _again(words: dict[str, Any], features: Rows, plain: Rows | None) -> Lesson:
    without = None if plain is None else Features(*map(torch.from_numpy, plain))
    return Lesson(**words, **Features(*map(torch.from_numpy, features))._asdict(), plain=without)


def _comparable(one: Lesson, other: Lesson) -> tuple[Features, Features]:
    """Features of two lessons as one reader sees them, where that is known."""
    mine, theirs = one.as_plain, other.as_plain
    return (one.features, other.features) if mine is None or theirs is None else (mine, theirs)


def _numbers(units: object) -> tuple[int, ...]:
    """Action units as whole numbers.

    Raises:
        LessonError: They are not.
    """
    try:
        found = [] if units is None else list(cast("Iterable[Any]", units))
        if any(isinstance(unit, bool) for unit in found):
            raise TypeError
        return tuple(operator.index(unit) for unit in found)
    except TypeError:
        raise LessonError("Action units are a list of their numbers: [6, 12].") from None


def constituents_for(name: str, chosen: tuple[str, ...], known: Sequence[str]) -> tuple[str, ...]:
    """The constituents a class is taught with: those chosen, or the vocabulary's where the model knows both.

    Raises:
        LessonError: A chosen constituent is not known to the model, or there are more than two.
    """
    if isinstance(chosen, str):
        raise LessonError("The constituents are a list: [{given!r}].", given=chosen)
    chosen = tuple(chosen or ())
    meant = [same_name(part, known) for part in chosen]
    for part, name_of_part in zip(chosen, meant, strict=True):
        if name_of_part is None:
            raise LessonError("{name!r} is not a class of this model.", name=part)
    parts = tuple(dict.fromkeys(part for part in meant if part))
    if len(parts) > 2:
        raise LessonError("An expression is made of two others at most, not of {count}.", count=len(parts))
    if parts:
        return parts
    entry = EXPRESSIONS.get(name)
    return entry.constituents if entry and all(p in known for p in entry.constituents) else ()


_EQUAL = 1e-3
"""Distance of two readings of one picture, at most, as a share of their length."""


def contradict(one: Lesson, other: Lesson) -> bool:
    """True if one picture stands in two lessons, for both of their classes.

    Pictures are compared where both lessons keep them; by features otherwise, which only tell the very same file.
    """
    if one.crops and other.crops:
        return any(k is not None for k in first_same(one.crops, other.crops))
    mine, theirs = _comparable(one, other)
    return _share_a_row(mine.seen, theirs.seen)


def check_agreement(lesson: Lesson) -> None:
    """See that no picture is brought as a lesson's class and as not it.

    Raises:
        LessonError: One is; the message says which.
    """
    again = first_same(lesson.crops, lesson.against_crops) if lesson.crops and lesson.against_crops else []
    number = next((n for n, k in enumerate(again, 1) if k is not None), None)
    if number is not None or _share_a_row(lesson.seen, lesson.against):
        if number:
            raise LessonError(BOTH, number=number, name=lesson.name)
        raise LessonError(
            "A picture is brought as {name!r} and as not it. Leave it out of one of the two.", name=lesson.name
        )


def _share_a_row(one: Tensor, other: Tensor) -> bool:
    """True if a row (C,) of one (n, C) stands in another (m, C)."""
    if not len(one) or not len(other) or one.shape[1] != other.shape[1]:
        return False
    close = torch.cdist(one.double(), other.double()) < _EQUAL * one.double().norm(dim=1, keepdim=True)
    return bool(close.any())
