"""Relations over many faces, and what would look like one by chance: the yardstick for a single face.

The numbers come from `cfer measure`: rendered people whom training never saw. They hold for one model alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
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


Interval = Sequence[float]
"""A value and the ends of its 95 % interval."""
ByMeasure = Mapping[str, Interval]
"""By the names of `cfer.explain.similarity.MEASURES`."""
BySource = Mapping[str, ByMeasure]
"""By method, and by the names that `source` gives to controls."""


@dataclass(frozen=True)
class CompoundRelations:
    """Relations of one compound, over the faces that show it.

    Attributes:
        constituents: The two basics.
        likeness: Mean likeness of its map and each basic's (6 values a measure); None without evidence on any face.
        gap: How much nearer the constituents' maps are than the other basics'.
        auc: Area under the curve of telling constituents from other basics by likeness.
        gap_less_elsewhere: The gap less that with the basics' maps of another person.
        quantiles: Median and 95 % quantile of faces' gaps.
        both_first: Share of faces on which both constituents are the two nearest.
        pair_rank: Mean rank of the constituents among the fifteen pairs.
        mixture: Mean shares (6) of the basics' maps in a non-negative fit of its map.
        mixture_rank: Mean rank of the constituents in that fit.
        deletion: Mean loss (7) when each basic's evidence is blurred, in logit units; random cells last.
        deletion_gap: How much more is lost by the constituents' evidence.
        head: Cosines (6) of the head's rows.
        faces: Files of rendered faces that show it.
    """

    constituents: tuple[str, ...] = ()
    likeness: BySource = field(default_factory=dict)
    gap: BySource = field(default_factory=dict)
    auc: BySource = field(default_factory=dict)
    gap_less_elsewhere: BySource = field(default_factory=dict)
    quantiles: BySource = field(default_factory=dict)
    both_first: ByMeasure = field(default_factory=dict)
    pair_rank: ByMeasure = field(default_factory=dict)
    mixture: Sequence[float | None] = ()
    mixture_rank: Interval = ()
    deletion: Sequence[float] = ()
    deletion_gap: Interval = ()
    head: Sequence[float] = ()
    faces: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "CompoundRelations":
        """Read a compound's part of the file."""
        known: dict[str, Any] = {entry.name: plain[entry.name] for entry in fields(cls) if entry.name in plain}
        known |= {name: tuple(known.get(name, ())) for name in ("constituents", "faces")}
        return cls(**known)


@dataclass(frozen=True)
class Luck:
    """Gaps that heads which learned nothing give.

    Attributes:
        mean: 95 % quantile of a compound's mean gap, by measure.
        face: Median and 95 % quantile of a face's gap, by measure.
    """

    mean: Mapping[str, float]
    face: ByMeasure


@dataclass(frozen=True)
class Agreement:
    """Agreement of a matrix with the coding manual.

    Attributes:
        spearman: Rank correlation, with its interval over compounds.
        permuted_constituents_p: Share of random constituents that agree as well.
    """

    spearman: Interval
    permuted_constituents_p: float


