"""Wrinkles: heights on the chart for the folds that action units draw."""

from functools import cache

import numpy as np

from cfer.synth.chart import SIZE, load_chart
from cfer.synth.filters import noise
from cfer.synth.paint import front

WRINKLES = (
    *("forehead", "temples", "glabella", "crow", "under", "nose"),
    *("nasolabial", "marionette", "chin"),
)


def _fold(distance: np.ndarray, width: float) -> np.ndarray:
    # a furrow with a soft bulge on either side
    return np.exp(-((distance / width) ** 2)) - 0.45 * np.exp(
        -(((np.abs(distance) - 1.9 * width) / (1.1 * width)) ** 2)
    )


@cache
def load_wrinkles() -> np.ndarray:
    """Draw all wrinkles at a depth of 1 cm, (N, SIZE, SIZE, 4) float32 (once a process).

    The last axis holds the gradient of the surface and its height, which is negative in the folds; the first follows
    `WRINKLES`.
    """
    chart = load_chart()
    facing = front(chart.position)
    drawn = _draw(chart.position)
    made = np.empty((len(WRINKLES), SIZE, SIZE, 4), np.float32)
    for number, name in enumerate(WRINKLES):
        height = -(drawn[name] * facing).astype(np.float32)
        made[number, ..., :3] = chart.gradient(height)
        made[number, ..., 3] = height
    return made


def _draw(points: np.ndarray) -> dict[str, np.ndarray]:
    x, y, signed = np.abs(points[..., 0]), points[..., 1], points[..., 0]
    rng = np.random.default_rng(3)
    sway = noise(rng, SIZE, 60) * 0.12
    strength = np.clip(1 + 0.5 * noise(rng, SIZE, 45), 0.2, 1.6)
    drawn = {}
    lines = [
        share * _fold(y - height - sway - 0.10 * np.sin(1.1 * x + i) - 0.015 * x * x, 0.17)
        for i, (height, share) in enumerate(((2.55, 0.9), (3.35, 1.0), (4.2, 0.9), (5.1, 0.5)))
    ]
    forehead = np.sum(lines, 0) * strength
    drawn["forehead"] = forehead * np.exp(-((x / 2.4) ** 4))
    drawn["temples"] = forehead * np.exp(-(((x - 3.7) / 1.7) ** 4))
    upright = [
        share * _fold(x - out - 0.14 * (y - 1.4) + 0.3 * sway, 0.14) * np.exp(-(((y - 1.55) / 0.95) ** 4))
        for out, share in ((0.42, 1.0), (0.95, 0.5))
    ]
    drawn["glabella"] = np.sum(upright, 0) + 0.5 * _fold(y - 0.35, 0.14) * np.exp(-((x / 0.75) ** 4))
    drawn["crow"] = np.sum([_ray(x - 4.45, y + 0.15, angle) for angle in (-0.34, 0.03, 0.38)], 0)
    under = [_fold(y - height - 0.10 * (x - 3.0) ** 2 - 0.3 * sway, 0.12) for height in (-0.98, -1.4)]
    drawn["under"] = 0.8 * np.sum(under, 0) * np.exp(-(((x - 3.0) / 1.25) ** 4))
    across = [
        share * _fold(y - height - 0.4 * (x - 0.55) - 0.4 * sway, 0.12)
        for height, share in ((-0.15, 0.6), (-0.75, 0.9), (-1.35, 0.8))
    ]
    drawn["nose"] = strength * np.sum(across, 0) * np.exp(-(((x - 0.6) / 0.55) ** 4))
    along = np.clip((-3.5 - y) / 4.0, 0, 1)
    cheek_line = 1.85 + 1.45 * along**0.85 + 0.22 * np.sin(3.1 * along)
    ends = np.clip((-3.2 - y) / 0.7, 0, 1) * np.clip((y + 7.9) / 1.4, 0, 1)
    drawn["nasolabial"] = 1.3 * _fold((x - cheek_line) * 0.86, 0.2) * ends
    ends = np.clip((-6.9 - y) / 0.5, 0, 1) * np.clip((y + 9.4) / 1.2, 0, 1)
    drawn["marionette"] = 0.9 * _fold(x - 2.5 - 0.14 * (-7.0 - y), 0.17) * ends
    dimples = 0.5 * np.clip(noise(rng, SIZE, 6), -1.5, 1.5) * np.exp(-((x / 1.4) ** 4) - ((y + 9.5) / 0.9) ** 4)
    drawn["chin"] = dimples + 0.8 * _fold(y + 8.55 - 0.06 * signed**2, 0.2) * np.exp(-((x / 1.4) ** 4))
    return drawn


def _ray(dx: np.ndarray, dy: np.ndarray, angle: float) -> np.ndarray:
    across = dy * np.cos(angle) - dx * np.sin(angle)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    return _fold(across, 0.11) * np.clip(along / 0.25, 0, 1) * np.clip((1.6 - along) / 0.8, 0, 1)
