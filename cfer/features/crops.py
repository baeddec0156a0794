"""Decode a table's face crops once and keep them small in memory."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from cfer.data.samples import SampleTable
from cfer.faces.align import face_crop
from cfer.network.preprocessing import Preprocessing
from cfer.pictures import PictureError


@dataclass(frozen=True)
class Crops:
    """Face crops at training detail.

    Attributes:
        table: The rows whose picture could be used.
        rows: Their numbers in the table that was read.
        pixels: (N, 1 or 3, d, d) uint8, in the rows' order.
        refused: A line for each row that was left out, with the reason.
    """

    table: SampleTable
    rows: tuple[int, ...]
    pixels: Tensor
    refused: tuple[str, ...]

    def batch(self, index: Tensor) -> Tensor:
        """Crops (B, C, d, d) in [0, 1] at an index (B,)."""
        return self.pixels[index].float() / 255


def load_crops(table: SampleTable, preprocessing: Preprocessing, *, progress: bool = False) -> Crops:
    """Decode, find the face where the pictures are not crops already, and shrink to training detail."""

    def load(path: str) -> Tensor | str:
        try:
            crop = face_crop(table.source.read(path), already_cropped=table.cropped)
        except PictureError as error:
            return f"{path}: {error}"
        return (preprocessing.shrink(crop) * 255).round().to(torch.uint8)

    paths = [s.path for s in table.samples]
    with ThreadPoolExecutor(2) as pool:
        loaded = list(tqdm(pool.map(load, paths), "reading pictures", len(paths), disable=not progress, leave=False))
    kept = [(i, p) for i, p in enumerate(loaded) if isinstance(p, Tensor)]
    channels = 1 if preprocessing.grey else 3
    empty = torch.empty(0, channels, preprocessing.detail_px, preprocessing.detail_px, dtype=torch.uint8)
    pixels = torch.stack([p for _, p in kept]) if kept else empty
    rows = tuple(i for i, _ in kept)
    refused = tuple(p for p in loaded if isinstance(p, str))
    return Crops(table.only(table.samples[i] for i in rows), rows, pixels, refused)
