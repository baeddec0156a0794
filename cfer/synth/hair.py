"""Hair and brows as strands that grow out of the skin."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from cfer.synth.chart import AXIS_Z
from cfer.synth.head import Part, load_head
from cfer.synth.paint import brow, brow_curve, hairline, scalp
from cfer.synth.person import Person

_POINTS = 8  # of a strand
_SKULL = np.array([0.0, 1.2, -7.0])  # centre of the ellipsoid that hair lies on
_RADII = np.array([7.25, 9.6, 9.2])
_VOLUME = {"crop": 0.35, "short": 0.7, "medium": 0.9, "long": 0.8, "tied": 0.15}


@dataclass(frozen=True)
class Strands:
    """Strands by where they grow and how they run.

    Attributes:
        triangles: (N, 3) vertex numbers of the triangle of each root.
        weights: (N, 3) float32 barycentric weights of the root.
        offsets: (N, K, 3) float32 points of the strand relative to its root, on the resting head.
        shade: (N, 1) float32 brightness of each strand about 1.
    """

    triangles: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    shade: np.ndarray

    def place(self, vertices: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Points of the strands, (N, K, 3) float32, on a head with (V, 3) vertices that was turned by (3, 3) `turn`."""
        roots = (vertices[self.triangles] * self.weights[..., None]).sum(1)
        return roots[:, None] + self.offsets @ turn.T


def _roots(share: Callable[[np.ndarray], np.ndarray], count: int, seed: int) -> tuple[np.ndarray, ...]:
    # random points of the skin, as dense as `share` (a function of position) says: corners, weights, place, normal
    head = load_head()
    rng = np.random.default_rng(seed)
    skin = head.triangles[head.parts == Part.SKIN]
    corners = head.template[skin]  # (F, 3, 3)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1)
    chance = area * share(corners.mean(1)) * (head.masks["ears"][skin].max(1) < 0.2)
    chosen = rng.choice(len(skin), count, p=chance / chance.sum())
    weights = rng.dirichlet((1, 1, 1), count).astype(np.float32)
    place = (corners[chosen] * weights[..., None]).sum(1)
    return skin[chosen], weights, place, cross[chosen] / area[chosen, None]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)


@cache
def _brow_roots() -> tuple[np.ndarray, ...]:
    return _roots(lambda p: brow(p) * (p[..., 2] > 0.0), 1000, 11)


@cache
def _hair_roots(count: int) -> tuple[np.ndarray, ...]:
    return _roots(scalp, count, 7)


def grow_brows(person: Person) -> Strands:
    """Grow a person's brows: hairs that point outwards, up at the inner end and down at the outer."""
    triangles, weights, place, normal = _brow_roots()
    count = int(len(place) * person.brow_density)
    triangles, weights, place, normal = triangles[:count], weights[:count], place[:count], normal[:count]
    rng = np.random.default_rng([person.seed, 3])
    x = np.abs(place[:, 0])
    middle, half = brow_curve(x)
    angle = np.interp(x, [1, 1.8, 3.2, 4.3, 5.0], [1.25, 0.75, 0.25, -0.3, -0.6])
    angle = angle - np.clip((place[:, 1] - middle) / np.maximum(half, 0.1), -1, 1) * 0.5 + rng.normal(0, 0.15, count)
    along = np.stack([np.sign(place[:, 0]) * np.cos(angle), np.sin(angle), 0 * angle], 1)
    along = _unit(along - (along * normal).sum(1, keepdims=True) * normal)
    t = np.linspace(0, 1, 4)[None, :, None]
    length = rng.uniform(0.5, 0.8, (count, 1, 1))
    offsets = length * t * along[:, None] + (0.04 + 0.10 * t - 0.10 * t**2) * normal[:, None]
    return Strands(triangles, weights, offsets.astype(np.float32), np.ones((count, 1), np.float32))


