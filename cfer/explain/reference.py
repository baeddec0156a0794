"""Relations over many faces, and what would look like one by chance: the yardstick for a single face.

The numbers come from `cfer measure`: rendered people whom training never saw. They hold for one model alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from safetensors.numpy import load

from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS

FILE, MEAN_MAPS, FACES = "relations.json", "mean-maps.safetensors", "faces"
"""Names among the measured files of a checkpoint."""
RELATED = (GRAD_CAM, INTEGRATED_GRADIENTS)
"""Methods whose maps are related to each other, with controls."""
RANDOM_HEAD, PERMUTED, SHUFFLED = "random head", "head on permuted labels", "shuffled backbone"
"""Controls in which there is nothing to find."""
ELSEWHERE, MEAN_FACE = "another person", "mean face"
"""Controls in which there is no single face."""


def source(method: str, control: str) -> str:
    """Name that the file has for a control of a method's maps."""
    return f"{method}, {control}"


class Tie(StrEnum):
    """Tie of a compound to its constituents.

    NONE: nothing beyond what any two maps of a face share. EXPRESSIONS: more than other basics, but not measurably more
    than when the basics' maps are another person's. FACE: more on the same face than across people.
    """

    NONE = "none"
    EXPRESSIONS = "expressions"
    FACE = "face"


@dataclass(frozen=True)
class Reference:
    """Relations over a data set.

    Attributes:
        model: SHA-256 of the model that they were measured on; see `cfer.checkpoint.model_digest`.
        people: How many people.
        basics: Columns of every matrix.
        measures: Names of `cfer.explain.similarity.MEASURES`.
        facts: The file as it is.
        mean_maps: For each compound and method "COMPOUND/METHOD" the mean positive maps (7, h, w) of the compound and
            of the six basics.
        faces: For each compound a few JPEG files of rendered faces that show it.
    """

    model: str
    people: int
    basics: tuple[str, ...]
    measures: tuple[str, ...]
    facts: Mapping[str, Any]
    mean_maps: Mapping[str, np.ndarray] = field(default_factory=dict)
    faces: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    @staticmethod
    def from_files(files: Mapping[str, bytes]) -> "Reference | None":
        """Read the measured files of a checkpoint; None where relations were not measured."""
        if FILE not in files:
            return None
        facts = json.loads(files[FILE])
        faces = {
            compound: tuple(files[name] for name in row["faces"] if name in files)
            for compound, row in facts["compounds"].items()
        }
        maps = load(files[MEAN_MAPS]) if MEAN_MAPS in files else {}
        return Reference(
            facts["model_sha256"], facts["people"], tuple(facts["basics"]), tuple(facts["measures"]), facts, maps, faces
        )

    @property
    def compounds(self) -> tuple[str, ...]:
        """Rows of every matrix."""
        return tuple(self.facts["compounds"])

    @property
    def sources(self) -> tuple[str, ...]:
        """Maps that were measured: the model's by each method, and those of the controls."""
        return tuple(self.facts["overall"])

    def matrix(self, measure: str, source: str = GRAD_CAM) -> np.ndarray:
        """Mean likeness (R, 6) of every compound's map and every basic's; nan without evidence on any face."""
        rows = [row["likeness"][source][measure] for row in self.facts["compounds"].values()]
        return np.array(rows, float)

    def heads(self) -> np.ndarray:
        """Cosines (R, 6) of the head's rows."""
        return np.array([row["head"] for row in self.facts["compounds"].values()])

    def mixture(self) -> np.ndarray:
        """Mean shares (R, 6) of the basics' maps in a non-negative fit of the compound's."""
        return np.array([row["mixture"] for row in self.facts["compounds"].values()], float)

    def deletion(self) -> np.ndarray:
        """Loss of compounds (R, 6) when a basic's evidence is blurred, in logit units."""
        return np.array([row["deletion"][:6] for row in self.facts["compounds"].values()])

    def units(self) -> np.ndarray:
        """Cosines (R, 6) of FACS prototypes."""
        return np.array(self.facts["facs"])

    def mean_of(self, compound: str, basic: str, method: str = GRAD_CAM) -> tuple[np.ndarray, np.ndarray]:
        """Mean positive maps (h, w) of a compound and a basic over the faces that show the compound."""
        maps = self.mean_maps[f"{compound}/{method}"]
        return maps[0], maps[1 + self.basics.index(basic)]

    def lucky(self, method: str, measure: str) -> tuple[float, float]:
        """Luck of a head that learned nothing: the 95 % quantile of a compound's mean gap, of a face's."""
        found = [self.facts["heads_by_luck"][source(method, control)] for control in (RANDOM_HEAD, PERMUTED)]
        return max(f["mean"][measure] for f in found), max(f["face"][measure][1] for f in found)

    def tie(self, compound: str, measure: str = "cosine", method: str = GRAD_CAM) -> Tie:
        """Tie of a compound to its constituents over the faces: nothing shown, their expressions, or their faces."""
        row = self.facts["compounds"][compound]
        gaps = row["gap"]
        luck, _ = self.lucky(method, measure)
        if gaps[method][measure][1] <= max(0.0, luck, gaps[source(method, SHUFFLED)][measure][2]):
            return Tie.NONE
        return Tie.FACE if row["gap_less_elsewhere"][method][measure][1] > 0 else Tie.EXPRESSIONS

    def gaps(self, compound: str, measure: str = "cosine", method: str = GRAD_CAM) -> tuple[float, float]:
        """A compound's mean gap on the same face, and with its basics' maps from another person."""
        found = self.facts["compounds"][compound]["gap"]
        return found[method][measure][0], found[source(method, ELSEWHERE)][measure][0]

    def beyond_chance(
        self, compound: str, gap: float | None, measure: str = "cosine", method: str = GRAD_CAM
    ) -> bool | None:
        """True if one face's gap is larger than 95 % of faces have under a head or a network that learned nothing."""
        if gap is None or compound not in self.facts["compounds"]:
            return None
        _, luck = self.lucky(method, measure)
        shuffled = self.facts["compounds"][compound]["quantiles"][source(method, SHUFFLED)][measure][1]
        return bool(gap > max(0.0, luck, shuffled))

    def about_one_face(self, compound: str, gap: float | None, measure: str = "cosine", method: str = GRAD_CAM) -> str:
        """Meaning of one face's gap, beside the same measurement where there can be nothing to find."""
        if gap is None:
            return "One of the maps has no evidence, so there is nothing to compare."
        if compound not in self.facts["compounds"]:
            return "This expression was taught or was not measured: there is nothing to hold the gap against."
        known = self.facts["compounds"][compound]["quantiles"]
        constituents = " and ".join(self.facts["compounds"][compound]["constituents"])
        if not self.beyond_chance(compound, gap, measure, method):
            return f"No evidence here beyond what any two maps of a face share (gap {gap:+.2f}; 0 by chance)."
        middle = known[method][measure][0]
        usual = "as usual" if gap >= middle else "less than usual"
        return (
            f"On this face {compound} is nearer to {constituents} than to the other basics (gap {gap:+.2f}; {usual}, "
            "and more than in 95 % of faces under a head or a backbone that learned nothing)."
        )