@dataclass(frozen=True)
class Reference:
    """Relations over a data set.

    Attributes:
        model: SHA-256 of the model that they were measured on; see `cfer.checkpoint.model_digest`.
        people: How many people.
        basics: Columns of every matrix.
        measures: Names of `cfer.explain.similarity.MEASURES`.
        rows: Relations of every compound.
        overall: The mean gap of all compounds.
        by_luck: Gaps of heads that learned nothing, by source.
        facs: Cosines (R, 6) of the coding manual's prototypes.
        agreement: Agreement of matrices with the manual, by the name of the matrix.
        deletion_random: Mean loss of a compound when random cells are blurred.
        people_changed: Number of people whose change maps were measured.
        people_of_controls: Number of people whose controls were.
        draws: Number of random heads.
        mean_maps: For each compound and method "COMPOUND/METHOD" the mean positive maps (7, h, w) of the compound and
            of the six basics.
        faces: For each compound a few JPEG files of rendered faces that show it.
    """

    model: str
    people: int
    basics: tuple[str, ...]
    measures: tuple[str, ...]
    rows: Mapping[str, CompoundRelations]
    overall: BySource
    by_luck: Mapping[str, Luck]
    facs: Sequence[Sequence[float]] = ()
    agreement: Mapping[str, Agreement] = field(default_factory=dict)
    deletion_random: Interval = ()
    people_changed: int = 0
    people_of_controls: int = 0
    draws: int = 0
    mean_maps: Mapping[str, np.ndarray] = field(default_factory=dict)
    faces: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> "Reference | None":
        """Read the measured files of a checkpoint; None where relations were not measured."""
        if FILE not in files:
            return None
        plain = json.loads(files[FILE])
        rows = {compound: CompoundRelations.from_dict(row) for compound, row in plain["compounds"].items()}
        return cls(
            plain["model_sha256"],
            plain["people"],
            tuple(plain["basics"]),
            tuple(plain["measures"]),
            rows,
            plain["overall"],
            {name: Luck(**found) for name, found in plain["heads_by_luck"].items()},
            plain["facs"],
            {name: Agreement(**found) for name, found in plain["agreement_with_facs"].items()},
            plain["deletion_random"],
            plain["people_changed"],
            plain["people_of_controls"],
            plain["draws"],
            mean_maps=load(files[MEAN_MAPS]) if MEAN_MAPS in files else {},
            faces={name: tuple(files[file] for file in row.faces if file in files) for name, row in rows.items()},
        )

    @property
    def compounds(self) -> tuple[str, ...]:
        """Rows of every matrix."""
        return tuple(self.rows)

    @property
    def sources(self) -> tuple[str, ...]:
        """Maps that were measured: the model's by each method, and those of the controls."""
        return tuple(self.overall)

    def matrix(self, measure: str, source: str = GRAD_CAM) -> np.ndarray:
        """Mean likeness (R, 6) of every compound's map and every basic's; nan without evidence on any face."""
        return np.array([row.likeness[source][measure] for row in self.rows.values()], float)

    def heads(self) -> np.ndarray:
        """Cosines (R, 6) of the head's rows."""
        return np.array([row.head for row in self.rows.values()])

    def mixture(self) -> np.ndarray:
        """Mean shares (R, 6) of the basics' maps in a non-negative fit of the compound's."""
        return np.array([row.mixture for row in self.rows.values()], float)

    def deletion(self) -> np.ndarray:
        """Loss of compounds (R, 6) when a basic's evidence is blurred, in logit units."""
        return np.array([row.deletion[:6] for row in self.rows.values()])

    def units(self) -> np.ndarray:
        """Cosines (R, 6) of FACS prototypes."""
        return np.array(self.facs)

    def mean_of(self, compound: str, basic: str, method: str = GRAD_CAM) -> tuple[np.ndarray, np.ndarray]:
        """Mean positive maps (h, w) of a compound and a basic over the faces that show the compound."""
        maps = self.mean_maps[f"{compound}/{method}"]
        return maps[0], maps[1 + self.basics.index(basic)]

    def lucky(self, method: str, measure: str) -> tuple[float, float]:
        """Luck of a head that learned nothing: the 95 % quantile of a compound's mean gap, of a face's."""
        found = [self.by_luck[source(method, control)] for control in (RANDOM_HEAD, PERMUTED)]
        return max(f.mean[measure] for f in found), max(f.face[measure][1] for f in found)

    def tie(self, compound: str, measure: str = "cosine", method: str = GRAD_CAM) -> Tie:
        """Tie of a compound to its constituents over the faces: nothing shown, their expressions, or their faces."""
        row = self.rows[compound]
        gaps = row.gap
        luck, _ = self.lucky(method, measure)
        if gaps[method][measure][1] <= max(0.0, luck, gaps[source(method, SHUFFLED)][measure][2]):
            return Tie.NONE
        return Tie.FACE if row.gap_less_elsewhere[method][measure][1] > 0 else Tie.EXPRESSIONS

    def gaps(self, compound: str, measure: str = "cosine", method: str = GRAD_CAM) -> tuple[float, float]:
        """A compound's mean gap on the same face, and with its basics' maps from another person."""
        found = self.rows[compound].gap
        return found[method][measure][0], found[source(method, ELSEWHERE)][measure][0]

    def beyond_chance(
        self, compound: str, gap: float | None, measure: str = "cosine", method: str = GRAD_CAM
    ) -> bool | None:
        """True if one face's gap is larger than 95 % of faces have under a head or a network that learned nothing."""
        if gap is None or compound not in self.rows:
            return None
        _, luck = self.lucky(method, measure)
        shuffled = self.rows[compound].quantiles[source(method, SHUFFLED)][measure][1]
        return bool(gap > max(0.0, luck, shuffled))

    def about_one_face(self, compound: str, gap: float | None, measure: str = "cosine", method: str = GRAD_CAM) -> str:
        """Meaning of one face's gap, beside the same measurement where there can be nothing to find."""
        if gap is None:
            return "One of the maps has no evidence, so there is nothing to compare."
        if compound not in self.rows:
            return "This expression was taught or was not measured: there is nothing to hold the gap against."
        known = self.rows[compound].quantiles
        constituents = " and ".join(self.rows[compound].constituents)
        if not self.beyond_chance(compound, gap, measure, method):
            return f"No evidence here beyond what any two maps of a face share (gap {gap:+.2f}; 0 by chance)."
        middle = known[method][measure][0]
        usual = "as usual" if gap >= middle else "less than usual"
        return (
            f"On this face {compound} is nearer to {constituents} than to the other basics (gap {gap:+.2f}; {usual}, "
            "and more than in 95 % of faces under a head or a backbone that learned nothing)."
        )
