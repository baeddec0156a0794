"""Likeness of two maps of a face, five ways. Pure functions; what likeness means is for `relation` to say.

Maps (..., h, w) are compared by their positive evidence. Where one of the two has none, the answer is nan: a map
without evidence is like nothing, not even like another one without.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import scipy  # its parts are loaded when they are first asked for
import torch
import torch.nn.functional as F
from torch import Tensor

TOP = 0.2
"""Share of the cells that `top_overlap` takes for a map's evidence."""


def _evidence(maps: Tensor) -> Tensor:
    """Shares of the positive evidence (..., h, w), summing to 1; nan where there is none."""
    kept = maps.clamp(min=0)
    return kept / kept.sum((-2, -1), keepdim=True)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Cosine of the positive evidence, 0 to 1."""
    p, q = (_evidence(m).flatten(-2) for m in (a, b))
    return (p * q).sum(-1) / (p.norm(dim=-1) * q.norm(dim=-1))


def spearman(a: Tensor, b: Tensor) -> Tensor:
    """Rank correlation of the cells' positive evidence, ties at their mean rank, -1 to 1; nan if one map is flat."""
    p, q = (_evidence(m).flatten(-2) for m in (a, b))
    dead = (p.sum(-1) + q.sum(-1)).isnan()
    ranks = [torch.from_numpy(scipy.stats.rankdata(m.nan_to_num().numpy(), axis=-1)).to(a.dtype) for m in (p, q)]
    x, y = (r - r.mean(-1, keepdim=True) for r in ranks)
    found = (x * y).sum(-1) / (x.norm(dim=-1) * y.norm(dim=-1))
    return found.masked_fill(dead, math.nan)


def structure(a: Tensor, b: Tensor, window: int = 3) -> Tensor:
    """Structural similarity with a uniform window (Wang et al., IEEE TIP 2004, eq. 13), each map over its maximum.

    Our own, because torchmetrics pads maps as small as these and answers otherwise on them than scikit-image, which
    this agrees with.
    """
    p, q = (m.clamp(min=0) / m.amax((-2, -1), keepdim=True).clamp(min=0) for m in (a, b))

    def local(m: Tensor) -> Tensor:
        return F.avg_pool2d(m.reshape(-1, 1, *m.shape[-2:]), window, 1).reshape(*m.shape[:-2], -1)

    p, q = torch.broadcast_tensors(p, q)
    mean_p, mean_q = local(p), local(q)
    spread_p, spread_q = local(p * p) - mean_p**2, local(q * q) - mean_q**2
    shared = local(p * q) - mean_p * mean_q
    calm, contrast = 0.01**2, 0.03**2
    above = (2 * mean_p * mean_q + calm) * (2 * shared + contrast)
    return (above / ((mean_p**2 + mean_q**2 + calm) * (spread_p + spread_q + contrast))).mean(-1)


def top_overlap(a: Tensor, b: Tensor, share: float = TOP) -> Tensor:
    """Intersection over union of both maps' strongest cells, an exact number of them, ties in reading order."""
    masks = []
    for maps in (a, b):
        flat = _evidence(maps).flatten(-2)
        count = max(1, round(share * flat.shape[-1]))
        best = flat.nan_to_num().argsort(dim=-1, descending=True, stable=True)[..., :count]
        mask = torch.zeros_like(flat).scatter(-1, best, 1.0)
        masks.append(mask.masked_fill(flat.isnan(), math.nan))
    both, either = masks[0] * masks[1], torch.maximum(masks[0], masks[1])
    return both.sum(-1) / either.sum(-1)


def transport(a: Tensor, b: Tensor, directions: int = 8) -> Tensor:
    """One less the earth mover's distance over the map's side, sliced: a mean over directions (Bonneel et al., 2015).

    Where the evidence has to be carried across the whole face along every direction the answer is near 0.
    """
    height, width = a.shape[-2:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([rows / height, columns / width], -1).reshape(-1, 2).to(a.dtype)  # (hw, 2)
    gap = (_evidence(a) - _evidence(b)).flatten(-2)  # (..., hw)
    distances = []
    for number in range(directions):
        angle = math.pi * number / directions
        line = places @ torch.tensor([math.sin(angle), math.cos(angle)], dtype=a.dtype)
        order = line.argsort(stable=True)
        carried = gap[..., order].cumsum(-1)[..., :-1].abs()
        distances.append((carried * line[order].diff()).sum(-1))
    return 1 - torch.stack(distances).mean(0)


MEASURES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {
        "cosine": cosine,
        "Spearman": spearman,
        "SSIM": structure,
        "top 20 %": top_overlap,
        "earth mover": transport,
    }
)
"""All measures by name: the larger, the more alike."""
