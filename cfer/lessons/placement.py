"""Placement of a taught class beside the old ones: how hard it pulls, and that its own pictures are recognised.

The learner gives the class a row. Two things are added to it.

*An offset*, at most 0, where the newcomer would claim more of the old classes' check features than its lesson allows.

*A pull* towards each of its pictures that would otherwise not be recognised, and away from pictures that it is said not
to be. Raising the offset until the pictures are recognised would pull everybody's faces that are a little like them.
Instead the row is moved by the least change, measured over known faces, that reaches the margins (the constrained
least squares by which facts are edited into a layer: Meng et al., "Locating and editing factual associations in GPT",
NeurIPS 2022, eq. 2):

    w = S^-1 D' (D S^-1 D')^-1 g,      min w' S w   so that   D w = g

with D the pictures' features less the mean of the known ones, S the second moment of the known ones, and g what is
missing. In a feature space of many dimensions a picture has much that is its own, so the change hardly touches others.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head

MARGIN = 0.5
"""By how much a taught picture's own class leads the next one, in units of the logit: odds of 1.6 to 1 at least."""
RIDGE = 0.1
"""Share of the known features' mean variance that is added in every direction, also where they do not vary."""


@dataclass(frozen=True)
class Limit:
    """Limit of what a newcomer may claim of the old classes, judged on check features.

    Attributes:
        of_one: Share of any one class.
        of_all: Share of all, each class counting alike.
    """

    of_one: float
    of_all: float


@dataclass(frozen=True)
class Place:
    """Placement of a class: what is added to its calibrated row.

    Attributes:
        pull: (C,) added to its weights.
        offset: Added to its bias, what the pull takes at the known faces' mean included.
    """

    pull: Tensor
    offset: float


def place(
    head: Head, x: Tensor, y: Tensor, seen: Tensor, against: Tensor, limit: Limit, *, recognise: bool = True
) -> Place:
    """Place a new class, the last of a calibrated head.

    Args:
        head: As the learner has it, (K + 1, C).
        x: Check features (P, C) of the old classes.
        y: Their classes (P,).
        seen: Features (n, C) of its pictures.
        against: Features (m, C) of pictures that are not it.
        limit: What it may claim of the check features.
        recognise: Whether its pictures have to be recognised.
    """
    offset = min(0.0, _allowed(room(head, x), y, limit)) if len(x) else 0.0
    rows = torch.cat([seen, against]) if len(against) else seen  # (r, C)
    lacks = room(head, rows) - offset if len(rows) else x.new_zeros(0)  # (r,) what would make each a tie
    least = torch.where(torch.arange(len(rows)) < len(seen), lacks + MARGIN, -torch.inf)
    most = torch.where(torch.arange(len(rows)) < len(seen), torch.inf, lacks - MARGIN)
    if not recognise:
        least = torch.full_like(least, -torch.inf)
    pull = _least_change(x, rows, least, most)
    return Place(pull, offset - float(pull @ x.mean(0)) if len(x) else offset)


def _least_change(x: Tensor, rows: Tensor, least: Tensor, most: Tensor) -> Tensor:
    """The change of weights (C,) that varies least over known features (P, C) and moves the logits of some rows enough.

    Args:
        x: Known features.
        rows: Features (r, C) with demands.
        least: By how much (r,) each row's logit has to rise at least, beside that of the known features' mean.
        most: By how much (r,) it may rise at most.
    """
    nothing = x.new_zeros(rows.shape[1])
    active = (least > 0) | (most < 0)
    if not bool(active.any()) or len(x) < 2:
        return nothing
    middle = x.double().mean(0)
    apart = rows.double() - middle  # (r, C)
    solved = _against_known(x.double() - middle, apart)  # (r, C), rows of D S^-1
    inner = solved @ apart.T  # (r, r)
    pull = nothing.double()
    for _ in range(len(rows)):  # a demand that meeting the others breaks becomes one to be met
        wanted = torch.zeros_like(least).clamp(least, most).double()[active]  # the least that will do
        part = inner[active][:, active]
        steadied = part + 1e-4 * part.diagonal().mean() * torch.eye(len(part), dtype=part.dtype)  # two like pictures
        pull = solved[active].T @ torch.linalg.solve(steadied, wanted)  # (C,)
        moved = (apart @ pull).float()
        broken = ((moved < least - 0.05) | (moved > most + 0.05)) & ~active
        if not bool(broken.any()):
            break
        active = active | broken
    return pull.float()


def _against_known(known: Tensor, rows: Tensor) -> Tensor:
    """Rows (r, C) times the inverse of the known features' (P, C) second moment and the ridge, by Woodbury."""
    count = len(known)
    ridge = RIDGE * known.square().mean()
    inner = known @ known.T / count + ridge * torch.eye(count, dtype=known.dtype)  # (P, P)
    part = torch.linalg.solve(inner, known @ rows.T / count)  # (P, r)
    return (rows - part.T @ known) / ridge


def room(head: Head, x: Tensor) -> Tensor:
    """By how much (N,) the best old class leads the last one: the offset above which a row is claimed."""
    logits = F.linear(x, *head)  # (N, K + 1)
    return logits[:, :-1].amax(1) - logits[:, -1]


def placed(head: Head, where: Place) -> Head:
    """A head whose last class is placed."""
    weight, bias = head.weight.clone(), head.bias.clone()
    weight[-1] += where.pull
    bias[-1] += where.offset
    return Head(weight, bias)


def _allowed(margin: Tensor, y: Tensor, limit: Limit) -> float:
    """The largest offset at which neither any one class nor their mean loses more than it may.

    A class's rows are claimed below the offset; the next one after those that may be claimed stops it.
    """
    classes = y.unique().tolist()
    of_one = []
    for k in classes:
        mine = margin[y == k].sort().values
        of_one.append(float(mine[min(int(limit.of_one * len(mine) + 1e-6), len(mine) - 1)]))
    share = 1 / torch.bincount(y).float()[y]
    order = margin.argsort()
    taken = (share[order] / share.sum()).cumsum(0)
    within = int((taken <= limit.of_all + 1e-6).sum())
    of_all = float(margin[order[min(within, len(order) - 1)]])
    return min(*of_one, of_all) - 1e-4
