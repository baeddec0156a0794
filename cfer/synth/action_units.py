"""Action units: which shapes of the head each one moves, which wrinkles it draws and where it is seen.

Units and their appearance: Ekman, Friesen & Hager, "Facial Action Coding System", 2002. The head's own shapes follow
ARKit's; how they are mixed into units is this project's approximation (see docs/synthetic-faces.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np

from cfer.emotions import UNIT_NAMES
from cfer.synth.head import Head, Part, Shift, load_head


@dataclass(frozen=True)
class ActionUnit:
    """One unit.

    Attributes:
        number: FACS number.
        name: FACS name.
        shapes: Weight of each shape at full intensity; a name without "Left" or "Right" stands for both sides.
        wrinkles: Depth of each wrinkle at full intensity.
        region: Where on the average head it moves the skin most: |x| from and to, y from and to, in cm.
    """

    number: int
    name: str
    shapes: Mapping[str, float]
    wrinkles: Mapping[str, float] = field(default_factory=dict)
    region: tuple[float, float, float, float] = (0, 9, -12, 9)


def _unit(
    number: int,
    region: tuple[float, float, float, float],
    shapes: dict[str, float],
    wrinkles: dict[str, float] | None = None,
) -> tuple[int, ActionUnit]:
    return number, ActionUnit(
        number, UNIT_NAMES[number], MappingProxyType(shapes), MappingProxyType(wrinkles or {}), region
    )


ACTION_UNITS: Mapping[int, ActionUnit] = MappingProxyType(
    dict(
        (
            _unit(1, (0, 3.4, 0.3, 6), {"browInnerUp": 2.7}, {"forehead": 0.9}),
            _unit(2, (1.8, 6.4, 0.2, 6), {"browOuterUp": 1.6}, {"temples": 0.9}),
            _unit(
                4,
                (0, 4.6, -0.4, 4),
                {"browDown": 1.5, "corrugator": 1.2, "noseSneer": 0.15},
                {"glabella": 1.25},
            ),
            _unit(5, (1.4, 4.8, -0.3, 1.8), {"eyeWide": 1.85}),
            _unit(
                6,
                (1.5, 6.5, -6, 0.4),
                {"cheekSquint": 0.75, "eyeSquint": 0.25},
                {"crow": 1.0, "under": 0.6},
            ),
            _unit(7, (1.4, 4.9, -2.4, 1.2), {"eyeSquint": 0.65}, {"under": 0.5}),
            _unit(
                9,
                (0, 3.6, -6.2, 1.0),
                {"noseWrinkle": 2.2, "cheekSquint": 0.25, "browDown": 0.2, "mouthUpperUp": 0.1},
                {"nose": 0.9, "glabella": 0.35, "nasolabial": 0.5},
            ),
            _unit(
                10,
                (0, 4, -7.6, -3.4),
                {"mouthUpperUp": 1.15, "mouthShrugUpper": 0.2, "noseSneer": 0.05},
                {"nasolabial": 0.8},
            ),
            _unit(
                11,
                (0, 4.2, -7, 1),
                {"mouthUpperUp": 0.45, "noseSneer": 0.25},
                {"nasolabial": 1.0},
            ),
            _unit(
                12,
                (0.8, 5.5, -9, -3),
                {"mouthSmile": 1.2, "cheekSquint": 0.3, "mouthUpperUp": 0.1},
                {"nasolabial": 0.9, "under": 0.2},
            ),
            _unit(15, (0.8, 4.6, -9.6, -4.6), {"mouthFrown": 2.3}, {"marionette": 0.8}),
            _unit(17, (0, 3.4, -11, -6.2), {"mouthShrugLower": 1.25}, {"chin": 1.0}),
            _unit(
                20,
                (0.8, 6, -10, -4.5),
                {"mouthStretch": 1.8, "mouthDimple": 0.6, "mouthLowerDown": 0.1},
                {"marionette": 0.4},
            ),
            _unit(
                23,
                (0, 3.4, -9.6, -4.6),
                {"mouthRollLower": 0.35, "mouthRollUpper": 0.35, "mouthPucker": 0.3},
            ),
            _unit(
                24,
                (0, 3.6, -9.8, -4.4),
                {"mouthRollLower": 0.9, "mouthRollUpper": 0.4, "mouthPress": 0.1, "mouthPucker": 0.2},
                {"marionette": 0.3, "chin": 0.3},
            ),
            _unit(
                25,
                (0, 3.2, -10, -5),
                {"jawOpen": 0.12, "mouthLowerDown": 1.6, "mouthUpperUp": 0.65},
            ),
            _unit(26, (0, 5, -12, -6), {"jawOpen": 0.5}),
        )
    )
)
"""The units of the vocabulary by FACS number."""


def shape_weights(intensities: Mapping[int, float], asymmetry: Mapping[int, float]) -> dict[str, float]:
    """Mix units into shape weights.

    Args:
        intensities: Unit intensities in 0..1.
        asymmetry: For each unit the share by which the left side is stronger and the right weaker.
    """
    weights: dict[str, float] = {}
    shapes = load_shapes()
    for number, intensity in intensities.items():
        uneven = asymmetry.get(number, 0.0)
        for shape, share in ACTION_UNITS[number].shapes.items():
            for suffix, side in (("Left", 1 + uneven), ("Right", 1 - uneven), ("", 1.0)):
                if shape + suffix in shapes:
                    weights[shape + suffix] = weights.get(shape + suffix, 0.0) + share * side * intensity
    both = min(intensities.get(1, 0.0), intensities.get(4, 0.0))
    for side in ("Left", "Right"):
        # frontalis and corrugator pull against each other: the brows are drawn together rather than down (1 + 4)
        if both:
            weights["browDown" + side] *= 1 - 0.35 * both
            weights["corrugator" + side] *= 1 - 0.45 * both
    return {name: float(np.clip(weight, 0, 3)) for name, weight in weights.items()}


@cache
def load_shapes() -> Mapping[str, Shift]:
    """The head's own shapes and those that it lacks: "corrugatorLeft", "noseWrinkleLeft" and their right-hand twins."""
    head = load_head()
    own = {}
    for side, sign in (("Left", 1), ("Right", -1)):
        own["corrugator" + side] = _corrugator(head, sign)
        own["noseWrinkle" + side] = _nose_wrinkle(head, head.shapes["noseSneer" + side])
    return MappingProxyType({**head.shapes, **own})


def _corrugator(head: Head, sign: int) -> Shift:
    # the frown muscle: pulls the inner half of the brow inwards and down
    points = head.template
    skin = np.zeros(len(points), bool)
    skin[head.vertices_of(Part.SKIN)] = True
    x, y, z = points[:, 0] * sign, points[:, 1], points[:, 2]
    pull = np.exp(-(((x - 1.6) / 1.4) ** 2) - ((y - 1.35) / 1.0) ** 2) * np.clip((z + 2) / 2, 0, 1) * skin
    touched = np.flatnonzero(pull > 1e-3)
    move = pull[touched, None] * np.array([-0.26 * sign, -0.45, 0.12])
    return Shift(touched, move.astype(np.float32))


def _nose_wrinkle(head: Head, sneer: Shift) -> Shift:
    # the head's sneer moves the brow more than the nose; a nose wrinkler does not
    height = head.template[sneer.index, 1]
    share = np.clip((1.3 - height) / 1.2, 0.25, 1)
    return Shift(sneer.index, sneer.move * share[:, None].astype(np.float32))
