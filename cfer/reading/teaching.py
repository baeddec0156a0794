"""Lessons from faces: features for the camera in use and for the one that was learned from; which pictures count."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.lessons.names import BOTH, LessonError, clean_name
from cfer.lessons.record import Features, Lesson, check_agreement, constituents_for
from cfer.pictures import PictureError
from cfer.pictures.near_duplicates import Shown, first_same
from cfer.reading.adapt import LEAST, Adaptation, adapt, camera_correction, unadapted, with_camera
from cfer.reading.embedding import Passes
from cfer.reading.face import FaceReading
from cfer.system.provenance import digest_of, digest_of_all


def shown(face: FaceReading) -> Shown:
    """Mark by which another face of the same picture is known."""
    return Shown(face.crop, face.passes.mark)


def features_of(checkpoint: Checkpoint, shots: Sequence[Passes], against: Sequence[Passes]) -> Features:
    """Features for a lesson, as the camera that was learned from would give them.

    Args:
        checkpoint: Whose backbone, preprocessing and shift.
        shots: Its pictures.
        against: Pictures that are not it.
    """
    width = checkpoint.model.num_features

    def stacked(rows: list[Tensor]) -> Tensor:
        return checkpoint.as_learned(torch.stack(rows)) if rows else torch.empty(0, width, dtype=torch.float32)

    return Features(
        stacked([p.features for p in shots]),
        stacked([p.pooled for p in shots]),
        stacked([p.pooled for p in against]),
    )


def passes_by(checkpoint: Checkpoint, face: FaceReading) -> Passes:
    """Backbone's outputs for a face: what was made of it before, if it would be the same."""
    passes = face.passes
    if passes.backbone is checkpoint.model.backbone and passes.preprocessing == checkpoint.preprocessing:
        return passes
    return Passes(checkpoint.model, checkpoint.preprocessing, face.crop, passes.mark)


def read_again(checkpoint: Checkpoint, pictures: Sequence[Shown]) -> list[Passes]:
    """The crops that a lesson keeps, as a checkpoint's backbone sees them."""
    return [Passes(checkpoint.model, checkpoint.preprocessing, p.crop, p.mark) for p in pictures]


def for_camera(lesson: Lesson, checkpoint: Checkpoint, drift: Tensor | None = None) -> Lesson:
    """A lesson as it is read for the camera that a checkpoint is adapted to.

    Its pictures are read again where the lesson keeps them. Otherwise it is an estimate: what is known of them for a
    reader that is not adapted, moved by what the camera does to other pictures where that is given.

    Args:
        lesson: Read for any camera.
        checkpoint: Adapted, or not.
        drift: By how much (C,) features for this camera lie off plain ones, on average over pictures of it.
    """
    if lesson.camera == checkpoint.camera:
        return lesson
    plain = lesson.as_plain
    if lesson.keeps_crops:
        found = features_of(
            checkpoint, *(read_again(checkpoint, each) for each in (lesson.crops, lesson.against_crops))
        )
        return lesson.with_features(found, checkpoint.camera, plain if checkpoint.camera else None)
    if plain is None:
        return lesson
    if not checkpoint.camera:
        return lesson.with_features(plain, "")
    moved = Features(*(rows + drift if len(rows) and drift is not None else rows for rows in plain))
    return lesson.with_features(moved, checkpoint.camera, plain)


def lesson_from(
    base: Checkpoint,
    plain: Checkpoint,
    name: str,
    shots: Sequence[FaceReading],
    against: Sequence[FaceReading],
    constituents: tuple[str, ...],
    units: tuple[int, ...],
    eager: str,
) -> Lesson:
    """A lesson from faces that a checkpoint read.

    Args:
        base: The checkpoint, adapted to a camera or not.
        plain: The same, not adapted.
        name: The new class's.
        shots: Faces that show it.
        against: Faces that are not it.
        constituents: The basics it blends, if they are known.
        units: Numbers of the action units that it shows, if they are known.
        eager: A key of `cfer.lessons.record.EAGER`.

    Raises:
        LessonError: See `cfer.reading.reader.Reader.lesson`.
    """
    name = clean_name(name, base.names)
    pictures = [tuple(map(shown, each)) for each in (shots, against)]
    found, unmoved = (
        features_of(each, *([passes_by(each, f) for f in faces] for faces in (shots, against)))
        for each in (base, plain)
    )
    lesson = Lesson(
        name,
        *found,
        constituents=constituents_for(name, constituents, base.names),
        units=units,
        eager=eager,
        backbone=base.facts.backbone,
        camera=base.camera,
        plain=unmoved if base.camera else None,
        crops=pictures[0],
        against_crops=pictures[1],
    )
    check_agreement(lesson)
    return lesson


