"""What relations look like over many faces, and what would look like one: the yardstick for a single face.

The numbers come from `benchmarks/relations.py`: rendered people whom the default checkpoint never saw. They hold for
that model alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

WHOLE, CHANGE = "own", "change"
"""Kinds of maps: of the whole face (`explain.maps`), of what differs from a neutral one (`explain.change`)."""
RANDOM_HEAD, SHUFFLED = "random head", "shuffled backbone"
"""Nulls in which there is nothing to find."""
ELSEWHERE = "another person"
"""Null in which there is no single face."""


def source(kind: str, null: str) -> str:
    """What the file calls a kind's null."""
    return null if kind == WHOLE else f"{kind}, {null}"


@dataclass(frozen=True)
class Reference:
    """Relations over a data set.

    Attributes:
        model: SHA-256 of the model that they were measured on; see `cfer.checkpoint.model_digest`.
        people: How many people.
        basics: Columns of every matrix.
        measures: Names of `cfer.explain.similarity.MEASURES`.
        facts: The file as it is.
    """

    model: str
    people: int
    basics: tuple[str, ...]
    measures: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def compounds(self) -> tuple[str, ...]:
        """Rows of every matrix."""
        return tuple(self.facts["compounds"])

    @property
    def sources(self) -> tuple[str, ...]:
        """What maps were measured: "own", then the nulls."""
        return tuple(self.facts["overall"])

    def matrix(self, measure: str, source: str = "own") -> np.ndarray:
        """Mean likeness (15, 6) of every compound's map and every basic's; nan without evidence on any face."""
        rows = [row["likeness"][source][measure] for row in self.facts["compounds"].values()]
        return np.array(rows, float)

    def heads(self) -> np.ndarray:
        """Cosines (15, 6) of the head's rows."""
        return np.array([row["head"] for row in self.facts["compounds"].values()])

    def mixture(self) -> np.ndarray:
        """Mean shares (15, 6) of the basics' maps in a non-negative fit of the compound's."""
        return np.array([row["mixture"] for row in self.facts["compounds"].values()], float)

    def deletion(self) -> np.ndarray:
        """What compounds lose (15, 6) when a basic's evidence is blurred, in logit units."""
        return np.array([row["deletion"][:6] for row in self.facts["compounds"].values()])

    def units(self) -> np.ndarray:
        """Cosines (15, 6) of FACS prototypes."""
        return np.array(self.facts["facs"])

    def mean_maps(self, compound: str, basic: str, kind: str = WHOLE) -> tuple[np.ndarray, np.ndarray]:
        """Mean positive maps (h, w) of a compound and a basic over the faces that show the compound."""
        row, place = self.facts["compounds"][compound], self.basics.index(basic)
        if kind == WHOLE:
            return np.array(row["mean_map"]), np.array(row["mean_basic_maps"][place])
        return np.array(row["mean_change_maps"][0]), np.array(row["mean_change_maps"][1 + place])

    def verdict(self, compound: str, measure: str = "cosine", kind: str = WHOLE) -> str:
        """What the data set says about a compound's tie to its constituents, in a sentence."""
        row = self.facts["compounds"][compound]
        gaps, parts = row["gap"], " and ".join(row["constituents"])
        luck = self.facts["by_luck"][kind]["mean"][measure]
        if gaps[kind][measure][1] <= max(0.0, luck, gaps[source(kind, SHUFFLED)][measure][2]):
            return (
                f"No evidence that {compound} is tied to {parts} beyond what any two maps of a face share: a network "
                "that learned less shows the same."
            )
        if row["gap_less_elsewhere"][kind][measure][1] <= 0:
            return (
                f"{compound.capitalize()} is tied to {parts} more than to other basics, but not measurably more than "
                "when the basics' maps are taken from another person: the tie is of the expressions, not of the face."
            )
        elsewhere = gaps[source(kind, ELSEWHERE)][measure][0]
        return (
            f"{compound.capitalize()} is tied to {parts} more than to other basics, and on the same face more than "
            f"across people (gap {gaps[kind][measure][0]:.2f} against {elsewhere:.2f})."
        )

    def about_one_face(self, compound: str, gap: float | None, measure: str = "cosine", kind: str = WHOLE) -> str:
        """What one face's gap means, beside the same measurement where there can be nothing to find."""
        if gap is None:
            return "One of the maps has no evidence, so there is nothing to compare."
        if compound not in self.facts["compounds"]:
            return "This expression was taught or is not among the fifteen compounds: nothing to hold the gap against."
        known = self.facts["compounds"][compound]["null_quantiles"]
        parts = " and ".join(self.facts["compounds"][compound]["constituents"])
        luck = self.facts["by_luck"][kind]["face"][measure][1]
        if gap <= max(0.0, luck, known[source(kind, SHUFFLED)][measure][1]):
            return f"No evidence here beyond what any two maps of a face share (gap {gap:+.2f}; 0 by chance)."
        middle = known[kind][measure][0]
        usual = "as usual" if gap >= middle else "less than usual"
        return (
            f"On this face {compound} is nearer to {parts} than to the other basics (gap {gap:+.2f}; {usual}, and more "
            "than in 95 % of faces under a head or a backbone that learned nothing)."
        )


@cache
def reference() -> Reference | None:
    """The shipped file, or None where it is missing."""
    path = files("cfer.explain").joinpath("assets/relations.json")
    if not path.is_file():
        return None
    facts = json.loads(path.read_text(encoding="utf-8"))
    return Reference(facts["model_sha256"], facts["people"], tuple(facts["basics"]), tuple(facts["measures"]), facts)
