"""Adapt a checkpoint to a camera or a collection from unlabelled faces: how such pictures look, and where they lie.

What a camera does to brightness and detail of all its pictures is taken back in the pixels (`cfer.network.camera`).
What is left moves all features of a place alike. How far is what remains of the mean of some faces after the
expressions that they seem to show are taken out, and it is taken out of the logits of all classes. No weight is
learned, no picture is kept, and going back is forgetting one filter and one vector.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.emotions import Kind
from cfer.learners.base import Head
from cfer.network.camera import CameraCorrection, correction, look_of
from cfer.system.files import tensor_digest
from cfer.system.refusals import RefusalError

LEAST = 20
"""Fewest faces to adapt from."""
WORTH = 10.0
"""What not being moved at all is worth, in faces."""
ROUNDS = 20
ONE_SIDED = 0.8
"""Share of faces of one expression from which on a person is warned."""
FEWEST_CHECKS = 3
"""Check features of a class from which its mean is taken."""


class AdaptError(RefusalError):
    """Adapting is not possible; the message says why and what to do."""


@dataclass(frozen=True)
class Adaptation:
    """Result of adapting.

    Attributes:
        faces: How many it was adapted from.
        changed: Share of them, 0 to 1, that are answered otherwise now.
        before: How many were called what before.
        after: How many are called what now.
        one_sided: The expression that nearly all of them are called now, and how many are, where they are too much
            alike for this to be safe; None otherwise.
        left_out: Name of every picture that could not be read, and why.
        estimated: Lessons whose pictures are not there to be read again: what the camera does to them is the mean of
            what it does to the others.
    """

    faces: int
    changed: float
    before: dict[str, int]
    after: dict[str, int]
    one_sided: tuple[str, int] | None
    left_out: tuple[tuple[str, str], ...] = ()
    estimated: tuple[str, ...] = ()

    @property
    def warning(self) -> str | None:
        """A sentence where the faces are too much alike; None otherwise."""
        if self.one_sided is None:
            return None
        name, count = self.one_sided
        return (
            f"{count} of {self.faces} faces are called {name} now. Adapting is safer with several expressions among "
            "the pictures: what all of them share is taken for the camera."
        )


def camera_correction(checkpoint: Checkpoint, crops: Sequence[np.ndarray]) -> CameraCorrection | None:
    """Correction that makes crops (S, S, 3) uint8 look as the photographs learned from; None where there were none."""
    if checkpoint.look is None:
        return None
    shrink = checkpoint.preprocessing.uncorrected.shrink
    return correction(look_of(torch.stack([shrink(crop) for crop in crops])), checkpoint.look)


def with_camera(checkpoint: Checkpoint, camera: CameraCorrection | None) -> Checkpoint:
    """A checkpoint that puts its pictures right first, or does not."""
    return replace(checkpoint, preprocessing=replace(checkpoint.preprocessing, camera=camera))


def adapt(
    checkpoint: Checkpoint,
    features: Tensor,
    corrected: tuple[CameraCorrection | None, Tensor] | None = None,
    made_from: str | None = None,
) -> tuple[Checkpoint, Adaptation]:
    """Adapt to where some faces were taken; an earlier adaptation is replaced. The checkpoint given stays as it was.

    Args:
        checkpoint: A model with check features of base classes.
        features: Pooled features (N, C) of N faces, as they are read by a checkpoint that is not adapted.
        corrected: What puts their pictures right, and their features (N, C) then.
        made_from: A digest of the pictures; of the features by default.

    Raises:
        AdaptError: There are too few faces, or the checkpoint keeps nothing to compare them with.
    """
    if len(features) < LEAST:
        if len(features) == 1:
            raise AdaptError("Adapting needs at least {least} faces; there is 1.", least=LEAST)
        raise AdaptError("Adapting needs at least {least} faces; there are {count}.", least=LEAST, count=len(features))
    plain = unadapted(checkpoint)
    camera, seen = corrected or (None, features)
    classes, means = reference_means(plain)
    head = Head(plain.head.weight[classes], plain.head.bias[classes])
    shift = camera_shift(seen, head, means)
    adapted = with_camera(plain.with_shift(shift, len(features), made_from or tensor_digest(features)), camera)
    old, new = (F.linear(x, *c.head).argmax(1).tolist() for x, c in ((features, plain), (seen, adapted)))
    before, after = (dict(Counter(checkpoint.names[k] for k in answers).most_common()) for answers in (old, new))
    changed = sum(a != b for a, b in zip(old, new, strict=True)) / len(old)
    name, count = next(iter(after.items()))
    one_sided = (name, count) if count >= ONE_SIDED * len(features) else None
    return adapted, Adaptation(len(features), changed, before, after, one_sided)


def unadapted(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint as it was before it was adapted."""
    return checkpoint if checkpoint.shift is None else with_camera(checkpoint.with_shift(None), None)


def reference_means(checkpoint: Checkpoint) -> tuple[list[int], Tensor]:
    """Base classes with enough check features of photographs, and their means (R, C) there.

    Raises:
        AdaptError: There are fewer than two such classes.
    """
    x, y, domains = checkpoint.checks.x, checkpoint.checks.y, checkpoint.domains
    photographs = torch.ones(len(x), dtype=torch.bool)
    if domains is not None:
        photographs = domains.shares(x)[:, 1] > 0.5
    base = [k for k, c in enumerate(checkpoint.classes) if c.kind in {Kind.NEUTRAL, Kind.BASIC}]
    rows = {k: photographs & (y == k) for k in base}
    classes = [k for k in base if int(rows[k].sum()) >= FEWEST_CHECKS]
    if len(classes) < 2:
        raise AdaptError("This checkpoint keeps too few features of photographs to compare yours with.")
    return classes, torch.stack([x[rows[k]].mean(0) for k in classes])


def camera_shift(features: Tensor, head: Head, means: Tensor) -> Tensor:
    """By how much (C,) features lie off the class means, whatever expressions they show.

    Expectation maximisation: which class each face shows, as if it were not moved; then the mean of what is left.

    Args:
        features: (N, C).
        head: Of the classes whose means are known.
        means: (R, C).
    """
    shift = torch.zeros_like(features[0])
    for _ in range(ROUNDS):
        chances = F.linear(features - shift, *head).softmax(1)  # (N, R)
        shift = (features - chances @ means).mean(0) * len(features) / (len(features) + WORTH)
    return shift
