"""Face crops of rendered pictures with their ground truth: units, what they moved, landmarks, basic expression."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import naming
from cfer.emotions import BASICS
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.features.displacement import moved_by
from cfer.network.preprocessing import Preprocessing
from cfer.synth.action_units import ACTION_UNITS
from cfer.synth.truth import read_truth

UNITS = tuple(ACTION_UNITS)
LANDMARK_COUNT = 68
MOVED_SIDE = 32
"""Cells a side at which it is kept what each unit moved."""


@dataclass(frozen=True)
class RenderedCrops:
    """Face crops of rendered pictures with what is known of them.

    Attributes:
        rows: Numbers of the pictures in the table that was read.
        pixels: (N, 1 or 3, d, d) uint8.
        units: (N, U) intensities in 0..1, in the order of `UNITS`.
        landmarks: (N, 68, 2) columns and rows, -1 to 1 over the crop.
        basic: (N,) index into `BASICS`, or -1.
        moved: (N, U, m, m) bool, the cells of the crop that each unit moved; none for a unit that was not performed.
    """

    rows: tuple[int, ...]
    pixels: Tensor
    units: Tensor
    landmarks: Tensor
    basic: Tensor
    moved: Tensor


def joined_crops(sets: Sequence[RenderedCrops]) -> RenderedCrops:
    """Several sets as one; the rows are those of each set's own table."""
    if len(sets) == 1:
        return sets[0]
    tensors = (
        torch.cat(parts)
        for parts in zip(*((s.pixels, s.units, s.landmarks, s.basic, s.moved) for s in sets), strict=True)
    )
    return RenderedCrops(tuple(row for s in sets for row in s.rows), *tensors)


def load_rendered(table: SampleTable, preprocessing: Preprocessing, *, progress: bool = False) -> RenderedCrops:
    """Find and cut out the faces of rendered pictures; those in which none is found are left out.

    Raises:
        ValueError: No row has a truth and a face.
    """

    def load(sample: Sample) -> tuple[Tensor, Tensor, Tensor, int, Tensor] | None:
        with naming(sample.path):
            picture = table.source.read(sample.path)
        faces = detect_faces(picture)
        if not faces:
            return None
        with naming(str(sample.truth)):
            truth = read_truth(table.source.read_bytes(str(sample.truth)))
        pixels = (preprocessing.shrink(align(picture, faces[0])) * 255).round().to(torch.uint8)
        units = torch.tensor([truth.units.get(u, 0.0) for u in UNITS])
        frame = frame_of(faces[0])
        landmarks = torch.from_numpy(frame.locate(truth.landmarks).astype(np.float32))
        cells = torch.zeros(len(UNITS), MOVED_SIDE, MOVED_SIDE, dtype=torch.bool)
        if moved := moved_by(truth, frame, MOVED_SIDE):
            cells[[UNITS.index(u) for u in moved.units]] = moved.unit_masks.bool()
        return pixels, units, landmarks, BASICS.index(sample.label) if sample.label in BASICS else -1, cells

    rows = [i for i, s in enumerate(table.samples) if s.truth]
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(load, [table.samples[i] for i in rows])
        loaded = list(tqdm(found, "rendered faces", len(rows), disable=not progress, leave=False))
    kept = [(i, face) for i, face in zip(rows, loaded, strict=True) if face is not None]
    if not kept:
        raise ValueError(f"{table.name} has no rendered face with its ground truth.")
    pixels, units, landmarks, basic, cells = zip(*(face for _, face in kept), strict=True)
    return RenderedCrops(
        tuple(i for i, _ in kept),
        torch.stack(pixels),
        torch.stack(units),
        torch.stack(landmarks),
        torch.tensor(basic),
        torch.stack(cells),
    )
