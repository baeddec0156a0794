"""A lesson as a record: a name, what it is made of, features of its pictures. Never a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from cfer.emotions import EXPRESSIONS, UNIT_NAMES, Kind
from cfer.lessons.names import LessonError, same_name
from cfer.lessons.placement import Limit

MOST_PICTURES = 20
"""Pictures of a lesson, and of what it is not."""
EAGER: Mapping[str, Limit] = MappingProxyType(
    {"careful": Limit(0.1, 0.01), "balanced": Limit(0.3, 0.03), "eager": Limit(0.7, 0.07)}
)
"""How hard a class may pull: what it may claim of the old ones. The default was chosen on people that no report uses
(`benchmarks/lessons.py`); the other two are more and less of the same."""
DEFAULT_EAGER = "balanced"


@dataclass(frozen=True, eq=False)
class Lesson:
    """One taught class. Immutable: improving or renaming it gives another record.

    Attributes:
        name: The class, as `cfer.lessons.names.clean_name` gives it.
        shots: Features (n, C) of its pictures, the mean over a picture and its mirror image: what is learned from.
        seen: Features (n, C) of the same pictures as they are read: what has to be recognised.
        against: Features (m, C) of pictures that are not it, as they are read.
        constituents: Names of the basics that it blends, where they are known.
        units: Numbers of the action units that it shows, where somebody listed them.
        eager: A key of `EAGER`.
    """

    name: str
    shots: Tensor
    seen: Tensor
    against: Tensor = field(default_factory=lambda: torch.empty(0, 0))
    constituents: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    eager: str = DEFAULT_EAGER

    def __post_init__(self) -> None:
        """Check what can be checked without a model.

        Raises:
            LessonError: There are too many pictures, or nothing to learn from.
        """
        if len(self.shots) != len(self.seen):
            raise LessonError("Every picture of a lesson needs both of its readings.")
        if max(len(self.shots), len(self.against)) > MOST_PICTURES:
            raise LessonError(f"A lesson has at most {MOST_PICTURES} pictures.")
        if self.eager not in EAGER:
            raise LessonError(f"A lesson is {', '.join(EAGER)}; {self.eager!r} is none of these.")
        if strange := sorted(set(self.units) - set(UNIT_NAMES)):
            raise LessonError(f"There is no action unit {strange[0]} here.")
        if not len(self.shots) and len(self.constituents) < 2 and not self.units and self.name not in EXPRESSIONS:
            raise LessonError(
                "Bring a picture of the new expression, or say which two basic expressions it blends, or which muscles "
                "it shows."
            )

    @property
    def kind(self) -> Kind:
        """The vocabulary's kind of that name, or taught."""
        return EXPRESSIONS[self.name].kind if self.name in EXPRESSIONS else Kind.TAUGHT

    def __eq__(self, other: object) -> bool:
        """Whether two records say the same, to the last bit."""
        if not isinstance(other, Lesson):
            return NotImplemented
        plain = ("name", "constituents", "units", "eager")
        tensors = ("shots", "seen", "against")
        return all(getattr(self, a) == getattr(other, a) for a in plain) and all(
            torch.equal(getattr(self, a), getattr(other, a)) for a in tensors
        )


def constituents_for(name: str, chosen: tuple[str, ...], known: Sequence[str]) -> tuple[str, ...]:
    """The constituents a class is taught with: those chosen, or the vocabulary's where the model knows both.

    Raises:
        LessonError: A chosen constituent is not known to the model, or there are more than two.
    """
    meant = [same_name(part, known) for part in chosen]
    for part, name_of_part in zip(chosen, meant, strict=True):
        if name_of_part is None:
            raise LessonError(f"{part!r} is not a class of this model.")
    parts = tuple(dict.fromkeys(part for part in meant if part))
    if len(parts) > 2:
        raise LessonError(f"An expression is made of two others at most, not of {len(parts)}.")
    if parts:
        return parts
    entry = EXPRESSIONS.get(name)
    return entry.constituents if entry and all(p in known for p in entry.constituents) else ()
