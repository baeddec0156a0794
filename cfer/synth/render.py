"""Render a performance by a person in a scene: a picture and the truth about it."""

import numpy as np

from cfer.synth.chart import SIZE, load_chart
from cfer.synth.drawing import FINE, Camera, Drawing, draw_surfaces
from cfer.synth.figure import Figure
from cfer.synth.filters import shrink
from cfer.synth.head import Part, load_head
from cfer.synth.landmarks import LANDMARKS
from cfer.synth.light import light_surfaces
from cfer.synth.performance import Performance
from cfer.synth.pose import Posed, pose
from cfer.synth.raster import interpolate
from cfer.synth.scene import Scene
from cfer.synth.strands import draw_brows, draw_hair, draw_lashes
from cfer.synth.truth import Region, Truth

_REGION = np.zeros(256, np.uint8)
_REGION[[Part.SKIN, Part.MOUTH, Part.TONGUE]] = Region.SKIN, Region.MOUTH, Region.MOUTH
_REGION[[Part.UPPER_TEETH, Part.LOWER_TEETH, Part.EYE]] = Region.TEETH, Region.TEETH, Region.EYES
_METERED = 0.26  # linear light of a face that needs no correction
_SEEN_WITHIN = 0.6  # cm: a landmark this close behind what is seen at its place counts as seen


def render(figure: Figure, performance: Performance, scene: Scene, size: int = 224) -> tuple[np.ndarray, Truth]:
    """Render.

    Args:
        figure: The person, ready to render.
        performance: What the face does.
        scene: Light, backdrop and camera.
        size: Width and height in pixels.

    Returns:
        The picture, (size, size, 3) uint8 sRGB, and the truth about it.
    """
    posed = pose(figure, performance)
    points = posed.vertices - np.array([*scene.centre, 0], np.float32)
    drawing = draw_surfaces(points, Camera.of(scene, size))
    picture = light_surfaces(figure, performance, scene, posed.turn, drawing)
    draw_lashes(picture, drawing, 0.75 if figure.person.male else 1.0)
    brows = draw_brows(picture, drawing, figure, scene, posed.turn)
    hair = draw_hair(picture, drawing, figure, scene, posed.turn)
    landmarks, visible = _landmarks(drawing)
    truth = Truth(
        expression=performance.expression,
        units=performance.units,
        landmarks=landmarks,
        visible=visible,
        regions=_regions(drawing, brows, hair),
        displacement=_displacement(drawing, posed, performance),
        pose=(performance.yaw, performance.pitch, performance.roll),
        gaze=performance.gaze,
    )
    return _develop(picture, scene.exposure * _metering(picture, drawing.parts)), truth


def _metering(picture: np.ndarray, parts: np.ndarray) -> float:
    # a camera that meters on the face, and makes up for part of what it finds
    skin = picture[::4, ::4][parts[::4, ::4] == Part.SKIN]
    light = float(skin.mean()) if len(skin) else _METERED
    return float(np.clip((_METERED / max(light, 1e-3)) ** 0.45, 0.7, 2.2))


def _develop(picture: np.ndarray, exposure: float) -> np.ndarray:
    light = picture * np.float32(exposure)
    light = light / (1 + 0.12 * np.maximum(light, 0))
    coded = np.clip(light, 0, 1) ** np.float32(1 / 2.2)
    return (shrink(coded, FINE) * 255 + 0.5).astype(np.uint8)


def _landmarks(drawing: Drawing) -> tuple[np.ndarray, np.ndarray]:
    x, y, near = drawing.x[LANDMARKS], drawing.y[LANDMARKS], drawing.near[LANDMARKS]
    last = drawing.camera.pixels - 1
    inside = (x >= 0) & (y >= 0) & (x <= last) & (y <= last)
    seen = drawing.depth[y.astype(int).clip(0, last), x.astype(int).clip(0, last)]
    visible = inside & (near > seen * (1 - _SEEN_WITHIN * near))
    return np.stack([x, y], -1) / np.float32(FINE), visible


def _regions(drawing: Drawing, brows: np.ndarray, hair: np.ndarray) -> np.ndarray:
    part = drawing.parts[::FINE, ::FINE]
    regions = _REGION[part]
    uv = drawing.values[::FINE, ::FINE, 6:8]
    rows = ((1 - uv[..., 1]) * SIZE).astype(int).clip(0, SIZE - 1)
    columns = (uv[..., 0] * SIZE).astype(int).clip(0, SIZE - 1)
    regions[(part == Part.SKIN) & (load_chart().lips[rows, columns] > 0.5)] = Region.LIPS
    regions[shrink(brows, FINE) > 0.5] = Region.BROWS
    regions[shrink(hair, FINE) > 0.5] = Region.HAIR
    return regions


def _displacement(drawing: Drawing, posed: Posed, performance: Performance) -> dict[int, np.ndarray]:
    index, bary = (np.ascontiguousarray(buffer[::FINE, ::FINE]) for buffer in (drawing.index, drawing.bary))
    moved = interpolate(index, bary, load_head().triangles, posed.moved)
    return {unit: moved[..., column] for column, unit in enumerate(performance.units)}
