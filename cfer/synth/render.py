"""Render a performance by a person in a scene: a picture and the truth about it."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from cfer.synth.action_units import ACTION_UNITS, load_shapes, shape_weights
from cfer.synth.chart import load_chart
from cfer.synth.figure import Figure
from cfer.synth.filters import blur, shrink
from cfer.synth.head import Part, load_head
from cfer.synth.landmarks import LANDMARKS
from cfer.synth.performance import Performance
from cfer.synth.raster import draw_strands, height_map, interpolate, rasterise, vertex_normals
from cfer.synth.scene import Light, Scene
from cfer.synth.shade import CHANNELS, NOTHING, ambient_occlusion, look_up_shadow, shade
from cfer.synth.truth import Region, Truth
from cfer.synth.wrinkles import WRINKLES, load_wrinkles

_FINE = 2  # pixels drawn a side of each pixel of the picture
_UPPER_TEETH, _LOWER_TEETH = (0.0, -0.50, 0.16), (0.0, -0.30, 0.0)  # cm: where the dentures sit behind the lips


@dataclass(frozen=True)
class Posed:
    """A head that performs, in front of the camera.

    Attributes:
        vertices: (V, 3) float32 in the camera's frame: origin at the pivot of the head, cm.
        turn: (3, 3) float32 rotation of the head.
        moved: (V, U) float32 how far each performed unit moves each vertex, mm.
    """

    vertices: np.ndarray
    turn: np.ndarray
    moved: np.ndarray


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
    head, person = load_head(), figure.person
    posed = pose(figure, performance)
    pixels = size * _FINE
    focal = pixels / 2 / scene.half_height * scene.distance
    offset = np.array([*scene.centre, 0], np.float32)
    points = posed.vertices - offset

    def project(at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        near = (1 / (scene.distance - at[..., 2])).astype(np.float32)
        x = (pixels / 2 + at[..., 0] * near * focal).astype(np.float32)
        return x, (pixels / 2 - at[..., 1] * near * focal).astype(np.float32), near

    x, y, near = project(points)
    depth = np.zeros((pixels, pixels), np.float32)
    index = np.full((pixels, pixels), -1, np.int32)
    bary = np.zeros((pixels, pixels, 2), np.float32)
    rasterise(x, y, near, head.triangles, False, depth, index, bary)
    parts = np.where(index >= 0, head.parts[index], NOTHING).astype(np.uint8)
    bare = depth.copy()
    values = np.empty((len(points), CHANNELS), np.float32)
    values[:, :3], values[:, 3:6] = points, vertex_normals(points, head.triangles)
    values[:, 6:8], values[:, 8:] = load_chart().uv, _local_coordinates()
    drawn = interpolate(index, bary, head.triangles, values)

    lips_z = float(points[LANDMARKS[[51, 57, 62, 66]], 2].mean())
    picture = _light(figure, performance, scene, posed.turn, points, parts, drawn, focal, lips_z)
    _draw_lashes(picture, x, y, near, depth, 0.75 if person.male else 1.0)
    covers = []
    for strands, width, root, tip, bias in (
        (figure.brows, 1.15, 0.55, 0.25, 0.004),
        (figure.hair, 2.0 if person.hair_length > 4.5 else 1.5, 0.6, 0.25, 0.002),
    ):
        cover = np.zeros((pixels, pixels), np.float32)
        if strands is not None:
            is_hair = strands is figure.hair
            path = strands.place(points, posed.turn)
            hue = np.array(person.hair if is_hair else person.brows, np.float32)
            colour = _light_strands(path, hue * strands.shade, scene, _hair_centre(posed.turn) - offset, is_hair)
            opacity = np.full(path.shape[:2], 0.92 if is_hair else 0.5 + 0.2 * person.brow_density, np.float32)
            opacity[:, 0] *= root
            opacity[:, -1] *= tip
            sx, sy, s_near = project(path)
            draw_strands(sx, sy, s_near, colour, opacity, width * size / 224, bias, is_hair, depth, picture, cover)
        covers.append(cover)

    x, y = x / _FINE, y / _FINE
    truth = _truth(performance, posed, head.triangles, parts, index, bary, drawn, covers, x, y, near, bare)
    return _develop(picture, scene.exposure), truth


def pose(figure: Figure, performance: Performance) -> Posed:
    """Move a figure's face, eyes and head as a performance says."""
    head, shapes = load_head(), load_shapes()
    vertices = figure.vertices.copy()
    weights = shape_weights(performance.units, performance.asymmetry)
    for name, weight in weights.items():
        shapes[name].add_to(vertices, weight)
    moved = np.zeros((len(vertices), len(performance.units)), np.float32)
    for column, unit in enumerate(performance.units):
        relaxed = shape_weights({u: q for u, q in performance.units.items() if u != unit}, performance.asymmetry)
        shift = np.zeros_like(vertices)
        for name in weights.keys() | relaxed.keys():
            change = weights.get(name, 0.0) - relaxed.get(name, 0.0)
            if change:
                shapes[name].add_to(shift, change)
        moved[:, column] = 10 * np.linalg.norm(shift, axis=1)
    for teeth, place in ((Part.UPPER_TEETH, _UPPER_TEETH), (Part.LOWER_TEETH, _LOWER_TEETH)):
        vertices[head.vertices_of(teeth)] += np.array(place, np.float32)
    left, down = performance.gaze
    look = (_rotation(1, left) @ _rotation(0, down)).astype(np.float32)
    for eye in head.eyes:
        centre = (vertices[eye].max(0) + vertices[eye].min(0)) / 2
        vertices[eye] = (vertices[eye] - centre) @ look.T + centre
    turn = _rotation(2, performance.roll) @ _rotation(1, performance.yaw) @ _rotation(0, performance.pitch)
    turn = turn.astype(np.float32)
    return Posed(np.ascontiguousarray((vertices - _pivot(figure)) @ turn.T), turn, moved)


