"""What ties a compound's map to its constituents' maps, on the same face and by the same model.

Any two maps of a face are alike. A tie is therefore a difference: how much more alike the compound is to its
constituents than to the basics that it is not made of. By chance the gap is 0, the AUC 0.5, and both constituents are
among the two most alike in 1 of 15 cases. For a linear head on averaged features the maps are linear in the head's
rows, so that part of any likeness restates `head_likeness`: it is reported beside the maps for that reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from cfer.emotions import BASICS
from cfer.explain.maps import ClassMaps
from cfer.explain.similarity import MEASURES

SIX: tuple[str, ...] = BASICS[1:]
"""The basics that a compound may be made of: all but neutral."""


@dataclass(frozen=True)
class Relation:
    """A compound beside the six basics, on N faces.

    Attributes:
        compound: Its name.
        constituents: Its two basics.
        basics: Names of the B basics in the order of the columns.
        likeness: For each measure (N, B), nan where a map has no evidence.
    """

    compound: str
    constituents: tuple[str, str]
    basics: tuple[str, ...]
    likeness: Mapping[str, Tensor]

    @property
    def own(self) -> Tensor:
        """Which basics (B,) are the constituents."""
        return torch.tensor([name in self.constituents for name in self.basics])

    def gap(self, measure: str) -> Tensor:
        """Mean likeness (N,) to the constituents less that to the other basics; nan if one side has no evidence."""
        values = self.likeness[measure]
        return values[:, self.own].nanmean(1) - values[:, ~self.own].nanmean(1)

    def auc(self, measure: str) -> Tensor:
        """Chance (N,) that a constituent is more alike than another basic, half for ties; nan as for `gap`."""
        values = self.likeness[measure]
        mine, others = values[:, self.own, None], values[:, None, ~self.own]
        won = (mine > others).float() + 0.5 * (mine == others).float()
        return torch.where(mine.isnan() | others.isnan(), torch.nan, won).flatten(1).nanmean(1)

    def pair_rank(self, measure: str) -> Tensor:
        """Place (N,) of the constituents among all pairs of basics by their gap, 1 being the best; ties count half.

        The null of permuted labels: by chance 8 of 15. A pair's gap grows with its mean likeness, so that is compared.
        """
        values = self.likeness[measure]
        pairs = torch.tensor(list(combinations(range(len(self.basics)), 2)))
        means = values[:, pairs].mean(2)  # (N, P), nan where one of the two has no evidence
        place = (self.own[pairs].all(1)).nonzero().item()
        mine = means[:, [int(place)]]
        rank = 1 + (means > mine).sum(1) + ((means == mine).sum(1) - 1) / 2
        return torch.where(mine[:, 0].isnan(), torch.nan, rank)

    def both_first(self, measure: str) -> Tensor:
        """Whether (N,) the two constituents are the two most alike: 1, 0, or nan without evidence on either side."""
        values = self.likeness[measure]
        floor = torch.finfo(values.dtype).min
        mine = values[:, self.own].nan_to_num(floor).amin(1)
        others = values[:, ~self.own].nan_to_num(floor).amax(1)
        known = ~(values[:, self.own].isnan().all(1) | values[:, ~self.own].isnan().all(1))
        return torch.where(known, (mine > others).float(), torch.nan)


def relate(
    maps: ClassMaps,
    compound: str,
    constituents: Sequence[str],
    basics: Sequence[str] = SIX,
    measures: Sequence[str] = tuple(MEASURES),
) -> Relation:
    """Measure how alike a compound's map is to each basic's.

    Args:
        maps: Of N faces, all classes.
        compound: A class of the model.
        constituents: Two of the basics.
        basics: Classes to compare it with.
        measures: Names of `MEASURES`.

    Raises:
        KeyError: The model does not know one of the classes.
        ValueError: There are not two constituents among the basics and others besides.
    """
    first, second = constituents if len(constituents) == 2 else ("", "")
    if not {first, second} <= set(basics) or first == second or len(basics) < 3:
        raise ValueError(f"{compound} needs two constituents among {', '.join(basics)}, and another basic besides.")
    mine = maps.of(compound)[:, None]  # (N, 1, h, w)
    theirs = torch.stack([maps.of(name) for name in basics], 1)  # (N, B, h, w)
    likeness = {name: MEASURES[name](mine, theirs) for name in measures}
    return Relation(compound, (first, second), tuple(basics), likeness)


@dataclass(frozen=True)
class Mixture:
    """How well pairs of basics' maps add up to a compound's map, on N faces.

    Attributes:
        pairs: All P pairs of basics.
        weights: (N, P, 2) non-negative.
        explained: (N, P) share of the compound's evidence (sum of squares) that the pair explains.
    """

    pairs: tuple[tuple[str, str], ...]
    weights: Tensor
    explained: Tensor

    def rank(self, pair: Sequence[str]) -> Tensor:
        """Place (N,) of a pair, 1 being the best of all; ties count half. 8 of 15 by chance."""
        place = [set(p) for p in self.pairs].index(set(pair))
        mine = self.explained[:, [place]]
        better, same = (self.explained > mine).sum(1), (self.explained == mine).sum(1) - 1
        return torch.where(mine[:, 0].isnan(), torch.nan, 1 + better + same / 2)


def mixtures(maps: ClassMaps, compound: str, basics: Sequence[str] = SIX) -> Mixture:
    """Fit a compound's positive evidence by every pair of basics' positive evidence, with weights of at least 0.

    With two columns non-negative least squares has three candidates: both, or either alone.
    """
    target = maps.of(compound).clamp(min=0).flatten(1)  # (N, hw)
    columns = torch.stack([maps.of(name).clamp(min=0).flatten(1) for name in basics], 1)  # (N, B, hw)
    gram = columns @ columns.transpose(1, 2)  # (N, B, B)
    match = (columns @ target[:, :, None])[:, :, 0]  # (N, B)
    energy = (target**2).sum(1)  # (N,)
    alone = match.clamp(min=0) / gram.diagonal(dim1=1, dim2=2).clamp(min=1e-12)  # (N, B)
    weights, explained = [], []
    for i, j in combinations(range(len(basics)), 2):
        det = gram[:, i, i] * gram[:, j, j] - gram[:, i, j] ** 2
        a = (match[:, i] * gram[:, j, j] - match[:, j] * gram[:, i, j]) / det.clamp(min=1e-12)
        b = (match[:, j] * gram[:, i, i] - match[:, i] * gram[:, i, j]) / det.clamp(min=1e-12)
        both = torch.stack([a, b], 1)
        zero = torch.zeros_like(a)
        options = torch.stack(
            [both, torch.stack([alone[:, i], zero], 1), torch.stack([zero, alone[:, j]], 1)], 1
        )  # (N, 3, 2)
        some = torch.stack([match[:, i], match[:, j]], 1)  # (N, 2)
        pair = gram[:, [i, j]][:, :, [i, j]]  # (N, 2, 2)
        won = 2 * (options * some[:, None]).sum(-1) - ((options @ pair) * options).sum(-1)  # (N, 3)
        won[:, 0] = won[:, 0].masked_fill((both < 0).any(1) | (det <= 1e-12), -torch.inf)
        best = won.argmax(1)
        rows = torch.arange(len(best))
        weights.append(options[rows, best])
        explained.append(won[rows, best] / energy)
    pairs = tuple(combinations(basics, 2))
    return Mixture(pairs, torch.stack(weights, 1), torch.stack(explained, 1))


def mixture_weights(maps: ClassMaps, compound: str, basics: Sequence[str] = SIX) -> Tensor:
    """Shares (N, B) of all basics in a non-negative fit of a compound's positive evidence; nan without any.

    Each basic's map is scaled to sum to 1 before the fit, so that a share does not depend on how strong its map is.
    """
    target = maps.of(compound).clamp(min=0).flatten(1)  # (N, hw)
    columns = torch.stack([maps.of(name).clamp(min=0).flatten(1) for name in basics], 2)  # (N, hw, B)
    columns = columns / columns.sum(1, keepdim=True).clamp(min=1e-12)
    found = [nnls(a.double().numpy(), b.double().numpy())[0] for a, b in zip(columns, target, strict=True)]
    weights = torch.from_numpy(np.stack(found)).to(target.dtype)
    return weights / weights.sum(1, keepdim=True)


def head_likeness(weight: Tensor, classes: Sequence[str], compound: str, basics: Sequence[str] = SIX) -> Tensor:
    """Cosine (B,) of a compound's row of a linear head (K, C) with the basics' rows, the mean row taken out."""
    rows = weight - weight.mean(0)
    unit = rows / rows.norm(dim=1, keepdim=True)
    place = {name: k for k, name in enumerate(classes)}
    return unit[[place[name] for name in basics]] @ unit[place[compound]]
