"""Light that is kept from reaching a point: folds and hollows, and the key light's shadow."""

import numpy as np

from cfer.synth.drawing import Drawing
from cfer.synth.kernel import kernel
from cfer.synth.shade import NOTHING, POSITION

_SPIRAL = (np.arange(14) + 0.5) / 14
_TAPS = np.stack(
    [np.sqrt(_SPIRAL) * np.cos(2.39996 * 14 * _SPIRAL), np.sqrt(_SPIRAL) * np.sin(2.39996 * 14 * _SPIRAL)], 1
)
_TAPS = _TAPS.astype(np.float32)
_ANGLES = (np.random.default_rng(0).permutation(16).reshape(4, 4) * (2 * np.pi / 16)).astype(np.float32)


@kernel
def _occlude(parts, values, step, focal, camera, radius, bias, taps, angles):
    height, width = parts.shape[0] // step, parts.shape[1] // step
    out = np.ones((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            if parts[row * step, column * step] == NOTHING:
                continue
            here = values[row * step, column * step]
            reach = radius * focal / (camera - here[POSITION + 2])
            cos, sin = np.cos(angles[row & 3, column & 3]), np.sin(angles[row & 3, column & 3])
            hidden = 0.0
            for k in range(taps.shape[0]):
                x = int(column * step + (taps[k, 0] * cos - taps[k, 1] * sin) * reach)
                y = int(row * step + (taps[k, 0] * sin + taps[k, 1] * cos) * reach)
                if x < 0 or y < 0 or x >= parts.shape[1] or y >= parts.shape[0] or parts[y, x] == NOTHING:
                    continue
                there = values[y, x]
                dx, dy, dz = there[0] - here[0], there[1] - here[1], there[2] - here[2]
                squared = dx * dx + dy * dy + dz * dz
                above = (dx * here[3] + dy * here[4] + dz * here[5]) / (np.sqrt(squared) + 1e-6) - bias
                near = 1 - squared / (radius * radius * 2.2)
                if above > 0 and near > 0:
                    hidden += above * near
            out[row, column] = max(0.0, 1 - 1.9 * hidden / taps.shape[0])
    return out


def ambient_occlusion(drawing: Drawing, step: int, radius: float, bias: float) -> np.ndarray:
    """Screen-space ambient occlusion at every `step`-th pixel: the share of ambient light that arrives, float32.

    Args:
        drawing: What the camera sees.
        step: Distance of the pixels looked at.
        radius: How far away things occlude (cm).
        bias: How far above the surface they must rise (cosine).
    """
    camera = drawing.camera
    return _occlude(drawing.parts, drawing.values, step, camera.focal, camera.distance, radius, bias, _TAPS, _ANGLES)


@kernel
def look_up_shadow(parts, values, axes, scale, heights, bias, spread):
    """Share of the key light that arrives, (H, W) float32, from a map of heights towards it.

    Args:
        parts: (H, W) uint8 part shown.
        values: (H, W, 11) float32 pixel values.
        axes: (3, 3) float32 rows: the map's right, its down and the direction of the light.
        scale: Map pixels a cm.
        heights: (S, S) float32 shadow map, its middle at the origin.
        bias: How much higher (cm) something must be to cast a shadow.
        spread: Distance of the 5 x 5 taps, map pixels: softness.
    """
    height, width = parts.shape
    size = heights.shape[0]
    out = np.ones((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            if parts[row, column] == NOTHING:
                continue
            x, y, z = values[row, column, 0], values[row, column, 1], values[row, column, 2]
            u = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) * scale + size / 2
            v = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) * scale + size / 2
            w = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z + bias
            lit = 0
            for i in range(-2, 3):
                for j in range(-2, 3):
                    a, b = int(u + j * spread), int(v + i * spread)
                    if a < 0 or b < 0 or a >= size or b >= size or heights[b, a] < w:
                        lit += 1
            out[row, column] = lit / 25
    return out
