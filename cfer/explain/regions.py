"""Parts of a face that the evidence lies in, for and against, over the parts' share of the area."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull
from torch import Tensor

SIZE = 96
REGIONS = ("eyes", "brows", "mouth", "nose", "chin", "forehead", "cheeks", "outside the face")
"""In order of precedence where they overlap."""

_POINTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "eyes": (tuple(range(36, 42)), tuple(range(42, 48))),
    "brows": (tuple(range(17, 22)), tuple(range(22, 27))),
    "mouth": (tuple(range(48, 60)),),
    "nose": (tuple(range(27, 36)),),
    "chin": ((6, 7, 8, 9, 10, 54, 55, 56, 57, 58, 59, 48),),
}
_MARGIN = {"eyes": 0.06, "brows": 0.07, "mouth": 0.08, "nose": 0.05, "chin": 0.0}
"""Added on all sides, as a share of the face's width: skin moves with what it surrounds."""
_FOREHEAD = 0.45
"""Height of the forehead over the brows, as a share of the distance from brows to chin."""


_UNITS: dict[int, tuple[tuple[tuple[int, ...], tuple[float, float], float], ...]] = {
    1: (((20, 21), (0.0, -0.06), 0.09), ((22, 23), (0.0, -0.06), 0.09)),
    2: (((17, 18), (0.0, -0.06), 0.09), ((25, 26), (0.0, -0.06), 0.09)),
    4: (((21, 22), (0.0, 0.0), 0.12),),
    5: (((37, 38), (0.0, -0.02), 0.08), ((43, 44), (0.0, -0.02), 0.08)),
    6: (((36, 41), (-0.02, 0.08), 0.09), ((45, 46), (0.02, 0.08), 0.09)),
    7: (((40, 41), (0.0, 0.0), 0.08), ((46, 47), (0.0, 0.0), 0.08)),
    9: (((21, 22, 27), (0.0, 0.02), 0.08), ((31, 39), (0.0, 0.0), 0.06), ((35, 42), (0.0, 0.0), 0.06)),
    10: (((31, 49), (0.0, 0.0), 0.07), ((35, 53), (0.0, 0.0), 0.07)),
    11: (((31, 48), (-0.02, 0.0), 0.08), ((35, 54), (0.02, 0.0), 0.08)),
    12: (((48,), (0.0, -0.02), 0.1), ((54,), (0.0, -0.02), 0.1)),
    15: (((48,), (0.0, 0.05), 0.08), ((54,), (0.0, 0.05), 0.08)),
    17: (((8, 57), (0.0, 0.0), 0.11),),
    20: (((48,), (-0.03, 0.02), 0.09), ((54,), (0.03, 0.02), 0.09)),
    23: (((62, 66), (0.0, 0.0), 0.12),),
    24: (((62, 66), (0.0, 0.0), 0.12),),
    25: (((62, 66), (0.0, 0.0), 0.12),),
    26: (((57, 8), (0.0, 0.03), 0.14),),
}
"""Each unit's discs: landmarks whose mean is the centre, an offset, a radius; lengths over the face's width."""


@dataclass(frozen=True)
class Shares:
    """Evidence by region, each over the region's share of the area: 1 is what an even map would have.

    Attributes:
        regions: Names, those that have any area.
        area: Share of the crop.
        speaks_for: Share of the positive evidence over `area`; nan where there is none.
        speaks_against: Share of the negative evidence over `area`.
    """

    regions: tuple[str, ...]
    area: tuple[float, ...]
    speaks_for: tuple[float, ...]
    speaks_against: tuple[float, ...]


def region_map(landmarks: Tensor, size: int = SIZE) -> np.ndarray:
    """Number of each pixel's region (size, size), an index into `REGIONS`.

    Args:
        landmarks: (68, 2) columns and rows, -1 to 1 over the crop.
        size: Side of the result.
    """
    points = (landmarks.numpy() + 1) / 2 * size
    width = float(points[16, 0] - points[0, 0])
    found = np.full((size, size), REGIONS.index("outside the face"), np.uint8)
    brows, chin = points[17:27, 1].min(), points[8, 1]
    lifted = points[17:27] - [0, _FOREHEAD * (chin - brows)]
    whole = np.concatenate([points[:27], lifted])
    found[_inside(whole, size)] = REGIONS.index("cheeks")
    found[_inside(np.concatenate([points[17:27], lifted]), size)] = REGIONS.index("forehead")
    for name in ("chin", "nose", "mouth", "brows", "eyes"):
        for group in _POINTS[name]:
            found[_inside(_grown(points[list(group)], _MARGIN[name] * width), size)] = REGIONS.index(name)
    return found