def grow_hair(person: Person) -> Strands | None:
    """Grow a person's hair; None for the bald.

    Strands are combed along the skull on shells about it, so that the outline stays smooth, and kept out of the face.
    """
    style = person.hair_style
    if style == "bald":
        return None
    triangles, weights, place, _ = _hair_roots(7000 if style in ("crop", "tied") else 10000)
    count = len(place)
    rng = np.random.default_rng([person.seed, 4])
    side = np.sign(place[:, 0] - person.parting)[:, None]
    high = np.clip((place[:, 1:2] - 4.0) / 3.5, 0, 1)
    direction = _comb(style, side, high, float(rng.random())) + rng.normal(0, 0.10, (count, 3))
    clump = person.wave * np.stack([np.sin(place @ f) for f in rng.normal(0, 0.9, (3, 3))], 1)
    direction = _unit(direction + 0.35 * clump)
    layer = rng.random((count, 1)) ** 0.7
    gravity = {"crop": 0.0, "short": 0.05, "medium": 0.28, "long": 0.35, "tied": 0.0}[style]
    step = (person.hair_length * rng.uniform(0.8, 1.08, (count, 1))) / (_POINTS - 1)
    start_angle = np.degrees(np.arctan2(np.abs(place[:, 0]), place[:, 2] - AXIS_Z))[:, None]
    points = np.empty((count, _POINTS, 3))
    points[:, 0] = here = place.copy()
    phase = place @ rng.normal(0, 0.7, 3)
    for k in range(1, _POINTS):
        curl = 0.30 * person.wave * np.stack([np.sin(phase + 1.3 * k), 0 * phase, np.cos(phase + 1.1 * k)], 1)
        direction = _unit(direction + gravity * np.array([0, -1.0, 0]) + curl)
        here = here + step * direction
        here = _on_shell(here, place, layer * _VOLUME[style] * min(1.0, 1.6 * k / _POINTS))
        here = _out_of_face(here, start_angle, place)
        direction = _unit(here - points[:, k - 1])
        points[:, k] = here
    shade = np.exp(rng.normal(0, 0.16, (count, 1)) + 0.12 * clump[:, :1])
    return Strands(triangles, weights, (points - place[:, None]).astype(np.float32), shade.astype(np.float32))


def _comb(style: str, side: np.ndarray, high: np.ndarray, mix: float) -> np.ndarray:
    zero, one = 0 * side, 1 + 0 * side
    down = np.concatenate([0.15 * side, -one, -0.25 * one], 1)
    if style == "tied":
        return np.concatenate([zero, 0.35 * one, -one], 1)
    if style in ("crop", "short"):
        back = np.concatenate([zero, 0.2 * one, -one], 1)
        aside = np.concatenate([0.9 * side, 0.1 * one, 0.2 * one], 1)
        return (back * mix + aside * (1 - mix)) * high + down * (1 - high)
    aside = np.concatenate([0.9 * side, -0.1 * one, -0.5 * one], 1)
    return aside * high + down * (1 - high)


def _on_shell(points: np.ndarray, roots: np.ndarray, lift: np.ndarray) -> np.ndarray:
    # above the jaw hair rests on the skull; each root keeps its own distance from the ellipsoid, which fits it roughly
    relative = (points - _SKULL) / _RADII
    distance = np.linalg.norm(relative, axis=1, keepdims=True)
    own = np.linalg.norm((roots - _SKULL) / _RADII, axis=1, keepdims=True)
    wanted = np.maximum(own, 0.97) + lift / 8.5
    upper = points[:, 1:2] > -3.0
    pulled = np.where(distance < wanted, wanted, wanted + 0.35 * (distance - wanted))
    resting = _SKULL + relative / np.maximum(distance, 1e-3) * pulled * _RADII
    # below, it hangs around the neck and over the shoulders
    radius = np.hypot(points[:, 0], points[:, 2] - AXIS_Z)[:, None]
    keep = np.maximum(1.0, (5.6 + 1.5 * lift) / np.maximum(radius, 0.1))
    hanging = points.copy()
    hanging[:, [0]] *= keep
    hanging[:, [2]] = (hanging[:, [2]] - AXIS_Z) * keep + AXIS_Z
    return np.where(upper, resting, hanging)


def _out_of_face(points: np.ndarray, start_angle: np.ndarray, roots: np.ndarray) -> np.ndarray:
    # turn strands that would hang over the face back about the head's axis until they clear it
    angle = np.degrees(np.arctan2(points[:, 0], points[:, 2] - AXIS_Z))[:, None]
    radius = np.hypot(points[:, 0], points[:, 2] - AXIS_Z)[:, None]
    clear = np.interp(points[:, 1:2], [-14, -9, -4, 0, 3, 5, 6.3], [76, 72, 64, 58, 50, 36, 0])
    clear = np.minimum(clear, np.where(points[:, 1:2] > hairline(angle), 0, clear))
    sign = np.where(np.abs(angle) < 1, np.sign(roots[:, :1]), np.sign(angle))
    turned = np.radians(np.maximum(np.abs(angle), clear)) * sign
    return np.concatenate([radius * np.sin(turned), points[:, 1:2], radius * np.cos(turned) + AXIS_Z], 1)