def without_copies(
    shots: Sequence[FaceReading], further: Sequence[FaceReading]
) -> tuple[list[FaceReading], list[FaceReading], list[str]]:
    """Faces to teach from and to check with, without those that are one picture; and sentences about them."""
    taught, checked = ([shown(f) for f in faces] for faces in (shots, further))
    again, tested, twice = first_same(taught), first_same(checked, taught), first_same(checked)
    notes = [
        f"Picture {n} is the same as picture {k + 1} and is counted once."
        for n, k in enumerate(again, 1)
        if k is not None
    ]
    notes += [
        f"Check picture {n} is the same as taught picture {k + 1} and is not counted."
        for n, k in enumerate(tested, 1)
        if k is not None
    ]
    unused = [k is not None or j is not None for k, j in zip(tested, twice, strict=True)]
    notes += [
        f"Check picture {n} is the same as check picture {k + 1} and is counted once."
        for n, (k, taken) in enumerate(zip(twice, tested, strict=True), 1)
        if k is not None and taken is None
    ]
    return (
        [f for f, k in zip(shots, again, strict=True) if k is None],
        [f for f, out in zip(further, unused, strict=True) if not out],
        notes,
    )


def groups_named(faces: Sequence[FaceReading], what: str = "Picture") -> list[str]:
    """A sentence for each face that is the largest of several in its picture: that it was taken."""
    return [
        f"{what} {number} shows {face.among} faces; the largest, at ({', '.join(f'{v:.0f}' for v in face.box)}), was "
        "taken."
        for number, face in enumerate(faces, 1)
        if face.among > 1 and face.is_largest
    ]


def check_listed(pictures: object) -> None:
    """See that pictures were given as a list, not as the name of one.

    Raises:
        PictureError: They were not.
    """
    single = str | bytes | bytearray | memoryview | Path | FaceReading | Image.Image
    alone = isinstance(pictures, single) or hasattr(pictures, "read") or len(getattr(pictures, "shape", ())) in (2, 3)
    if alone or not hasattr(pictures, "__iter__"):
        raise PictureError("A list of pictures is wanted, not one picture: [picture].")


def check_brought_once(
    shots: Sequence[FaceReading], against: Sequence[FaceReading], further: Sequence[FaceReading], name: str
) -> None:
    """See that no picture is brought as a class, to teach or to check with, and as not it.

    Raises:
        LessonError: One is; the message says which.
    """
    others = [shown(f) for f in against]
    for said, faces in ((BOTH, shots), (f"Check {BOTH[0].lower()}{BOTH[1:]}", further)):
        again = first_same([shown(f) for f in faces], others)
        if number := next((n for n, k in enumerate(again, 1) if k is not None), None):
            raise LessonError(said, number=number, name=name)


def name_of(picture: object, number: int) -> str:
    """Name of a picture in a message: its path, or its place."""
    return str(picture) if isinstance(picture, str | os.PathLike) else f"picture {number}"


def adapted_to(
    base: Checkpoint, lessons: Sequence[Lesson], faces: Sequence[FaceReading]
) -> tuple[Checkpoint, list[Lesson], Adaptation]:
    """A checkpoint that is adapted to where some faces were taken, and its lessons as they are read there.

    Args:
        base: The checkpoint without lessons, adapted before or not.
        lessons: What it is taught.
        faces: Faces of pictures of that place.

    Raises:
        AdaptError: There are too few faces.
    """
    plain = unadapted(base)
    features = pooled(plain, faces)
    corrected = None
    if len(faces) >= LEAST:
        camera = camera_correction(plain, [f.crop for f in faces])
        corrected = camera, pooled(with_camera(plain, camera), faces)
    made_from = digest_of_all(digest_of(f.crop.tobytes()) for f in faces)
    adapted, done = adapt(plain, features, corrected, made_from)
    seen = features if corrected is None else corrected[1]
    drift = adapted.as_learned(seen).mean(0) - features.mean(0)
    moved = [for_camera(lesson, adapted, drift) for lesson in lessons]
    guessed = (*(base.facts.lessons or {}), *(x.name for x in moved if len(x.shots) and not x.keeps_crops))
    return adapted, moved, replace(done, estimated=guessed)


def pooled(checkpoint: Checkpoint, faces: Sequence[FaceReading]) -> Tensor:
    """Pooled features (N, C) of some faces, as a checkpoint's backbone sees them."""
    rows = [passes_by(checkpoint, f).pooled for f in faces]
    return torch.stack(rows) if rows else torch.empty(0, checkpoint.model.num_features, dtype=torch.float32)