def _pivot(figure: Figure) -> np.ndarray:
    bridge, chin = figure.vertices[LANDMARKS[[27, 8]], 1]
    return np.array([0, (bridge + chin) / 2 + 4.2, -5.9], np.float32)


def _hair_centre(turn: np.ndarray) -> np.ndarray:
    return turn @ np.array([0, 2.0, -1.1], np.float32)


def _rotation(axis: int, angle: float) -> np.ndarray:
    matrix = np.eye(3)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


@cache
def _local_coordinates() -> np.ndarray:
    # (V, 3): place on the unit eyeball, or on the denture: arc from the middle and distance from the biting edge (cm)
    head = load_head()
    local = np.zeros_like(head.template)
    for eye in head.eyes:
        ball = head.template[eye]
        ball = ball - (ball.max(0) + ball.min(0)) / 2
        local[eye] = ball / np.linalg.norm(ball, axis=1).mean()
    for part, sign in ((Part.UPPER_TEETH, 1), (Part.LOWER_TEETH, -1)):
        teeth = head.vertices_of(part)
        x, y = head.template[teeth, 0], head.template[teeth, 1] * sign
        local[teeth, 0] = x * (1 + 0.05 * x**2)
        local[teeth, 1] = y - y.min()
    return local


def _rows(*lights: Light) -> np.ndarray:
    return np.array([[*light.direction, *light.colour] for light in lights], np.float32)


