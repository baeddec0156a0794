"""One step of Catmull-Clark subdivision of a quad mesh, as a linear map of its vertices.

Catmull & Clark, "Recursively generated B-spline surfaces on arbitrary topological meshes", CAD 10(6), 1978.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Subdivision:
    """The finer mesh, and how its vertices follow from the coarser one's.

    Attributes:
        quads: (4Q, 4) vertex indices; the four that quad i became are rows 4i to 4i + 3, corner by corner.
        count: Number of fine vertices: the coarse ones, then one an edge, then one a quad.
        start: (count,) first entry of each fine vertex in `index` and `weight`.
        index: Coarse vertices that the fine ones depend on.
        weight: Their weights; those of one fine vertex sum to 1.
    """

    quads: np.ndarray
    count: int
    start: np.ndarray
    index: np.ndarray
    weight: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Subdivide values at the coarse vertices, (N, C), into values at the fine ones, (count, C) float32."""
        return np.add.reduceat(values[self.index] * self.weight[:, None], self.start, dtype=np.float32)


def catmull_clark(quads: np.ndarray, count: int) -> Subdivision:
    """Subdivide once.

    Args:
        quads: (Q, 4) vertex indices; edges of one quad alone are borders and stay smooth curves.
        count: Number of vertices, each used by some quad.
    """
    quads = quads.astype(np.int64)
    total = len(quads)
    ends = np.stack([quads, np.roll(quads, -1, 1)], -1)  # (Q, 4, 2)
    edges, edge_of = np.unique(np.sort(ends, -1).reshape(-1, 2), axis=0, return_inverse=True)
    edge_of = edge_of.reshape(total, 4)
    border = np.bincount(edge_of.ravel()) != 2
    on_border = np.zeros(count, bool)
    on_border[edges[border]] = True
    faces_of = np.bincount(quads.ravel(), minlength=count)
    valence = np.bincount(edges.ravel(), minlength=count)

    rows, columns, weights = [], [], []

    def add(row: np.ndarray, column: np.ndarray, weight: np.ndarray | float) -> None:
        rows.append(row.ravel())
        columns.append(column.ravel())
        weights.append(np.broadcast_to(weight, row.shape).ravel())

    # old vertices: inside (F + 2 E + (k - 3) v) / k; on a border the cubic B-spline of the border alone
    inner = ~on_border[quads]  # (Q, 4)
    corner, spot = np.nonzero(inner)
    at = quads[corner, spot]
    add(np.repeat(at, 4), quads[corner].ravel(), np.repeat(0.25 / (valence[at] * faces_of[at]), 4))
    for one, other in ((0, 1), (1, 0)):
        at = edges[:, one]
        free = ~on_border[at]
        scale = 1.0 / valence[at[free]] ** 2
        add(at[free], at[free], scale)
        add(at[free], edges[free, other], scale)
        add(edges[border, one], edges[border, other], 0.25 / np.bincount(edges[border].ravel())[edges[border, one]])
    free = np.flatnonzero(~on_border)
    add(free, free, (valence[free] - 3) / valence[free])
    fixed = np.flatnonzero(on_border)
    add(fixed, fixed, 0.75)
    # edges: the mean of the ends and the two quads' middles; of the ends alone on a border
    number = count + np.arange(len(edges))
    for end in (0, 1):
        add(number, edges[:, end], np.where(border, 0.5, 0.25))
    face, spot = np.nonzero(~border[edge_of])
    add(np.repeat(number[edge_of[face, spot]], 4), quads[face].ravel(), 0.0625)
    # quads: their middles
    middle = count + len(edges) + np.arange(total)
    add(np.repeat(middle, 4), quads.ravel(), 0.25)

    row, column, weight = np.concatenate(rows), np.concatenate(columns), np.concatenate(weights)
    size = int(middle[-1]) + 1
    key, where = np.unique(row * count + column, return_inverse=True)
    summed = np.bincount(where, weight)
    start = np.searchsorted(key, np.arange(size) * count)
    fine = np.stack([quads, count + edge_of, np.repeat(middle[:, None], 4, 1), np.roll(count + edge_of, 1, 1)], -1)
    return Subdivision(fine.reshape(-1, 4), size, start, key % count, summed.astype(np.float32))
