"""The result objects of explanations: what the app shows, the command line prints and the evidence bundle writes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cfer.explain.maps import ClassMaps
from cfer.explain.methods import GRAD_CAM
from cfer.explain.reference import Reference
from cfer.explain.regions import Shares
from cfer.explain.relation import SIX, head_likeness, mixtures, relate

SCHEMA_VERSION = 5
Numbers = tuple[float | None, ...]
"""One a basic; None where a map has no evidence."""


@dataclass(frozen=True)
class ClassExplanation:
    """Explanation of one class on one face: where the evidence for it lies.

    Attributes:
        name: The class.
        method: Whose map, by its key in `cfer.explain.methods.METHODS`.
        probability: The class's, 0 to 1.
        raw: The map (h, w), signed, in logit units.
        regions: Evidence by part of the face; None without landmarks.
        units_for: Evidence for the class on the place of every action unit, over the place's area; None likewise.
        units_against: The same for evidence against it.
    """

    name: str
    method: str
    probability: float
    raw: Tensor
    regions: Shares | None = None
    units_for: Mapping[int, float] | None = None
    units_against: Mapping[int, float] | None = None

    @property
    def evidence_for(self) -> float:
        """Sum of what speaks for the class, in logit units."""
        return amounts(self.raw)[0]

    @property
    def evidence_against(self) -> float:
        """Sum of what speaks against it, in logit units, at least 0."""
        return amounts(self.raw)[1]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the map itself."""
        return {
            "method": self.method,
            "probability": self.probability,
            "evidence_for": self.evidence_for,
            "evidence_against": self.evidence_against,
            "regions": self._regions(),
            "action_unit_places": self._units(),
        }

    def _regions(self) -> dict[str, dict[str, float | None]] | None:
        found = self.regions
        if found is None:
            return None
        columns = (found.regions, found.area, found.speaks_for, found.speaks_against)
        return {
            region: {"area": round(area, 4), "for_over_area": _known(pro), "against_over_area": _known(con)}
            for region, area, pro, con in zip(*columns, strict=True)
        }

    def _units(self) -> dict[str, dict[str, float | None]] | None:
        if self.units_for is None or self.units_against is None:
            return None
        return {
            str(unit): {"for_over_area": _known(pro), "against_over_area": _known(self.units_against[unit])}
            for unit, pro in self.units_for.items()
        }


@dataclass(frozen=True)
class Comparison:
    """Likeness of a compound's map to the six basics', by one method's maps.

    Attributes:
        method: Whose maps.
        likeness: For each measure, one number a basic.
        gap: For each measure, mean likeness to the constituents less that to the others; 0 by chance.
        auc: For each measure, the chance that a constituent is more alike than another basic; 0.5 by chance.
        both_first: For each measure, whether the constituents are the two most alike, ties broken at random; 1/15 by
            chance.
        rank_of_15: For each measure, the constituents' place among all pairs of basics; 8 by chance.
        verdict: The gap in words, beside its controls; None where none were measured for this model.
        beyond_chance: Whether the gap is larger than 95 % of those of a head or a network that learned nothing; None
            where that was not measured, or where there is no gap.
    """

    method: str
    likeness: Mapping[str, Numbers]
    gap: Mapping[str, float | None]
    auc: Mapping[str, float | None]
    both_first: Mapping[str, float | None]
    rank_of_15: Mapping[str, float | None]
    verdict: str | None
    beyond_chance: bool | None = None


