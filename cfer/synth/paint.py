"""Places on the average head: regions for paint, brow and hair, as functions of position.

All functions take (..., 3) points on the average head in cm (see `cfer.synth.head`) and return shares in 0..1.
The numbers were read off the average head: eyes at height 0 and 3.1 out, brow ridge at 1.3, tip of the nose at -3.9,
mouth at -6.8 with corners 2.2 out, chin at -10.6, ears from 0.4 to -4.7.
"""

import numpy as np

from cfer.synth.chart import AXIS_Z

_BROW_X = (1.0, 1.5, 2.4, 3.4, 4.3, 5.0)
_BROW_Y = (0.98, 1.16, 1.40, 1.55, 1.36, 0.92)
_BROW_HALF = (0.0, 0.36, 0.42, 0.36, 0.26, 0.0)


def spot(points: np.ndarray, x: float, y: float, wide: float, high: float) -> np.ndarray:
    """A soft spot on both sides, `x` out and at height `y`."""
    return np.exp(-(((np.abs(points[..., 0]) - x) / wide) ** 2) - ((points[..., 1] - y) / high) ** 2) * front(points)


def front(points: np.ndarray) -> np.ndarray:
    """The front of the face: 1 there, 0 towards the ears and the back."""
    return np.clip((points[..., 2] + 4.5) / 3, 0, 1)


def brow_curve(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Height of the brows' middle line and half their thickness, at distance x from the middle of the face."""
    return np.interp(x, _BROW_X, _BROW_Y), np.interp(x, _BROW_X, _BROW_HALF)


def brow(points: np.ndarray) -> np.ndarray:
    """The brows."""
    middle, half = brow_curve(np.abs(points[..., 0]))
    inside = 1.25 - np.abs(points[..., 1] - middle) / np.maximum(half, 1e-3)
    return np.clip(inside, 0, 1) * (half > 0.01) * front(points)


_HAIR_ANGLE = (0, 18, 32, 44, 54, 62, 70, 78, 84, 92, 102, 112, 125, 180)
_HAIR_Y = (6.3, 6.2, 5.6, 4.6, 3.2, 1.6, -0.6, -1.6, -0.2, 1.0, 0.8, -2.4, -6.0, -8.0)


def hairline(angle: np.ndarray) -> np.ndarray:
    """Height (cm) above which hair grows, at an angle in degrees from the front about the head's axis."""
    return np.interp(np.abs(angle), _HAIR_ANGLE, _HAIR_Y)


def scalp(points: np.ndarray) -> np.ndarray:
    """Region where hair grows."""
    angle = np.degrees(np.arctan2(np.abs(points[..., 0]), points[..., 2] - AXIS_Z))
    return np.clip((points[..., 1] - hairline(angle)) / 0.6, 0, 1)


def beard(points: np.ndarray, lips: np.ndarray) -> np.ndarray:
    """Region of the beard: below a line from the sideburns to the moustache, above the throat, around the lips."""
    x, y = np.abs(points[..., 0]), points[..., 1]
    top = np.interp(x, [0, 1.2, 2.2, 3.2, 5.0, 6.3, 7.5], [-4.75, -4.75, -5.2, -7.0, -5.6, -1.5, -1.0])
    bottom = np.interp(x, [0, 4, 7], [-12.4, -11.8, -9.0])
    shape = np.clip((top - y) / 0.6, 0, 1) * np.clip((y - bottom) / 1.2, 0, 1)
    return shape * (1 - lips) * np.clip((points[..., 2] + 6.5) / 2.5, 0, 1)


def cheeks(points: np.ndarray) -> np.ndarray:
    """Region where cheeks are red."""
    return spot(points, 4.0, -3.6, 1.9, 1.7)


def nose_tip(points: np.ndarray) -> np.ndarray:
    """Tip and wings of the nose."""
    return spot(points, 0, -3.7, 1.5, 1.0)


def chin(points: np.ndarray) -> np.ndarray:
    """The chin."""
    return spot(points, 0, -9.6, 2.0, 1.1)


def forehead(points: np.ndarray) -> np.ndarray:
    """The forehead."""
    return spot(points, 0, 4.2, 4.5, 2.2)


def under_eyes(points: np.ndarray) -> np.ndarray:
    """The hollows under the eyes."""
    x, y = np.abs(points[..., 0]), points[..., 1]
    low = -1.25 + 0.05 * (x - 2.9) ** 2
    return np.exp(-(((x - 2.7) / 1.5) ** 2) - ((y - low) / 0.5) ** 2) * front(points)


def lids(points: np.ndarray) -> np.ndarray:
    """The upper lids."""
    return spot(points, 3.1, 0.55, 1.5, 0.45)


def lid_rims(points: np.ndarray) -> np.ndarray:
    """The margins of the lids."""
    x, y = np.abs(points[..., 0]), points[..., 1]
    middle = -0.16 + 0.08 * (1 - ((x - 3.05) / 1.3) ** 2)
    return np.exp(-(((x - 3.0) / 1.45) ** 4) - ((y - middle) / 0.52) ** 4) * front(points)


def gloss(points: np.ndarray) -> np.ndarray:
    """Region where skin is oily: forehead, nose, chin, cheek bones."""
    shine = spot(points, 0, 4, 3.5, 2.3) + spot(points, 0, -2.2, 1.0, 2.4)
    shine = shine + 0.6 * spot(points, 0, -9.6, 1.5, 0.9) + 0.4 * spot(points, 4.2, -2.2, 1.5, 1.1)
    return np.clip(shine, 0, 1)
