"""Localization: does a map lie where it should? Rendered faces say which pixels every action unit moved.

A map is compared with the pixels that the performed units moved, on the same crop that the network saw. The face itself
is the trap: any blob in its middle hits some of them. Scores are therefore ratios to the area, or to be compared with
what a mean map over other faces gets.
"""

import numpy as np
import scipy  # its parts are loaded when they are first asked for
import torch.nn.functional as F
from torch import Tensor


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
    """True if the strongest evidence lies on the mask: 1 or 0 (the pointing game, Zhang et al., IJCV 2018), or nan."""
    heat = _large(raw, mask)
    return float(mask.flatten()[heat.argmax()]) if float(heat.max()) > 0 else float("nan")


def rank_correlation(raw: Tensor, far: Tensor) -> float:
    """Spearman's correlation of positive evidence (h, w) with the displacement (S, S), cell by cell; nan if flat."""
    height, width = raw.shape
    cells = F.adaptive_avg_pool2d(far[None], (height, width))[0]
    ranks = [scipy.stats.rankdata(m.flatten().numpy()) for m in (raw.clamp(min=0), cells)]
    x, y = (r - r.mean() for r in ranks)
    scale = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / scale) if scale > 0 else float("nan")


def _large(raw: Tensor, mask: Tensor) -> Tensor:
    return F.interpolate(raw.clamp(min=0)[None, None], size=mask.shape, mode="bilinear", align_corners=False)[0, 0]
