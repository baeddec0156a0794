"""Draw what is thinner than a pixel: lashes, brows and hair."""

import numpy as np

from cfer.synth.drawing import Camera, Drawing
from cfer.synth.figure import Figure
from cfer.synth.head import load_head
from cfer.synth.raster import draw_strands, interpolate, rasterise
from cfer.synth.scene import Scene

_HAIR_CENTRE = (0.0, 2.0, -1.1)  # cm from the pivot: what hair faces away from


def draw_lashes(picture: np.ndarray, drawing: Drawing, strength: float) -> None:
    """Darken the (P, P, 3) picture under the lashes, which are strips of the mesh."""
    head = load_head()
    index = np.full(drawing.index.shape, -1, np.int32)
    bary = np.zeros((*index.shape, 2), np.float32)
    rasterise(drawing.x, drawing.y, drawing.near, head.lashes, True, drawing.depth * 1.0005, index, bary)
    rows, columns = np.nonzero(index >= 0)
    if len(rows):
        uv = interpolate(index, bary, head.lashes, head.lash_uv)[rows, columns]
        hairs = 0.5 + 0.5 * np.sin(2260 * uv[:, 0] + 3 * np.sin(240 * uv[:, 1]))
        share = (0.8 * strength * (0.28 + 0.3 * hairs))[:, None].astype(np.float32)
        picture[rows, columns] = picture[rows, columns] * (1 - share) + np.float32(0.01) * share


def draw_brows(picture: np.ndarray, drawing: Drawing, figure: Figure, scene: Scene, turn: np.ndarray) -> np.ndarray:
    """Draw the brows over the picture; returns the share of each pixel that they cover, (P, P) float32."""
    person = figure.person
    path = figure.brows.place(drawing.points, turn)
    colour = light_strands(path, np.array(person.brows) * figure.brows.shade, scene, _centre(scene, turn))
    opacity = np.full(path.shape[:2], 0.5 + 0.2 * person.brow_density, np.float32)
    opacity[:, 0] *= 0.55
    opacity[:, -1] *= 0.25
    width = 1.15 * drawing.camera.pixels / 448
    return _draw(picture, drawing.depth.copy(), drawing.camera, path, colour, opacity, width, 0.004, False)


def draw_hair(picture: np.ndarray, drawing: Drawing, figure: Figure, scene: Scene, turn: np.ndarray) -> np.ndarray:
    """Draw the hair over the picture; returns the share of each pixel that it covers, (P, P) float32."""
    if figure.hair is None:
        return np.zeros(drawing.depth.shape, np.float32)
    person = figure.person
    path = figure.hair.place(drawing.points, turn)
    colour = light_strands(path, np.array(person.hair) * figure.hair.shade, scene, _centre(scene, turn))
    colour *= np.linspace(0.5, 1.1, path.shape[1], dtype=np.float32)[:, None]  # roots lie in the shade
    opacity = np.full(path.shape[:2], 0.92, np.float32)
    opacity[:, 0] *= 0.6
    opacity[:, -1] *= 0.25
    width = (2.0 if person.hair_length > 4.5 else 1.5) * drawing.camera.pixels / 448
    return _draw(picture, drawing.depth.copy(), drawing.camera, path, colour, opacity, width, 0.002, True)


def light_strands(path: np.ndarray, colour: np.ndarray, scene: Scene, centre: np.ndarray) -> np.ndarray:
    """Light thin hairs, after Kajiya & Kay, "Rendering fur with three dimensional textures", SIGGRAPH 1989.

    Args:
        path: (N, K, 3) points of the strands.
        colour: (N, 3) reflectance of each.
        scene: The lights.
        centre: (3,) point that they surround, to tell the lit side of the head from the other.

    Returns:
        (N, K, 3) float32 linear RGB.
    """
    along = np.gradient(path, axis=1)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9
    outwards = path - centre
    outwards /= np.linalg.norm(outwards, axis=-1, keepdims=True) + 1e-9
    base = np.broadcast_to(colour.astype(np.float32), (len(path), 3))[:, None]  # (N, 1, 3)
    lit = base * (np.array(scene.sky, np.float32) * np.float32(0.45))
    for light in (scene.key, scene.fill, scene.rim):
        direction = np.array(light.direction, np.float32)
        half = direction + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half) + 1e-9
        across = np.sqrt(np.clip(1 - (along @ direction) ** 2, 0, 1))[..., None]
        shine = np.clip(1 - (along @ half) ** 2, 0, 1)[..., None] ** 18
        facing = np.clip((outwards @ direction + 0.4) / 1.4, 0, 1)[..., None]
        lit = lit + (base * across * 0.55 + 0.04 * shine) * np.array(light.colour, np.float32) * facing
    return np.ascontiguousarray(lit, np.float32)


def _centre(scene: Scene, turn: np.ndarray) -> np.ndarray:
    return turn @ np.array(_HAIR_CENTRE, np.float32) - np.array([*scene.centre, 0], np.float32)


def _draw(
    picture: np.ndarray,
    depth: np.ndarray,
    camera: Camera,
    path: np.ndarray,
    colour: np.ndarray,
    opacity: np.ndarray,
    width: float,
    bias: float,
    opaque: bool,
) -> np.ndarray:
    cover = np.zeros(depth.shape, np.float32)
    x, y, near = camera.project(path)
    draw_strands(x, y, near, colour, opacity, width, bias, opaque, depth, picture, cover)
    return cover
