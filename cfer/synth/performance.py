"""Performances: an expression as one person shows it once."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cfer.emotions import EXPRESSIONS
from cfer.synth.action_units import ACTION_UNITS

FREE = "free"
"""What a performance of units drawn without any expression in mind is called."""

LEVELS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"a": (0.08, 0.2), "b": (0.2, 0.4), "c": (0.4, 0.65), "d": (0.65, 0.9), "e": (0.9, 1.0)}
)
"""FACS intensities as ranges of a unit's full movement: a trace, b slight, c marked, d severe, e maximum."""

# The published table says how often units occur, not how strongly. A strongly lowered brow is read as anger by people
# and networks alike; in sadness it is drawn together more than down (Ekman & Friesen, "Unmasking the Face", 1975).
_SHARE = MappingProxyType({("sad", 4): 0.5})

_APART = ((24, 25), (24, 26))  # lips cannot be pressed together and apart

_POSED = ("d", "d", "e", "e")  # how often posed expressions are how strong


@dataclass(frozen=True)
class Performance:
    """Performance of a face: its action units, gaze and pose.

    Attributes:
        expression: Name in the vocabulary, or `FREE`.
        units: Intensity in 0..1 of each action unit.
        asymmetry: For each unit, by what share the left side is stronger.
        yaw: Turn to the subject's left, radians.
        pitch: Nod, downwards positive, radians.
        roll: Tilt, anticlockwise in the picture, radians.
        gaze: Direction of the eyes relative to the head, radians to the left and down.
    """

    expression: str
    units: Mapping[int, float]
    asymmetry: Mapping[int, float]
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def sample(cls, expression: str, rng: np.random.Generator, level: str | None = None) -> "Performance":
        """Sample a performance: required units always, optional ones as often as people show them.

        Args:
            expression: A name of `cfer.emotions.EXPRESSIONS`.
            rng: Source of chance.
            level: FACS intensity "a" to "e" of the required units; None draws one as in posed photographs, d or e.

        Raises:
            KeyError: No such expression or level.
        """
        wanted = EXPRESSIONS[expression]
        low, high = LEVELS[level or _POSED[rng.integers(len(_POSED))]]
        units = {unit: float(rng.uniform(low, high)) for unit in wanted.required}
        for unit, share in wanted.optional.items():
            if rng.random() < share:
                units[unit] = float(rng.uniform(0.7 * low, 0.95 * high))
        units = {unit: q * _SHARE.get((expression, unit), 1.0) for unit, q in units.items()}
        return cls._of(expression, units, rng)

    @classmethod
    def sample_free(cls, rng: np.random.Generator) -> "Performance":
        """Sample one to seven action units at any intensity, with no expression in mind.

        A network that learns units from such faces has learned no expression by name or by combination.
        """
        drawn = [int(unit) for unit in rng.permutation(list(ACTION_UNITS))[: rng.integers(1, 8)]]
        kept = [unit for unit in drawn if not any((first, unit) in _APART for first in drawn)]
        return cls._of(FREE, {unit: float(rng.uniform(0.25, 1.0)) for unit in kept}, rng)

    @classmethod
    def _of(cls, expression: str, units: Mapping[int, float], rng: np.random.Generator) -> "Performance":
        """The units on a head that is turned a little, as heads are."""
        return cls(
            expression,
            dict(sorted(units.items())),
            {unit: float(np.clip(rng.normal(0, 0.08), -0.25, 0.25)) for unit in units},
            yaw=float(rng.normal(0, 0.12)),
            pitch=float(rng.normal(0.02, 0.06)),
            roll=float(rng.normal(0, 0.04)),
            gaze=(float(rng.normal(0, 0.06)), float(rng.normal(0, 0.04))),
        )
