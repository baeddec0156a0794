"""The chart: a flat picture of the skin on which paint and wrinkles are drawn.

A point of the average head maps to the angle about the head's upright axis, stretched towards the front, and to its
height. What is drawn is a function of position on the average head; every person wears it on the same vertices.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from cfer.synth.head import Head, Part, load_head
from cfer.synth.raster import interpolate, rasterise

SIZE = 832  # pixels a side: about 0.3 mm on the face
AXIS_Z = -6.9  # the upright axis, behind the eyes (cm)
BOTTOM, HEIGHT = -14.0, 25.0
_STRETCH = 2.0


@dataclass(frozen=True)
class Chart:
    """Map from each pixel of the chart to the average head.

    Attributes:
        uv: (V, 2) float32 chart coordinates of the vertices, in 0..1.
        position: (SIZE, SIZE, 3) float32 point on the average head, cm.
        lips: (SIZE, SIZE) float32 share of lip in 0..1.
        ears: (SIZE, SIZE) float32 share of ear in 0..1.
        tangent_u: (SIZE, SIZE, 3) float32 change of position a pixel to the right.
        tangent_v: (SIZE, SIZE, 3) float32 change of position a pixel down.
    """

    uv: np.ndarray
    position: np.ndarray
    lips: np.ndarray
    ears: np.ndarray
    tangent_u: np.ndarray
    tangent_v: np.ndarray

    def gradient(self, height: np.ndarray) -> np.ndarray:
        """Surface gradient, (SIZE, SIZE, 3), of a height in cm drawn on the chart."""
        e = (self.tangent_u**2).sum(-1)
        f = (self.tangent_u * self.tangent_v).sum(-1)
        g = (self.tangent_v**2).sum(-1)
        down, right = np.gradient(height)
        scale = 1 / np.maximum(e * g - f * f, 1e-9)
        a, b = (g * right - f * down) * scale, (e * down - f * right) * scale
        slope = self.tangent_u * a[..., None] + self.tangent_v * b[..., None]
        return np.clip(slope, -8, 8).astype(np.float32)


def to_chart(points: np.ndarray) -> np.ndarray:
    """Chart coordinates in 0..1 of (..., 3) points on the average head."""
    angle = np.arctan2(points[..., 0], points[..., 2] - AXIS_Z)
    across = np.sign(angle) * np.log1p(_STRETCH * np.abs(angle)) / np.log1p(_STRETCH * np.pi)
    up = (points[..., 1] - BOTTOM) / HEIGHT
    return np.stack([0.5 + 0.5 * across, up], -1).clip(0, 1).astype(np.float32)


@cache
def load_chart() -> Chart:
    """Draw the chart of the average head (once a process)."""
    head = load_head()
    return draw_chart(head)


def draw_chart(head: Head) -> Chart:
    """Draw the chart of a head's template: where surfaces overlap, the outermost."""
    template = head.template
    uv = to_chart(template)
    skin = head.triangles[head.parts == Part.SKIN]
    across = uv[skin, 0]
    skin = skin[across.max(1) - across.min(1) < 0.3]  # not the triangles across the seam at the back
    x, y = uv[:, 0] * SIZE, (1 - uv[:, 1]) * SIZE
    radius = np.hypot(template[:, 0], template[:, 2] - AXIS_Z).astype(np.float32)
    depth = np.zeros((SIZE, SIZE), np.float32)
    index = np.full((SIZE, SIZE), -1, np.int32)
    bary = np.zeros((SIZE, SIZE, 2), np.float32)
    rasterise(x, y, 1 + 2e-3 * radius, skin, True, depth, index, bary)
    values = np.concatenate([template, head.masks["lips"][:, None], head.masks["ears"][:, None]], 1)
    drawn = interpolate(index, bary, skin, values.astype(np.float32))
    drawn = _fill(drawn, index >= 0)
    position = drawn[..., :3]
    down, right = np.gradient(position, axis=(0, 1))
    return Chart(uv, position, drawn[..., 3], drawn[..., 4], right, down)


def _fill(drawn: np.ndarray, known: np.ndarray) -> np.ndarray:
    # spread the edge outwards, so that bilinear look-ups at it find something sensible
    drawn, known = drawn.copy(), known.copy()
    for _ in range(SIZE):
        if known.all():
            break
        total = np.zeros_like(drawn)
        count = np.zeros(known.shape, np.float32)
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            near = np.roll(known, step, axis)
            total += np.where(near[..., None], np.roll(drawn, step, axis), 0)
            count += near
        new = ~known & (count > 0)
        drawn[new] = total[new] / count[new, None]
        known |= new
    return drawn
