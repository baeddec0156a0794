"""Light a drawing: shadows, occlusion, skin with its wrinkles, and light under the skin."""

import numpy as np

from cfer.synth.action_units import ACTION_UNITS
from cfer.synth.drawing import Drawing
from cfer.synth.figure import Figure
from cfer.synth.filters import blur
from cfer.synth.head import Part, load_head
from cfer.synth.landmarks import LANDMARKS
from cfer.synth.occlusion import ambient_occlusion, look_up_shadow
from cfer.synth.performance import Performance
from cfer.synth.raster import height_map
from cfer.synth.scene import Scene
from cfer.synth.shade import NOTHING, shade
from cfer.synth.wrinkles import WRINKLES, load_wrinkles

_MAP, _REACH = 320, 34.0  # pixels and centimetres across the shadow map


def light_surfaces(
    figure: Figure, performance: Performance, scene: Scene, turn: np.ndarray, drawing: Drawing
) -> np.ndarray:
    """Light the surfaces and put the backdrop behind them: (P, P, 3) float32 linear RGB.

    Args:
        figure: The person.
        performance: What the face does: its units draw wrinkles.
        scene: The lights.
        turn: (3, 3) float32 rotation of the head.
        drawing: What the camera sees; its normals are brought to length 1.
    """
    parts, person = drawing.parts, figure.person
    unit = drawing.camera.pixels / 448
    skin = parts == Part.SKIN
    share = skin.astype(np.float32)
    reflectance, irradiance, gloss = shade(
        parts,
        drawing.values,
        figure.skin,
        load_wrinkles(),
        _active_wrinkles(figure, performance),
        turn,
        _key_shadow(drawing, scene),
        _occlusion(drawing),
        np.array([[*light.direction, *light.colour] for light in (scene.key, scene.fill, scene.rim)], np.float32),
        np.array([scene.sky, scene.ground], np.float32),
        scene.distance,
        float(drawing.points[LANDMARKS[[51, 57, 62, 66]], 2].mean()),
        _lid_shade(share, unit),
        np.array(person.iris, np.float32),
        person.pupil,
    )
    for channel, reach in enumerate((2.6, 1.2, 0.7)):  # light travels under the skin, red furthest
        spread = blur(irradiance[..., channel] * share, reach * unit) / np.maximum(blur(share, reach * unit), 1e-3)
        own = irradiance[..., channel]
        irradiance[..., channel] = np.where(skin, 0.35 * own + 0.65 * spread, own)
    lit = reflectance * irradiance * np.float32(0.62) + gloss
    backdrop = scene.draw_background(drawing.camera.pixels)
    return np.where((parts != NOTHING)[..., None], lit, backdrop).astype(np.float32)


def _active_wrinkles(figure: Figure, performance: Performance) -> np.ndarray:
    active = np.full(len(WRINKLES), figure.age_lines, np.float32)
    for unit, intensity in performance.units.items():
        for name, share in ACTION_UNITS[unit].wrinkles.items():
            active[WRINKLES.index(name)] += share * intensity
    return active.clip(0, 1.3) * figure.wrinkle_depth


def _key_shadow(drawing: Drawing, scene: Scene) -> np.ndarray:
    head = load_head()
    towards = np.array(scene.key.direction)
    right = np.cross([0, 1.0, 0], towards)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(towards, right), towards]).astype(np.float32)
    across = drawing.points @ axes.T
    scale = _MAP / _REACH
    x, y = (np.ascontiguousarray(across[:, k] * np.float32(scale) + np.float32(_MAP / 2)) for k in (0, 1))
    heights = np.full((_MAP, _MAP), -1e9, np.float32)
    skin = head.triangles[head.parts == Part.SKIN]
    height_map(x, y, np.ascontiguousarray(across[:, 2]), skin, heights)
    return blur(look_up_shadow(drawing.parts, drawing.values, axes, scale, heights, 0.28, 1.4), 1.5)


def _occlusion(drawing: Drawing) -> np.ndarray:
    # narrow folds and wide hollows, at half the resolution
    total = np.zeros((drawing.camera.pixels // 2,) * 2, np.float32)
    for radius, bias in ((1.1, 0.08), (3.6, 0.12)):
        total += 0.5 * blur(ambient_occlusion(drawing, 2, radius, bias), 1.0)
    return np.repeat(np.repeat(total, 2, 0), 2, 1)


def _lid_shade(skin: np.ndarray, unit: float) -> np.ndarray:
    # lids shade the eyes, from above most
    above = blur(np.roll(skin, round(2.2 * unit), 0), 2.6 * unit)
    around = blur(skin, 1.6 * unit)
    shaded = (1 - 0.7 * np.clip(above * 1.35 - 0.12, 0, 1)) * (1 - 0.35 * np.clip(around * 1.3 - 0.1, 0, 1))
    return shaded.astype(np.float32)