@dataclass(frozen=True)
class RelationReport:
    """Report of what ties a compound to its constituents on one face, by every measure that there is.

    Attributes:
        compound: The class.
        constituents: Its two basics.
        basics: Names of the six basics, the order of every tuple.
        comparisons: By each method for which there are controls, as far as the model allows it.
        mixture_weights: The constituents' weights in the best non-negative sum of their whole-face maps.
        mixture_explained: Share of the compound's evidence that the sum explains; None without evidence.
        mixture_rank: The constituents' place among all pairs by that share; 8 by chance.
        head_likeness: Cosine of the compound's and each basic's row of the head.
        lost_without: What the compound's score loses when a basic's strongest evidence is blurred, in logit units.
        lost_without_random: The same for as many random cells.
    """

    compound: str
    constituents: tuple[str, str]
    basics: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    mixture_weights: tuple[float | None, float | None]
    mixture_explained: float | None
    mixture_rank: float | None
    head_likeness: Numbers
    lost_without: Numbers
    lost_without_random: float | None

    def by(self, method: str) -> Comparison | None:
        """The comparison by one method's maps, if there is one."""
        return next((c for c in self.comparisons if c.method == method), None)

    def gap_of(self, values: Numbers) -> float | None:
        """Mean over the constituents less that over the other basics; None where one side has no number."""
        sides: list[list[float]] = [[], []]
        for name, value in zip(self.basics, values, strict=True):
            if value is not None:
                sides[name in self.constituents].append(value)
        others, mine = sides
        return sum(mine) / len(mine) - sum(others) / len(others) if mine and others else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "constituents": list(self.constituents),
            "basics": list(self.basics),
            "maps": {
                c.method: {
                    "likeness": {m: list(values) for m, values in c.likeness.items()},
                    "gap": dict(c.gap),
                    "auc": dict(c.auc),
                    "both_constituents_first": dict(c.both_first),
                    "rank_of_15": dict(c.rank_of_15),
                    "verdict": c.verdict,
                    "beyond_chance": c.beyond_chance,
                }
                for c in self.comparisons
            },
            "mixture": {
                "weights": dict(zip(self.constituents, self.mixture_weights, strict=True)),
                "explained": self.mixture_explained,
                "rank_of_15": self.mixture_rank,
            },
            "head_likeness": list(self.head_likeness),
            "lost_without": list(self.lost_without),
            "lost_without_random_cells": self.lost_without_random,
            "by_chance": {"gap": 0.0, "auc": 0.5, "both_constituents_first": 1 / 15, "rank_of_15": 8},
        }


def relation_report(
    compound: str,
    constituents: Sequence[str],
    maps: Mapping[str, ClassMaps],
    weight: Tensor,
    lost: Tensor,
    reference: Reference | None,
) -> RelationReport:
    """Measure everything that ties a compound to its constituents on one face.

    Args:
        compound: A class of the model.
        constituents: Two of the six basics.
        maps: One face's, by method, each with the compound and the six basics at least.
        weight: The model's head (K, C), its classes those of the whole-face maps.
        lost: (7,) from `removal_effects` with the six basics' maps.
        reference: What the same measurements gave over many faces of this model, or None.
    """
    whole = maps[GRAD_CAM]
    mixture = mixtures(whole, compound)
    pair = [set(p) for p in mixture.pairs].index(set(constituents))
    weights = dict(zip(mixture.pairs[pair], map(_number, mixture.weights[0, pair]), strict=True))
    first, second = constituents
    *without, random = lost
    return RelationReport(
        compound,
        (first, second),
        SIX,
        tuple(_compared(method, each, compound, constituents, reference) for method, each in maps.items()),
        (weights[first], weights[second]),
        _number(mixture.explained[0, pair]),
        _number(mixture.rank(constituents)[0]),
        tuple(_number(v) for v in head_likeness(weight, whole.classes, compound)),
        tuple(_number(v) for v in without),
        _number(random),
    )


def _compared(
    method: str, maps: ClassMaps, compound: str, constituents: Sequence[str], reference: Reference | None
) -> Comparison:
    relation = relate(maps, compound, constituents)
    gaps = {m: _number(relation.gap(m)[0]) for m in relation.likeness}
    return Comparison(
        method,
        {m: tuple(_number(v) for v in values[0]) for m, values in relation.likeness.items()},
        gaps,
        {m: _number(relation.auc(m)[0]) for m in relation.likeness},
        {m: _number(relation.both_first(m)[0]) for m in relation.likeness},
        {m: _number(relation.pair_rank(m)[0]) for m in relation.likeness},
        reference.about_one_face(compound, gaps["cosine"], method=method) if reference else None,
        reference.beyond_chance(compound, gaps["cosine"], method=method) if reference else None,
    )


def _number(value: Tensor) -> float | None:
    return _known(float(value))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 5)


def amounts(raw: Tensor) -> tuple[float, float]:
    """Sums of a map's evidence (h, w) for and against, both at least 0."""
    return float(torch.clamp(raw, min=0).sum()), float(-torch.clamp(raw, max=0).sum())
