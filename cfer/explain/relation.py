"""Ties of a compound's map to its constituents' maps, on the same face and by the same model.

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
        """Mask (B,) of the basics that are the constituents."""
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
        """Chance (N,) that the constituents are the two most alike when ties are broken at random; nan as for `gap`.

        Where all six are equally alike it is that of drawing two of six: 1 in 15.
        """
        values = self.likeness[measure]
        floor = torch.finfo(values.dtype).min
        mine, others = values[:, self.own].nan_to_num(floor), values[:, ~self.own].nan_to_num(floor)
        low, high = mine.amin(1, keepdim=True), mine.amax(1, keepdim=True)  # (N, 1)
        level = (others == low).sum(1).to(values.dtype)  # others at the lower constituent's height
        chance = torch.where((low == high)[:, 0], 2 / ((level + 2) * (level + 1)), 1 / (level + 1))
        chance = torch.where((others > low).any(1), torch.zeros_like(chance), chance)
        known = ~(values[:, self.own].isnan().all(1) | values[:, ~self.own].isnan().all(1))
        return torch.where(known, chance, torch.nan)


def relate(
    maps: ClassMaps,
    compound: str,
    constituents: Sequence[str],
    basics: Sequence[str] = SIX,
    measures: Sequence[str] = tuple(MEASURES),
) -> Relation:
    """Measure how alike a compound's map is to each basic's.

    Args:
        maps: N faces' maps of all classes.
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
    """Fit of pairs of basics' maps, added up, to a compound's map, on N faces.

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
        same = torch.isclose(self.explained, mine, rtol=0, atol=1e-9)
        better = ((self.explained > mine) & ~same).sum(1)
        return torch.where(mine[:, 0].isnan(), torch.nan, 1 + better + (same.sum(1) - 1) / 2)


def mixtures(maps: ClassMaps, compound: str, basics: Sequence[str] = SIX) -> Mixture:
    """Fit a compound's positive evidence by every pair of basics' positive evidence, with weights of at least 0."""
    target, columns = _evidence(maps, compound, basics)  # (N, hw), (N, hw, B)
    pairs = list(combinations(range(len(basics)), 2))
    weights, explained = np.zeros((len(target), len(pairs), 2)), np.zeros((len(target), len(pairs)))
    for n, (wanted, parts) in enumerate(zip(target, columns, strict=True)):
        energy = float((wanted**2).sum())
        for p, pair in enumerate(pairs):
            weights[n, p], rest = nnls(parts[:, pair], wanted)
            explained[n, p] = 1 - rest**2 / energy if energy else np.nan
    return Mixture(tuple(combinations(basics, 2)), torch.from_numpy(weights), torch.from_numpy(explained))


def mixture_weights(maps: ClassMaps, compound: str, basics: Sequence[str] = SIX) -> Tensor:
    """Shares (N, B) of all basics in a non-negative fit of a compound's positive evidence; nan without any.

    Each basic's map is scaled to sum to 1 before the fit, so that a share does not depend on how strong its map is.
    """
    target, columns = _evidence(maps, compound, basics)
    columns = columns / np.maximum(columns.sum(1, keepdims=True), 1e-12)
    weights = np.stack([nnls(parts, wanted)[0] for parts, wanted in zip(columns, target, strict=True)])
    with np.errstate(invalid="ignore"):
        return torch.from_numpy(weights / weights.sum(1, keepdims=True))


def _evidence(maps: ClassMaps, compound: str, basics: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Positive evidence (N, hw) of a compound and (N, hw, B) of some basics, in double precision."""
    target = maps.of(compound).clamp(min=0).flatten(1)
    columns = torch.stack([maps.of(name).clamp(min=0).flatten(1) for name in basics], 2)
    return target.double().numpy(), columns.double().numpy()


def head_likeness(weight: Tensor, classes: Sequence[str], compound: str, basics: Sequence[str] = SIX) -> Tensor:
    """Cosine (B,) of a compound's row of a linear head (K, C) with the basics' rows, the mean row taken out."""
    rows = weight - weight.mean(0)
    unit = rows / rows.norm(dim=1, keepdim=True)
    place = {name: k for k, name in enumerate(classes)}
    return unit[[place[name] for name in basics]] @ unit[place[compound]]