def _grown(points: np.ndarray, margin: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = margin * np.stack([np.cos(angles), np.sin(angles)], 1)
    return (points[:, None] + ring).reshape(-1, 2)


def _inside(points: np.ndarray, size: int) -> np.ndarray:
    hull = points[ConvexHull(points).vertices]
    image = Image.new("1", (size, size))
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in hull], fill=1)
    return np.asarray(image)


def shares(raw: Tensor, regions: np.ndarray) -> Shares:
    """Shares of the evidence of a signed map (h, w) among regions (S, S)."""
    fine = F.interpolate(raw[None, None], size=regions.shape, mode="bilinear", align_corners=False)[0, 0]
    numbers = torch.from_numpy(regions.astype(np.int64)).flatten()
    area = torch.bincount(numbers, minlength=len(REGIONS)) / numbers.numel()

    def over_area(amount: Tensor) -> Tensor:
        sums = fine.new_zeros(len(REGIONS)).index_add_(0, numbers, amount.flatten())
        return sums / sums.sum() / area

    there = [k for k in range(len(REGIONS)) if area[k] > 0]
    pros, cons = over_area(fine.clamp(min=0)), over_area(-fine.clamp(max=0))
    return Shares(
        tuple(REGIONS[k] for k in there),
        tuple(float(area[k]) for k in there),
        tuple(float(pros[k]) for k in there),
        tuple(float(cons[k]) for k in there),
    )


def unit_regions(landmarks: Tensor, size: int = SIZE) -> dict[int, np.ndarray]:
    """Region in which each action unit shows: masks (size, size), discs around landmarks in units of the face's width.

    Coarse, and overlapping as the muscles do; after the FACS manual's descriptions. Rendered faces know better
    (`cfer.explain.localization`); this is for faces of which nothing is known.
    """
    points = (landmarks.numpy() + 1) / 2 * size
    width = float(points[16, 0] - points[0, 0])
    rows, columns = np.mgrid[:size, :size] + 0.5
    masks = {}
    for unit, spots in _UNITS.items():
        mask = np.zeros((size, size), bool)
        for group, (across, down), radius in spots:
            x, y = points[list(group)].mean(0) + np.array([across, down]) * width
            mask |= (columns - x) ** 2 + (rows - y) ** 2 <= (radius * width) ** 2
        masks[unit] = mask
    return masks


def unit_cells(landmarks: Tensor, units: Sequence[int], side: int) -> Tensor:
    """Share (B, U, s, s) of each cell of a map that the region of each unit covers, for a batch of faces.

    Args:
        landmarks: (B, 68, 2) columns and rows, -1 to 1 over the crop.
        units: FACS numbers.
        side: Cells s a side.
    """
    fine = 4 * side
    points = (landmarks + 1) / 2 * fine
    width = (points[:, 16, 0] - points[:, 0, 0]).abs()  # (B,)
    places = torch.arange(fine, device=landmarks.device) + 0.5
    masks = []
    for unit in units:
        mask = torch.zeros(len(points), fine, fine, dtype=torch.bool, device=landmarks.device)
        for group, (across, down), radius in _UNITS[unit]:
            x, y = points[:, list(group)].mean(1).unbind(1)  # (B,)
            apart = (places[None, None, :] - (x + across * width)[:, None, None]) ** 2
            apart = apart + (places[None, :, None] - (y + down * width)[:, None, None]) ** 2
            mask = mask | (apart <= ((radius * width) ** 2)[:, None, None])
        masks.append(mask)
    return F.avg_pool2d(torch.stack(masks, 1).to(landmarks), 4)


def unit_shares(raw: Tensor, masks: dict[int, np.ndarray]) -> dict[int, float]:
    """Share of the positive evidence of a map (h, w) on each unit's place over its share of the area; nan without."""
    side = next(iter(masks.values())).shape[0]
    heat = F.interpolate(raw.clamp(min=0)[None, None], size=(side, side), mode="bilinear", align_corners=False)[0, 0]
    return {
        unit: float(heat[torch.from_numpy(mask)].sum() / heat.sum() / mask.mean())
        for unit, mask in masks.items()
        if mask.any()
    }


def densest_part(found: Shares) -> str:
    """The part of the face with the densest positive evidence; "" where there is no evidence."""
    known = [(v, n) for v, n in zip(found.speaks_for, found.regions, strict=True) if v == v and n != REGIONS[-1]]
    return max(known)[1] if known else ""


def densest(found: Shares) -> tuple[tuple[float, str], ...]:
    """The two parts with the densest positive evidence and how dense it is; none where nothing stands out."""
    inside = [
        (density, name)
        for density, name in zip(found.speaks_for, found.regions, strict=True)
        if density == density and name != "outside the face"
    ]
    return tuple((density, name) for density, name in sorted(inside, reverse=True)[:2] if density >= 1.5)
