"""The drawn surfaces: for each fine pixel which triangle it shows, and where on the head that is."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from cfer.synth.chart import load_chart
from cfer.synth.head import Part, load_head
from cfer.synth.raster import interpolate, rasterise, vertex_normals
from cfer.synth.scene import Scene
from cfer.synth.shade import CHANNELS, NOTHING

FINE = 2  # pixels drawn a side of each pixel of the picture


@dataclass(frozen=True)
class Camera:
    """A pinhole camera on the z axis that looks at the origin.

    Attributes:
        pixels: Side of the drawn picture.
        focal: Pixels a unit of x / distance.
        distance: From the origin, cm.
    """

    pixels: int
    focal: float
    distance: float

    @classmethod
    def of(cls, scene: Scene, size: int) -> "Camera":
        """The camera of a scene for a picture of size x size pixels."""
        pixels = size * FINE
        return cls(pixels, pixels / 2 / scene.half_height * scene.distance, scene.distance)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns, rows and 1 / distance, float32, of (..., 3) points."""
        near = (1 / (self.distance - points[..., 2])).astype(np.float32)
        x = (self.pixels / 2 + points[..., 0] * near * self.focal).astype(np.float32)
        return x, (self.pixels / 2 - points[..., 1] * near * self.focal).astype(np.float32), near


@dataclass(frozen=True)
class Drawing:
    """Drawing of what the camera sees of the mesh, lashes aside, on P x P fine pixels.

    Attributes:
        camera: Who sees it.
        points: (V, 3) float32 vertices in the camera's frame.
        x: (V,) float32 fine pixel columns of the vertices.
        y: (V,) float32 rows.
        near: (V,) float32 1 / distance.
        depth: (P, P) float32 1 / distance of what is seen, 0 for nothing.
        index: (P, P) int32 triangle of the head, -1 for none.
        bary: (P, P, 2) float32 weights of its first two corners.
        parts: (P, P) uint8 `Part`, `NOTHING` for none.
        values: (P, P, 11) float32 pixel values, see `cfer.synth.shade`.
    """

    camera: Camera
    points: np.ndarray
    x: np.ndarray
    y: np.ndarray
    near: np.ndarray
    depth: np.ndarray
    index: np.ndarray
    bary: np.ndarray
    parts: np.ndarray
    values: np.ndarray


def draw_surfaces(points: np.ndarray, camera: Camera) -> Drawing:
    """Draw the head with (V, 3) vertices in the camera's frame."""
    head = load_head()
    x, y, near = camera.project(points)
    depth = np.zeros((camera.pixels, camera.pixels), np.float32)
    index = np.full(depth.shape, -1, np.int32)
    bary = np.zeros((*depth.shape, 2), np.float32)
    rasterise(x, y, near, head.triangles, False, depth, index, bary)
    parts = np.where(index >= 0, head.parts[index], NOTHING).astype(np.uint8)
    values = np.empty((len(points), CHANNELS), np.float32)
    values[:, :3], values[:, 3:6] = points, vertex_normals(points, head.triangles)
    values[:, 6:8], values[:, 8:] = load_chart().uv, _local_coordinates()
    drawn = interpolate(index, bary, head.triangles, values)
    return Drawing(camera, points, x, y, near, depth, index, bary, parts, drawn)


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
