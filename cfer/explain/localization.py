"""Localization: does a map lie where it should? Rendered faces say which pixels every action unit moved.

A map is compared with the pixels that the performed units moved, on the same crop that the network saw. The face itself
is the trap: any blob in its middle hits some of them. Scores are therefore ratios to the area, or to be compared with
what a mean map over other faces gets.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from torch import Tensor

from cfer.faces.align import Frame
from cfer.synth.truth import Truth

SIZE = 128
"""Side at which truth is held against maps."""
MOVED = 0.1
"""A pixel was moved by the face if by this share of the farthest any pixel moved: about a third of a crop."""


@dataclass(frozen=True)
class Moved:
    """What the performed units did to a crop.

    Attributes:
        units: The U units that were performed.
        by_unit: (U, S, S) how far each moved a pixel, in mm.
    """

    units: tuple[int, ...]
    by_unit: Tensor

    @property
    def far(self) -> Tensor:
        """How far (S, S) the unit that moved a pixel most moved it."""
        return self.by_unit.amax(0)

    @property
    def mask(self) -> Tensor:
        """Pixels (S, S) that the performance moved, 0 or 1; see `MOVED`."""
        return (self.far >= MOVED * self.far.max()).float()


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


def energy_pointing_game(raw: Tensor, mask: Tensor) -> float:
    """Share of a map's positive evidence (h, w) that lies on a mask (S, S), 0 to 1.

    The energy-based pointing game (Wang et al., Score-CAM, CVPR Workshops 2020, eq. 7). The map is enlarged as it is
    when it is shown. nan for a map without evidence.
    """
    heat = _large(raw, mask)
    return float((heat * mask).sum() / heat.sum())


def localization_ratio(raw: Tensor, mask: Tensor) -> float:
    """`energy_pointing_game` over the mask's share of the area: 1 is chance; nan without evidence or mask."""
    return energy_pointing_game(raw, mask) / float(mask.mean()) if mask.any() else float("nan")


def pointing_game(raw: Tensor, mask: Tensor) -> float:
    """Whether the strongest evidence lies on the mask: 1 or 0 (the pointing game, Zhang et al., IJCV 2018), or nan."""
    heat = _large(raw, mask)
    return float(mask.flatten()[heat.argmax()]) if float(heat.max()) > 0 else float("nan")


def rank_correlation(raw: Tensor, far: Tensor) -> float:
    """Spearman's correlation of positive evidence (h, w) with the displacement (S, S), cell by cell; nan if flat."""
    height, width = raw.shape
    cells = F.adaptive_avg_pool2d(far[None], (height, width))[0]
    ranks = [rankdata(m.flatten().numpy()) for m in (raw.clamp(min=0), cells)]
    x, y = (r - r.mean() for r in ranks)
    scale = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / scale) if scale > 0 else float("nan")


def _large(raw: Tensor, mask: Tensor) -> Tensor:
    return F.interpolate(raw.clamp(min=0)[None, None], size=mask.shape, mode="bilinear", align_corners=False)[0, 0]
