"""Posing: move a figure's face, eyes and head as a performance says."""

from dataclasses import dataclass

import numpy as np

from cfer.synth.action_units import load_shapes, shape_weights
from cfer.synth.figure import Figure
from cfer.synth.head import Part, load_head
from cfer.synth.landmarks import LANDMARKS
from cfer.synth.performance import Performance

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
    return Posed(np.ascontiguousarray((vertices - pivot(figure)) @ turn.T), turn, moved)


def pivot(figure: Figure) -> np.ndarray:
    """The point (cm, on the resting head) that the head turns about and the camera looks at."""
    bridge, chin = figure.vertices[LANDMARKS[[27, 8]], 1]
    return np.array([0, (bridge + chin) / 2 + 4.2, -5.9], np.float32)


def _rotation(axis: int, angle: float) -> np.ndarray:
    matrix = np.eye(3)
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix
