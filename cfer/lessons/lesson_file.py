"""A lesson file: lessons to take home and bring back. One safetensors file: features and plain JSON, never a picture.

The header's metadata holds one JSON text, `lessons`: schema version, fingerprint of the network, and for each lesson
its name, constituents, units and eagerness; the tensors are `0.shots`, `0.seen`, `0.against`, `1.shots` and so on, each
(n, C) in full precision. A file is read strictly: anything that is missing, strange, too large or not a number is
answered by a sentence, and nothing of it is used.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.lessons.names import LessonError, clean_name
from cfer.lessons.record import MOST_PICTURES, Lesson

SCHEMA_VERSION = 1
MOST_BYTES = 8_000_000
MOST_LESSONS = 32
_LARGEST = 1e4  # a feature of this size is none
_PARTS = ("shots", "seen", "against")
_SUFFIX = ".safetensors"


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

    Raises:
        LessonError: There is none.
    """
    if not lessons:
        raise LessonError("There is no lesson to save yet.")
    if len(lessons) > MOST_LESSONS:
        raise LessonError(f"A lesson file holds one to {MOST_LESSONS} lessons.")
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
        f"{i}.{part}": getattr(lesson, part).reshape(-1, width).float().contiguous()
        for i, lesson in enumerate(lessons)
        for part in _PARTS
    }
    return save(tensors, {"lessons": json.dumps(contents)})


def unpack_lessons(base: Checkpoint, data: bytes) -> tuple[Lesson, ...]:
    """Lessons from the bytes of a file, checked against the checkpoint that is to learn them.

    Raises:
        LessonError: The file is no lesson file, is damaged, or was made with another network; says which.
    """
    if len(data) > MOST_BYTES:
        raise LessonError(f"This file is too large for lessons: at most {MOST_BYTES // 1_000_000} MB.")
    contents, tensors = _opened(data)
    if contents.schema_version != SCHEMA_VERSION:
        raise LessonError("This lesson file was made by another version of cfer.")
    if contents.backbone != base.facts.backbone or contents.features != base.model.num_features:
        raise LessonError(
            "These lessons were made with another network than the one that is loaded; features of one mean nothing "
            "to another."
        )
    if not 0 < len(contents.lessons) <= MOST_LESSONS:
        raise LessonError(f"A lesson file holds one to {MOST_LESSONS} lessons.")
    if set(tensors) != {f"{i}.{part}" for i in range(len(contents.lessons)) for part in _PARTS}:
        raise LessonError("This lesson file is damaged: its parts do not belong together.")
    found: list[Lesson] = []
    for i, entry in enumerate(contents.lessons):
        shots, seen, against = (_features(tensors[f"{i}.{part}"], contents.features) for part in _PARTS)
        name = clean_name(entry.name, [*base.names, *(lesson.name for lesson in found)])
        if any(part not in base.names for part in entry.constituents) or len(entry.constituents) > 2:
            raise LessonError(f"The lesson {name!r} is made of expressions that this model does not know.")
        found.append(Lesson(name, shots, seen, against, tuple(entry.constituents), tuple(entry.units), entry.eager))
    return tuple(found)


def merged(mine: Sequence[Lesson], more: Sequence[Lesson]) -> tuple[tuple[Lesson, ...], tuple[str, ...]]:
    """Lessons of two people together, and the names of those that were left out because the name is taken.

    A lesson that is there already, to the last bit, is not left out but simply the same.
    """
    found, refused = {lesson.name: lesson for lesson in mine}, []
    for lesson in more:
        known = found.setdefault(lesson.name, lesson)
        if known != lesson:
            refused.append(lesson.name)
    return tuple(found.values()), tuple(refused)


def _opened(data: bytes) -> tuple[_Contents, Mapping[str, Tensor]]:
    no = LessonError("This is not a lesson file.")
    try:
        header = int.from_bytes(data[:8], "little")
        if not 0 < header <= min(len(data) - 8, 1_000_000):
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
