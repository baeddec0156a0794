"""Face crops of photographs with what other networks, the teachers, say of them.

Photographs have teachers' answers where `teachers.npz` lies beside its `samples.csv`, rows in the same order:
`basic_logits` (N, 7) of an expression network in the order of `BASICS`; `blendshapes` (N, 52) in MediaPipe's order,
0 to 1; `landmarks` (N, 478, 2) of MediaPipe's face mesh, -1 to 1 over the picture.
"""

import io
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cfer.data.manifest import COLUMNS, MANIFEST
from cfer.data.samples import SampleTable
from cfer.data.sources import naming
from cfer.data.tables import read_table
from cfer.emotions import BASICS
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.network.preprocessing import Preprocessing
from cfer.system.provenance import digest_of, digest_of_all

TEACHERS = "teachers.npz"
BLENDSHAPE_COUNT = 52
_LEFT = (1, 4, 7, 9, 11, 13, 15, 17, 19, 21, 28, 30, 34, 36, 44, 46, 48, 50)
"""Blendshapes of the left side whose partner on the right comes next in MediaPipe's order."""
_SWAPS = {left: left + 1 for left in _LEFT} | {left + 1: left for left in _LEFT} | {24: 26, 26: 24, 33: 39, 39: 33}
SIDES_SWAPPED = tuple(_SWAPS.get(shape, shape) for shape in range(BLENDSHAPE_COUNT))
"""Which blendshape takes a blendshape's place in a mirror; jaw and mouth that go left or right are among them."""
AGREEING = (
    (1, (3,)),
    (2, (4, 5)),
    (4, (1, 2)),
    (5, (21, 22)),
    (9, (50, 51)),
    (10, (48, 49)),
    (12, (44, 45)),
    (26, (25,)),
)
"""Units with the MediaPipe blendshapes (browInnerUp, browOuterUp, browDown, eyeWide, noseSneer, mouthUpperUp,
mouthSmile, jawOpen; left and right) that rise and fall with them."""
MESH = (
    *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)
"""Points of MediaPipe's face mesh that stand for the 68 landmarks of iBUG 300-W."""


@dataclass(frozen=True)
class PhotographCrops:
    """Face crops with teachers' answers.

    Attributes:
        rows: Numbers of the pictures in the table that was read.
        pixels: (N, 1 or 3, d, d) uint8.
        basic: (N, 7) probabilities of the basic classes.
        blendshapes: (N, 52) logits, standardised over the pictures and clipped to -4..4.
        landmarks: (N, 68, 2) columns and rows, -1 to 1 over the crop.
    """

    rows: tuple[int, ...]
    pixels: Tensor
    basic: Tensor
    blendshapes: Tensor
    landmarks: Tensor


class Answers(NamedTuple):
    """Answers of teachers, as `teachers.npz` holds them.

    Attributes:
        rows: Number of a picture's row, by its path.
        basic: (N, 7) logits of the basic classes.
        blendshapes: (N, 52), 0 to 1.
        landmarks: (N, 478, 2), -1 to 1 over the picture.
    """

    rows: Mapping[str, int]
    basic: np.ndarray
    blendshapes: np.ndarray
    landmarks: np.ndarray


def read_answers(table: SampleTable) -> Answers:
    """The teachers' answers beside a table's pictures.

    Raises:
        ValueError: There are no answers, or they are not of these pictures.
    """
    try:
        listing = read_table(table.source.read_bytes(MANIFEST), MANIFEST)
        column = listing.column(COLUMNS["path"]) or "path"
        order = [str(PurePosixPath(PureWindowsPath(row[column]).as_posix())) for row in listing.rows]
        with np.load(io.BytesIO(table.source.read_bytes(TEACHERS)), allow_pickle=False) as file:
            basic, shapes, mesh = (file[k].astype(np.float32) for k in ("basic_logits", "blendshapes", "landmarks"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{table.name} has no {TEACHERS} with teachers' answers beside its pictures.") from error
    if not len(basic) == len(shapes) == len(mesh) == len(order):
        raise ValueError(f"{TEACHERS} of {table.name} answers for {len(basic):,} pictures; there are {len(order):,}.")
    if basic.shape[1:] != (len(BASICS),) or shapes.shape[1:] != (BLENDSHAPE_COUNT,) or mesh.shape[1:] != (478, 2):
        raise ValueError(f"{TEACHERS} of {table.name} has answers of other shapes than this version reads.")
    rows = {path: row for row, path in enumerate(order)}
    if unknown := [s.path for s in table.samples if s.path not in rows]:
        raise ValueError(f"{MANIFEST} beside {TEACHERS} does not name {unknown[0]}: nobody knows its answers.")
    return Answers(rows, basic, shapes, mesh)


def has_answers(table: SampleTable) -> bool:
    """True if teachers' answers lie beside a table's pictures."""
    return TEACHERS in table.source.names()


def answers_digest(table: SampleTable) -> str:
    """Digest of the teachers' answers, and of the order in which they were given.

    Raises:
        PictureError: There are none.
    """
    return digest_of_all(digest_of(table.source.read_bytes(name)) for name in (TEACHERS, MANIFEST))


def load_photograph_crops(
    table: SampleTable, preprocessing: Preprocessing, *, progress: bool = False
) -> PhotographCrops:
    """Find and cut out the faces of photographs with teachers' answers; those in which none is found are left out.

    Args:
        table: The rows to load.
        preprocessing: How crops become input.
        progress: Whether to show a bar.

    Raises:
        ValueError: There are no answers, they are not of these rows, or no face is found.
    """
    answers = read_answers(table)

    def load(path: str) -> tuple[Tensor, Tensor] | None:
        with naming(path):
            picture = table.source.read(path)
        faces = detect_faces(picture)
        if not faces:
            return None
        size = np.array(picture.shape[1::-1])  # width, height
        points = (answers.landmarks[answers.rows[path]][list(MESH)] + 1) / 2 * size
        pixels = (preprocessing.shrink(align(picture, faces[0])) * 255).round().to(torch.uint8)
        return pixels, torch.from_numpy(frame_of(faces[0]).locate(points).astype(np.float32))

    paths = [s.path for s in table.samples]
    with ThreadPoolExecutor(2) as pool:
        loaded = list(tqdm(pool.map(load, paths), "photographs", len(paths), disable=not progress, leave=False))
    kept = [(row, found) for row, found in enumerate(loaded) if found is not None]
    if not kept:
        raise ValueError(f"No face was found in any picture of {table.name}.")
    rows = [answers.rows[paths[row]] for row, _ in kept]
    pixels, landmarks = zip(*(found for _, found in kept), strict=True)
    inside = np.clip(answers.blendshapes[rows], 1e-4, 1 - 1e-4)
    logits = torch.from_numpy(np.log(inside / (1 - inside)))
    logits = (logits - logits.mean(0)) / (logits.std(0) + 0.3)  # shapes that hardly ever move stay small
    return PhotographCrops(
        tuple(row for row, _ in kept),
        torch.stack(pixels),
        torch.from_numpy(answers.basic[rows]).softmax(1),
        logits.clamp(-4, 4),
        torch.stack(landmarks),
    )
