"""What rendered faces teach beside expressions: how far each action unit is contracted, and where the landmarks are.

A network that has to answer these keeps the fine geometry that telling seven expressions apart would let it throw
away. The two heads are only there while it learns.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from cfer.data.samples import Sample, SampleTable
from cfer.emotions import BASICS
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.model import FaceModel, Preprocessing
from cfer.synth.action_units import ACTION_UNITS
from cfer.synth.truth import read_truth

UNITS = tuple(ACTION_UNITS)
LANDMARK_COUNT = 68

UNIT_WEIGHT, LANDMARK_WEIGHT, EXPRESSION_WEIGHT = 3.0, 8.0, 0.3
"""Of the losses beside the votes' cross-entropy: they bring all four to about the same size early in a run."""


@dataclass(frozen=True)
class RenderedCrops:
    """Face crops of rendered pictures with what is known of them.

    Attributes:
        pixels: (N, 1 or 3, d, d) uint8.
        units: (N, U) intensities in 0..1, in the order of `UNITS`.
        landmarks: (N, 68, 2) columns and rows, -1 to 1 over the crop.
        basic: (N,) index into `BASICS`, or -1.
    """

    pixels: Tensor
    units: Tensor
    landmarks: Tensor
    basic: Tensor


def load_rendered(table: SampleTable, preprocessing: Preprocessing, *, progress: bool = False) -> RenderedCrops:
    """Find and cut out the faces of rendered pictures; those in which none is found are left out.

    Raises:
        ValueError: No row has a truth and a face.
    """

    def load(sample: Sample) -> tuple[Tensor, Tensor, Tensor, int] | None:
        picture = table.source.read(sample.path)
        faces = detect_faces(picture)
        if not faces:
            return None
        truth = read_truth(table.source.read_bytes(str(sample.truth)))
        pixels = (preprocessing.shrink(align(picture, faces[0])) * 255).round().to(torch.uint8)
        units = torch.tensor([truth.units.get(u, 0.0) for u in UNITS])
        landmarks = torch.from_numpy(frame_of(faces[0]).locate(truth.landmarks).astype(np.float32))
        return pixels, units, landmarks, BASICS.index(sample.label) if sample.label in BASICS else -1

    rows = [s for s in table.samples if s.truth]
    with ThreadPoolExecutor(2) as pool:
        loaded = list(tqdm(pool.map(load, rows), "rendered faces", len(rows), disable=not progress, leave=False))
    kept = [row for row in loaded if row is not None]
    if not kept:
        raise ValueError(f"{table.name} has no rendered face with its ground truth.")
    pixels, units, landmarks, basic = zip(*kept, strict=True)
    return RenderedCrops(torch.stack(pixels), torch.stack(units), torch.stack(landmarks), torch.tensor(basic))


class MuscleModel(nn.Module):
    """A face model with the two further heads on its pooled features."""

    def __init__(self, face: FaceModel) -> None:
        """Wrap a model; its weights are shared, the new heads start at zero."""
        super().__init__()
        self.face = face
        self.units = nn.Linear(face.num_features, len(UNITS), device="meta").to_empty(device="cpu")
        self.landmarks = nn.Linear(face.num_features, 2 * LANDMARK_COUNT, device="meta").to_empty(device="cpu")
        for head in (self.units, self.landmarks):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, S, S) -> expression logits (B, K), unit logits (B, U), landmarks (B, 68, 2)."""
        pooled = self.face.pool(self.face.features(x))  # (B, C)
        return self.face.head(pooled), self.units(pooled), self.landmarks(pooled).unflatten(1, (LANDMARK_COUNT, 2))


def rendered_loss(
    logits: Tensor, unit_logits: Tensor, places: Tensor, units: Tensor, landmarks: Tensor, basic: Tensor
) -> Tensor:
    """Loss of rendered faces: units by cross-entropy with their intensity, landmarks, and basic expressions.

    Rendered expressions are equally frequent, so no prior is added to their logits.

    Args:
        logits: (B, K) of the expressions.
        unit_logits: (B, U).
        places: (B, 68, 2).
        units: (B, U) in 0..1.
        landmarks: (B, 68, 2).
        basic: (B,) index, or -1 where no basic expression is shown.
    """
    loss = UNIT_WEIGHT * F.binary_cross_entropy_with_logits(unit_logits, units)
    loss = loss + LANDMARK_WEIGHT * F.smooth_l1_loss(places, landmarks, beta=0.05)
    named = F.cross_entropy(logits, basic, ignore_index=-1, reduction="sum") / (basic >= 0).sum().clamp(min=1)
    return loss + EXPRESSION_WEIGHT * named