def _light(figure, performance, scene, turn, points, parts, drawn, focal, lips_z):  # noqa: ANN001, ANN202
    head, person = load_head(), figure.person
    pixels = len(parts)
    # soft shadows of the key light
    to_light = np.array(scene.key.direction)
    right = np.cross([0, 1.0, 0], to_light)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(to_light, right), to_light]).astype(np.float32)
    heights = np.full((320, 320), -1e9, np.float32)
    scale = 320 / 34
    across = points @ axes.T
    casting = head.triangles[head.parts == Part.SKIN]
    height_map(across[:, 0] * scale + 160, across[:, 1] * scale + 160, np.ascontiguousarray(across[:, 2]), casting, heights)
    shadow = blur(look_up_shadow(parts, drawn, axes, scale, heights, 0.28, 1.4), 1.5)
    # occlusion in folds and under the chin, at half the resolution
    occlusion = np.zeros((pixels // 2, pixels // 2), np.float32)
    for radius, bias in ((1.1, 0.08), (3.6, 0.12)):
        occlusion += 0.5 * blur(ambient_occlusion(parts, drawn, 2, focal, scene.distance, radius, bias), 1.0)
    occlusion = np.repeat(np.repeat(occlusion, 2, 0), 2, 1)
    # lids shade the eyes, from above most
    on_skin = parts == Part.SKIN
    skin = on_skin.astype(np.float32)
    unit = pixels / 448
    above = blur(np.roll(skin, round(2.2 * unit), 0), 2.6 * unit)
    around = blur(skin, 1.6 * unit)
    lid_shade = (1 - 0.7 * np.clip(above * 1.35 - 0.12, 0, 1)) * (1 - 0.35 * np.clip(around * 1.3 - 0.1, 0, 1))
    active = np.full(len(WRINKLES), figure.age_lines, np.float32)
    for unit_number, intensity in performance.units.items():
        for name, share in ACTION_UNITS[unit_number].wrinkles.items():
            active[WRINKLES.index(name)] += share * intensity
    reflectance, irradiance, gloss = shade(
        parts,
        drawn,
        figure.skin,
        load_wrinkles(),
        active.clip(0, 1.3) * figure.wrinkle_depth,
        turn,
        shadow,
        occlusion,
        _rows(scene.key, scene.fill, scene.rim),
        np.array([scene.sky, scene.ground], np.float32),
        scene.distance,
        lips_z,
        lid_shade.astype(np.float32),
        np.array(person.iris, np.float32),
        person.pupil,
    )
    # light travels under the skin, red furthest
    for channel, reach in enumerate((2.6, 1.2, 0.7)):
        spread = blur(irradiance[..., channel] * skin, reach * unit) / np.maximum(blur(skin, reach * unit), 1e-3)
        irradiance[..., channel] = np.where(on_skin, 0.35 * irradiance[..., channel] + 0.65 * spread, irradiance[..., channel])
    lit = reflectance * irradiance * 0.62 + gloss
    return np.where((parts != NOTHING)[..., None], lit, scene.draw_background(pixels)).astype(np.float32)


def _draw_lashes(picture, x, y, near, depth, strength):  # noqa: ANN001, ANN202
    head = load_head()
    index = np.full(depth.shape, -1, np.int32)
    bary = np.zeros((*depth.shape, 2), np.float32)
    rasterise(x, y, near, head.lashes, True, depth * 1.0005, index, bary)
    rows, columns = np.nonzero(index >= 0)
    if len(rows):
        uv = interpolate(index, bary, head.lashes, head.lash_uv)[rows, columns]
        hairs = 0.5 + 0.5 * np.sin(2260 * uv[:, 0] + 3 * np.sin(240 * uv[:, 1]))
        share = (0.8 * strength * (0.28 + 0.3 * hairs))[:, None].astype(np.float32)
        picture[rows, columns] = picture[rows, columns] * (1 - share) + np.float32(0.01) * share


def _light_strands(path, colour, scene, centre, is_hair):  # noqa: ANN001, ANN202
    # Kajiya & Kay, "Rendering fur with three dimensional textures", SIGGRAPH 1989
    along = np.gradient(path, axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9
    outwards = path - centre
    outwards /= np.linalg.norm(outwards, axis=-1, keepdims=True) + 1e-9
    colour = np.broadcast_to(colour, (len(path), 3))[:, None]  # (N, 1, 3)
    lit = colour * (np.array(scene.sky, np.float32) * np.float32(0.45))
    for light in (scene.key, scene.fill, scene.rim):
        direction = np.array(light.direction, np.float32)
        half = direction + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half) + 1e-9
        across = np.sqrt(np.clip(1 - (along @ direction) ** 2, 0, 1))
        shine = np.clip(1 - (along @ half) ** 2, 0, 1) ** 18
        facing = np.clip((outwards @ direction + 0.4) / 1.4, 0, 1)
        lit = lit + (colour * across[..., None] * 0.55 + 0.04 * shine[..., None]) * np.array(light.colour, np.float32) * facing[..., None]
    if is_hair:
        lit = lit * np.linspace(0.5, 1.1, path.shape[1], dtype=np.float32)[:, None]  # roots lie in the shade
    return np.ascontiguousarray(lit, np.float32)


def _develop(picture: np.ndarray, exposure: float) -> np.ndarray:
    light = picture * np.float32(exposure)
    light = light / (1 + 0.12 * np.maximum(light, 0))
    coded = np.clip(light, 0, 1) ** np.float32(1 / 2.2)
    return (shrink(coded, _FINE) * 255 + 0.5).astype(np.uint8)


def _truth(performance, posed, triangles, parts, index, bary, drawn, covers, x, y, near, bare):  # noqa: ANN001, ANN202
    every = (slice(None, None, _FINE), slice(None, None, _FINE))
    part = parts[every]
    table = np.zeros(256, np.uint8)
    table[[Part.SKIN, Part.MOUTH, Part.TONGUE, Part.UPPER_TEETH, Part.LOWER_TEETH, Part.EYE]] = (
        *(Region.SKIN, Region.MOUTH, Region.MOUTH, Region.TEETH, Region.TEETH, Region.EYES),
    )
    regions = table[part]
    uv = drawn[every][..., 6:8]
    size = len(load_chart().lips)
    rows = ((1 - uv[..., 1]) * size).astype(int).clip(0, size - 1)
    columns = (uv[..., 0] * size).astype(int).clip(0, size - 1)
    regions[(part == Part.SKIN) & (load_chart().lips[rows, columns] > 0.5)] = Region.LIPS
    brows, hair = (shrink(cover, _FINE) > 0.5 for cover in covers)
    regions[brows] = Region.BROWS
    regions[hair] = Region.HAIR
    moved = interpolate(np.ascontiguousarray(index[every]), np.ascontiguousarray(bary[every]), triangles, posed.moved)
    landmarks = np.stack([x, y], -1)[LANDMARKS]
    r, c = (landmarks[:, ::-1].T * _FINE).astype(int)
    inside = (r >= 0) & (c >= 0) & (r < len(bare)) & (c < len(bare))
    nearest = bare[r.clip(0, len(bare) - 1), c.clip(0, len(bare) - 1)]
    return Truth(
        expression=performance.expression,
        units=performance.units,
        landmarks=landmarks,
        visible=inside & (near[LANDMARKS] > nearest * (1 - 0.6 * near[LANDMARKS])),  # within 6 mm of what is seen there
        regions=regions,
        displacement={unit: moved[..., k] for k, unit in enumerate(performance.units)},
        pose=(performance.yaw, performance.pitch, performance.roll),
        gaze=performance.gaze,
    )
