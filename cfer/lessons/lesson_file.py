"""A lesson file: lessons to take home and bring back. One safetensors file: features and plain JSON, never a picture.

The header's metadata holds one JSON text, `lessons`: schema version, fingerprint of the network, and for each lesson
its name, constituents, units and eagerness; the tensors are `0.shots`, `0.seen`, `0.against`, `1.shots` and so on, each
(n, C) in full precision. A file is read strictly: anything that is missing, strange, too large or not a number is
answered by a sentence, and nothing of it is used.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.lessons.names import LessonError, clean_name, same_name
from cfer.lessons.record import MOST_PICTURES, Lesson, contradict

SCHEMA_VERSION = 1
MOST_LESSONS = 32
_HEADER = 1_000_000  # bytes, at most
_LARGEST = 1e4  # a feature of this size is none
_PARTS = ("shots", "seen", "against")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    constituents: list[str]
    units: list[int]
    eager: str


class _Contents(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    schema_version: int
    backbone: str
    features: int
    lessons: list[_Entry]


def pack_lessons(base: Checkpoint, lessons: Sequence[Lesson]) -> bytes:
    """Lessons as the bytes of a file.

    Features are those by a reader that is not adapted, where they are known: a file knows no camera.

    Raises:
        LessonError: There is none, or there are too many for a file that can be opened again.
    """
    if not lessons:
        raise LessonError("There is no lesson to save yet.")
    if len(lessons) > MOST_LESSONS:
        raise LessonError("A lesson file holds one to {most} lessons.", most=MOST_LESSONS)
    width = base.model.num_features
    entries = [
        {"name": x.name, "constituents": list(x.constituents), "units": list(x.units), "eager": x.eager}
        for x in lessons
    ]
    contents = {
        "schema_version": SCHEMA_VERSION,
        "backbone": base.facts.backbone,
        "features": width,
        "lessons": entries,
    }
    tensors = {
        f"{i}.{part}": values.reshape(-1, width).float().clone()
        for i, lesson in enumerate(lessons)
        for part, values in (lesson.plain or lesson.features)._asdict().items()
    }
    return save(tensors, {"lessons": json.dumps(contents)})


def most_bytes(width: int) -> int:
    """Size of the largest lesson file for a network of so many features: all that may be packed can be opened."""
    return _HEADER + MOST_LESSONS * len(_PARTS) * MOST_PICTURES * width * 4


def unpack_lessons(base: Checkpoint, data: bytes) -> tuple[Lesson, ...]:
    """Lessons from the bytes of a file, checked against the checkpoint that is to learn them.

    Raises:
        LessonError: The file is no lesson file, is damaged, or was made with another network; says which.
    """
    most = most_bytes(base.model.num_features)
    if len(data) > most:
        raise LessonError("This file is too large for lessons: at most {most} MB.", most=most // 1_000_000)
    contents, tensors = _opened(data)
    if contents.schema_version != SCHEMA_VERSION:
        raise LessonError("This lesson file was made by another version of cfer.")
    if contents.backbone != base.facts.backbone or contents.features != base.model.num_features:
        raise LessonError(
            "These lessons were made with another network than the one that is loaded; features of one mean nothing "
            "to another."
        )
    if not 0 < len(contents.lessons) <= MOST_LESSONS:
        raise LessonError("A lesson file holds one to {most} lessons.", most=MOST_LESSONS)
    if set(tensors) != {f"{i}.{part}" for i in range(len(contents.lessons)) for part in _PARTS}:
        raise LessonError("This lesson file is damaged: its parts do not belong together.")
    found: list[Lesson] = []
    for i, entry in enumerate(contents.lessons):
        shots, seen, against = (_features(tensors[f"{i}.{part}"], contents.features) for part in _PARTS)
        name = clean_name(entry.name, [*base.names, *(lesson.name for lesson in found)])
        if any(part not in base.names for part in entry.constituents) or len(entry.constituents) > 2:
            raise LessonError("The lesson {name!r} is made of expressions that this model does not know.", name=name)
        parts, units = tuple(entry.constituents), tuple(entry.units)
        found.append(Lesson(name, shots, seen, against, parts, units, entry.eager, contents.backbone))
    return tuple(found)


@dataclass(frozen=True)
class LeftOut:
    """A lesson that cannot stand beside others.

    Attributes:
        name: Its name.
        same: What it shares with another one: its "name", however that is written, or its "picture".
        other: The other one's name.
    """

    name: str
    same: Literal["name", "picture"]
    other: str

    def __str__(self) -> str:
        """A sentence."""
        return f"{self.name!r} was left out: its {self.same} is that of {self.other!r}."


def merged(mine: Sequence[Lesson], more: Sequence[Lesson]) -> tuple[tuple[Lesson, ...], tuple[LeftOut, ...]]:
    """Lessons of two people together, and those that were left out because one that is there has their name or picture.

    A lesson that is there already, to the last bit, is not left out but simply the same.
    """
    found, left_out = list(mine), list[LeftOut]()
    for lesson in more:
        taken = same_name(lesson.name, [x.name for x in found])
        known = next((x for x in found if x.name == taken), None)
        if known == lesson:
            continue
        if known is not None:
            left_out.append(LeftOut(lesson.name, "name", known.name))
        elif other := next((x for x in found if contradict(x, lesson)), None):
            left_out.append(LeftOut(lesson.name, "picture", other.name))
        else:
            found.append(lesson)
    return tuple(found), tuple(left_out)


def _opened(data: bytes) -> tuple[_Contents, Mapping[str, Tensor]]:
    no = LessonError("This is not a lesson file.")
    try:
        header = int.from_bytes(data[:8], "little")
        if not 0 < header <= min(len(data) - 8, _HEADER):
            raise no
        fields: dict[str, Any] = json.loads(data[8 : 8 + header])
        metadata = fields.get("__metadata__", {})
        contents = _Contents.model_validate_json(metadata["lessons"])
        if any(value.get("dtype") != "F32" for key, value in fields.items() if key != "__metadata__"):
            raise no
        return contents, load(data)
    except (ValidationError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise no from None


def _features(values: Tensor, width: int) -> Tensor:
    if values.ndim != 2 or values.shape[1] != width or len(values) > MOST_PICTURES:
        raise LessonError("This lesson file is damaged: its features have a wrong shape.")
    if not bool(torch.isfinite(values).all()) or (values.numel() and float(values.abs().max()) > _LARGEST):
        raise LessonError("This lesson file is damaged: its features are not numbers that a face can have.")
    return values
