"""Displacement: the pixels of a face crop that each performed action unit moved, known of rendered faces."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.faces.align import Frame
from cfer.synth.truth import Truth

SIZE = 128
"""Side at which truth is held against maps."""
MOVED = 0.1
"""A pixel was moved by the face if by this share of the farthest any pixel moved: about a third of a crop."""


@dataclass(frozen=True)
class Moved:
    """Displacement that the performed units caused in a crop.

    Attributes:
        units: The U units that were performed.
        by_unit: (U, S, S) how far each moved a pixel, in mm.
    """

    units: tuple[int, ...]
    by_unit: Tensor

    @property
    def far(self) -> Tensor:
        """Displacement (S, S) of each pixel by the unit that moved it most."""
        return self.by_unit.amax(0)

    @property
    def mask(self) -> Tensor:
        """Pixels (S, S) that the performance moved, 0 or 1; see `MOVED`."""
        return (self.far >= MOVED * self.far.max()).float()

    @property
    def unit_masks(self) -> Tensor:
        """Pixels (U, S, S) that each unit moved, 0 or 1, against the farthest that this unit moved any."""
        return (self.by_unit >= MOVED * self.by_unit.amax((1, 2), keepdim=True).clamp(min=1e-6)).float()


def moved_by(truth: Truth, frame: Frame, size: int = SIZE) -> Moved | None:
    """Bring a picture's displacement maps to its crop; None for a face at rest."""
    if not truth.displacement:
        return None
    maps = torch.from_numpy(np.stack(list(truth.displacement.values())))  # (U, H, W)
    return Moved(tuple(truth.displacement), cut(maps, frame, size))


def cut(values: Tensor, frame: Frame, size: int) -> Tensor:
    """Maps (U, H, W) over a picture -> (U, size, size) over a crop of it, bilinear; past the edge it repeats."""
    line = (np.arange(size) + 0.5) / size * 2 - 1
    across, down = np.meshgrid(line, line)
    cos, sin = np.cos(frame.roll), np.sin(frame.roll)
    turn = np.array([[cos, sin], [-sin, cos]])
    points = np.stack([across, down], -1) * (frame.side / 2) @ turn + frame.centre  # (s, s, 2) pixels of the picture
    height, width = values.shape[-2:]
    grid = points / [width, height] * 2 - 1
    places = torch.from_numpy(grid).to(values.dtype)[None]
    return F.grid_sample(values[None], places, align_corners=False, padding_mode="border")[0]
