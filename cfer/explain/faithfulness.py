"""Is a map faithful? Take away what it points at and see what the model says.

Cells of the input are ranked by the signed map and replaced by a blurred copy of the picture, an exact number of them
at a time (Petsiuk et al., BMVC 2018). The order of equal cells is their reading order: nothing depends on a threshold.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.network.face_model import FaceModel

GRID = 16
"""Cells a side in which pictures are taken apart."""
STEPS = 16


@dataclass(frozen=True)
class Curves:
    """Scores while a picture is taken apart.

    Attributes:
        share: How many of the cells (T,), the strongest first, 0 to 1.
        deletion: (T,) score with this share blurred.
        insertion: (T,) score with everything else blurred.
    """

    share: Tensor
    deletion: Tensor
    insertion: Tensor

    @property
    def gain(self) -> float:
        """Mean height of the insertion curve above the deletion curve: 0 for a map without meaning, on average."""
        return float(torch.trapezoid(self.insertion - self.deletion, self.share))


def blurred(x: Tensor) -> Tensor:
    """A picture (B, C, S, S) without detail: a wide box blur, twice, edges mirrored."""
    reach = x.shape[-1] // 8
    window = 2 * reach + 1
    for _ in range(2):
        x = F.avg_pool2d(F.pad(x, (reach,) * 4, mode="reflect"), window, stride=1)
    return x


def ranked_cells(raw: Tensor, grid: int = GRID) -> Tensor:
    """Numbers (grid^2,) of the cells, the strongest evidence (h, w) first, ties in reading order."""
    fine = F.interpolate(raw[None, None], size=(grid, grid), mode="bilinear", align_corners=False)
    return fine.flatten().argsort(dim=0, descending=True, stable=True)


def without(x: Tensor, cells: Tensor, grid: int = GRID) -> Tensor:
    """Pictures (B or 1, C, S, S) with some cells (grid^2,) of 0 or 1, or (B, grid^2) with a row for each, blurred."""
    rows = cells.float().reshape(-1, 1, grid, grid)
    mask = F.interpolate(rows, size=x.shape[-2:], mode="nearest")
    return x * (1 - mask) + blurred(x) * mask


@torch.no_grad()
def scores(model: FaceModel, x: Tensor) -> Tensor:
    """Logits (B, K) less their mean over the classes: what speaks for a class rather than for all."""
    logits = model(x)
    return logits - logits.mean(1, keepdim=True)


def deletion_insertion(model: FaceModel, x: Tensor, raw: Tensor, k: int, steps: int = STEPS) -> Curves:
    """Take one picture (1, C, S, S) apart in the order of a map (h, w) and follow a class's score, in logit units.

    The model must be in evaluation mode.
    """
    order = ranked_cells(raw)
    total = len(order)
    counts = [round(total * t / steps) for t in range(steps + 1)]
    masks = torch.zeros(len(counts), total, dtype=torch.float32)
    for row, count in enumerate(counts):
        masks[row, order[:count]] = 1
    both = torch.cat([masks, 1 - masks])
    found = scores(model, without(x, both))[:, k]
    return Curves(torch.tensor(counts).float() / total, found[: steps + 1], found[steps + 1 :])


@torch.no_grad()
def removal_effects(
    model: FaceModel, x: Tensor, raws: Tensor, k: int, generator: torch.Generator, share: float = 0.2
) -> Tensor:
    """Loss of a class when the strongest evidence of other maps is blurred, in logit units.

    Args:
        model: In evaluation mode.
        x: One picture (1, C, S, S).
        raws: (M, h, w) maps whose strongest cells are taken away, one map at a time.
        k: The class that is watched.
        generator: Draws the random cells.
        share: How many of the cells are taken away.

    Returns:
        Losses (M + 1,); the last one is for as many random cells.
    """
    count = round(share * GRID * GRID)
    cells = raws.new_zeros(len(raws) + 1, GRID * GRID)
    for row, raw in enumerate(raws):
        cells[row, ranked_cells(raw)[:count]] = 1
    cells[-1, torch.randperm(GRID * GRID, generator=generator)[:count]] = 1
    found = scores(model, torch.cat([x, without(x, cells)]))[:, k]
    return found[0] - found[1:]
