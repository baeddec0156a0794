"""Scenes: light, background and camera."""

from dataclasses import dataclass

import numpy as np

from cfer.synth.filters import resize

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """A distant light.

    Attributes:
        direction: Unit vector towards the light.
        colour: Linear RGB strength.
    """

    direction: Colour
    colour: Colour


@dataclass(frozen=True)
class Scene:
    """Everything in a picture but the person.

    Attributes:
        seed: Decides the background's pattern.
        key: Main light, which casts shadows.
        fill: Light from the other side.
        rim: Light from behind.
        sky: Ambient light from above, linear RGB.
        ground: Ambient light from below.
        background: Linear RGB of the backdrop.
        pattern: How uneven the backdrop is, 0..1.
        half_height: Half the height of the picture at the face, cm.
        centre: Offset of the middle of the picture from the middle of the face, cm to the left and up.
        distance: From the camera to the head, cm.
        exposure: Factor on all light.
    """

    seed: int
    key: Light
    fill: Light
    rim: Light
    sky: Colour
    ground: Colour
    background: Colour
    pattern: float
    half_height: float = 10.5
    centre: tuple[float, float] = (0.0, 0.0)
    distance: float = 95.0
    exposure: float = 1.0

    @classmethod
    def sample(cls, seed: int) -> "Scene":
        """Invent the scene of a seed: portrait light from some side, a plain or uneven backdrop, a loose framing."""
        rng = np.random.default_rng([seed, 5])
        azimuth, height = rng.uniform(-60, 60), rng.uniform(15, 55)
        balance = 1 + rng.normal(0, 0.035) * np.array([1.0, 0.1, -1.1])
        shade = rng.uniform(0.04, 0.75)
        return cls(
            seed=seed,
            key=Light(_towards(azimuth, height), _scaled(balance, rng.uniform(1.4, 2.2))),
            fill=Light(
                _towards(-azimuth * rng.uniform(0.5, 1.2), rng.uniform(0, 25)), _scaled(balance, rng.uniform(0.25, 0.8))
            ),
            rim=Light(_towards(180 - 0.6 * azimuth, 30), _scaled(balance, rng.uniform(0.1, 0.8))),
            sky=_scaled(balance * [1, 1, 1.03], rng.uniform(0.5, 0.85)),
            ground=_scaled(balance * [1.04, 0.98, 0.93], rng.uniform(0.22, 0.4)),
            background=_scaled(np.exp(rng.normal(0, 0.07, 3)), shade),
            pattern=float(rng.uniform(0, 0.5) if rng.random() < 0.6 else 0.0),
            half_height=float(rng.uniform(9.8, 12.5)),
            centre=(float(rng.normal(0, 0.5)), float(rng.normal(0, 0.5))),
            distance=float(rng.uniform(70, 140)),
            exposure=float(np.exp(rng.normal(0, 0.12))),
        )

    def draw_background(self, size: int) -> np.ndarray:
        """Draw the backdrop, (size, size, 3) float32 linear RGB: darker towards the edges and, if uneven, blotchy."""
        rng = np.random.default_rng([self.seed, 6])
        across = np.linspace(-1, 1, size, dtype=np.float32)
        fall = 1 - 0.12 * (across[:, None] ** 2 + across**2)
        picture = np.asarray(self.background, np.float32) * fall[..., None]
        if self.pattern:
            for cells in (3, 6, 12):
                grey, *tint = rng.standard_normal((4, cells + 1, cells + 1)).astype(np.float32)
                for channel in range(3):
                    blotch = resize(grey + 0.35 * tint[channel], size, size)
                    picture[..., channel] *= np.exp(self.pattern * 0.6 * blotch)
        return picture.clip(0, 1.5).astype(np.float32)


def _towards(azimuth: float, height: float) -> Colour:
    a, h = np.radians(azimuth), np.radians(height)
    return float(np.sin(a) * np.cos(h)), float(np.sin(h)), float(np.cos(a) * np.cos(h))


def _scaled(colour: np.ndarray, strength: float) -> Colour:
    r, g, b = (float(c * strength) for c in colour)
    return r, g, b
