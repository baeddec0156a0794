"""Composition of an answer on one face: evidence by action unit, and whose units they are.

Everything is linear in the pooled features z, so what sets a class's score s_k (its logit less the mean logit) on this
face apart from that of a neutral face z0 is shared out exactly:

    s_k(z) - s_k(z0) = sum_u W_ku (u(z) - u(z0)) + left_k . (z - z0)

with W from `cfer.explain.maps.by_units`. A unit belongs to a constituent if the constituent's published prototype has
it. What no unit explains is shown as such, a piece of its own: it is what the network has beyond the muscles that were
named. Unit maps, the panel, JSON and evidence all have these same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cfer.emotions import UNIT_NAMES, prototype
from cfer.explain.maps import Composed


@dataclass(frozen=True)
class UnitShare:
    """Share of one action unit in a class's score on a face.

    Attributes:
        number: FACS number.
        evidence: In logit units, beside a neutral face; negative where it speaks against the class.
        of: The constituents whose published prototype has the unit: none, one or both; none for one that is missing.
        shown: Whether it is stronger than in a neutral face; a missing one may speak for a class, too.
    """

    number: int
    evidence: float
    of: tuple[str, ...]
    shown: bool = True

    @property
    def name(self) -> str:
        """FACS name."""
        return UNIT_NAMES.get(self.number, f"unit {self.number}")


@dataclass(frozen=True)
class Piece:
    """Piece of what speaks for a class.

    Attributes:
        kind: "muscles" at work that belong to constituents, "other" muscles at work, "beyond" muscles, or muscles that
            are "absent": less at work than in a neutral face.
        of: The constituents of "muscles": one, or both where both have the unit.
        share: 0 to 1 of all that speaks for the class.
    """

    kind: str
    of: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Composition:
    """Composition of a class's score on one face.

    Attributes:
        name: The class.
        constituents: Its basics; itself for a basic class.
        units: Every unit's share, the largest first.
        beyond: What no unit explains, in logit units.
        pair_sum: For two constituents: the sum of their probabilities among the seven basics, 0 to 1.
        pair_place: Place of that sum among the 15 pairs of basics, 1 being the largest; None without two constituents.
    """

    name: str
    constituents: tuple[str, ...]
    units: tuple[UnitShare, ...]
    beyond: float
    pair_sum: float | None = None
    pair_place: int | None = None

    @property
    def total(self) -> float:
        """By how much the class's score lies above that of a neutral face, in logit units."""
        return sum(unit.evidence for unit in self.units) + self.beyond

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """All that speaks for the class, shares summing to 1: muscles first, absent ones last; none if nothing does."""
        found: dict[tuple[str, tuple[str, ...]], float] = {}
        for unit in self.units:
            if unit.evidence > 0:
                kind = ("muscles" if unit.of else "other") if unit.shown else "absent"
                found[kind, unit.of] = found.get((kind, unit.of), 0.0) + unit.evidence
        if self.beyond > 0:
            found["beyond", ()] = self.beyond
        whole = sum(found.values())
        ranked = sorted(found.items(), key=lambda item: (_ORDER.index(item[0][0]), -item[1]))
        return tuple(Piece(kind, of, amount / whole) for (kind, of), amount in ranked)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "constituents": list(self.constituents),
            "evidence": round(self.total, 4),
            "beyond_units": round(self.beyond, 4),
            "speaks_for_it": [
                {"kind": piece.kind, "of": list(piece.of), "share": round(piece.share, 4)} for piece in self.pieces
            ],
            "units": {
                str(u.number): {"evidence": round(u.evidence, 4), "of": list(u.of), "shown": u.shown}
                for u in self.units
            },
            "pair_sum": None if self.pair_sum is None else round(self.pair_sum, 4),
            "pair_place_of_15": self.pair_place,
        }


_ORDER = ("muscles", "other", "beyond", "absent")


@torch.no_grad()
def compose(
    name: str,
    place: int,
    constituents: Sequence[str],
    composed: Composed,
    numbers: Sequence[int],
    moved: tuple[Tensor, Tensor],
    basics: dict[str, float],
) -> Composition:
    """Share out a class's score.

    Args:
        name: The class.
        place: Its row.
        constituents: Its basics, empty for a basic class.
        composed: The head's rows by action units.
        numbers: FACS numbers of the units, in the order of the readout.
        moved: How far the pooled features (C,) and the units (U,) lie off those of a neutral face.
        basics: Probabilities of the six basics among the seven classes of step 0.
    """
    features, units = moved
    weights = composed.weights[place] - composed.weights.mean(0)  # (U,)
    left = composed.left[place] - composed.left.mean(0)  # (C,)
    owners = tuple(constituents) or (name,)
    known = {who: prototype(who) for who in owners if who in basics}
    shares = [
        UnitShare(
            number, float(amount), tuple(who for who in known if number in known[who] and there > 0), bool(there > 0)
        )
        for number, amount, there in zip(numbers, weights * units, units, strict=True)
    ]
    found = Composition(
        name, owners, tuple(sorted(shares, key=lambda unit: -abs(unit.evidence))), float(left @ features)
    )
    if len(constituents) != 2 or not set(constituents) <= set(basics):
        return found
    mine = sum(basics[who] for who in constituents)
    names = list(basics)
    sums = [basics[a] + basics[b] for i, a in enumerate(names) for b in names[i + 1 :]]
    place_of = 1 + sum(other > mine + 1e-9 for other in sums)
    return Composition(found.name, found.constituents, found.units, found.beyond, mine, place_of)
