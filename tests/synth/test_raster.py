import numpy as np
import pytest
from skimage.draw import polygon

from cfer.synth.raster import draw_strands, height_map, interpolate, rasterise, vertex_normals

SIZE = 64


def draw(points, triangles, *, two_sided=True, focal=100.0):
    near = (1 / (10 - points[:, 2])).astype(np.float32)
    x = (SIZE / 2 + points[:, 0] * near * focal).astype(np.float32)
    y = (SIZE / 2 - points[:, 1] * near * focal).astype(np.float32)
    depth = np.zeros((SIZE, SIZE), np.float32)
    index = np.full((SIZE, SIZE), -1, np.int32)
    bary = np.zeros((SIZE, SIZE, 2), np.float32)
    rasterise(x, y, near, np.asarray(triangles, np.int32), two_sided, depth, index, bary)
    return depth, index, bary, x, y


TRIANGLE = np.array([[-2, -2, 0], [2.5, -1, 3], [0, 2.2, -4]], np.float32)


def test_it_covers_the_pixels_that_skimage_covers():
    _, index, _, x, y = draw(TRIANGLE, [[0, 1, 2]])
    rows, columns = polygon(y - 0.5, x - 0.5, (SIZE, SIZE))
    expected = np.zeros((SIZE, SIZE), bool)
    expected[rows, columns] = True
    assert (expected != (index >= 0)).sum() <= 2  # pixels whose centre is on an edge


def test_interpolation_is_perspective_correct():
    _, index, bary, _, _ = draw(TRIANGLE, [[0, 1, 2]])
    at = interpolate(index, bary, np.array([[0, 1, 2]], np.int32), TRIANGLE)
    rows, columns = np.nonzero(index >= 0)
    x, y, z = at[rows, columns].T
    np.testing.assert_allclose(SIZE / 2 + x / (10 - z) * 100, columns + 0.5, atol=2e-3)
    np.testing.assert_allclose(SIZE / 2 - y / (10 - z) * 100, rows + 0.5, atol=2e-3)
    assert (at[index < 0] == 0).all()


def test_the_nearer_wins_whatever_the_order():
    points = np.concatenate([TRIANGLE * [1, 1, 0], TRIANGLE * [1, 1, 0] + [0, 0, 2]]).astype(np.float32)
    for triangles in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        _, index, _, _, _ = draw(points, triangles)
        assert triangles[index[SIZE // 2, SIZE // 2]] == [3, 4, 5]


def test_what_faces_away_is_left_out():
    seen = [(draw(TRIANGLE, [order], two_sided=False)[1] >= 0).any() for order in ([0, 1, 2], [0, 2, 1])]
    assert sorted(seen) == [False, True]


def test_normals_of_a_sphere_point_outwards():
    angles = np.linspace(0, np.pi, 25), np.linspace(0, 2 * np.pi, 49)
    a, b = np.meshgrid(*angles, indexing="ij")
    points = np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], -1).reshape(-1, 3).astype(np.float32)
    rows, columns = np.mgrid[0:24, 0:48].reshape(2, -1)
    corner = rows * 49 + columns
    triangles = np.concatenate(
        [np.stack([corner, corner + 49, corner + 50], 1), np.stack([corner, corner + 50, corner + 1], 1)]
    )
    normals = vertex_normals(points, triangles.astype(np.int32))
    inner = np.abs(points[:, 2]) < 0.9
    assert (normals[inner] * points[inner]).sum(1).min() > 0.98


def test_a_height_map_keeps_the_highest():
    heights = np.full((8, 8), -1e9, np.float32)
    x = np.array([0, 8, 0, 0, 8, 0], np.float32)
    y = np.array([0, 0, 8, 0, 0, 8], np.float32)
    z = np.array([1, 1, 1, 3, 3, 3], np.float32)
    height_map(x, y, z, np.array([[0, 1, 2], [3, 4, 5]], np.int32), heights)
    assert heights[1, 1] == pytest.approx(3)
    assert heights[7, 7] < 0


@pytest.mark.parametrize(("wall", "seen"), [(0.05, True), (0.5, False)])
def test_strands_are_hidden_behind_what_is_nearer(wall, seen):
    depth = np.full((16, 16), wall, np.float32)
    picture = np.zeros((16, 16, 3), np.float32)
    cover = np.zeros((16, 16), np.float32)
    x = np.array([[2.0, 13.0]], np.float32)
    y = np.array([[8.0, 8.0]], np.float32)
    near = np.full((1, 2), 0.1, np.float32)
    colour = np.ones((1, 2, 3), np.float32)
    draw_strands(x, y, near, colour, np.ones((1, 2), np.float32), 1.5, 0.0, True, depth, picture, cover)
    assert bool(picture.max() > 0.5) is seen
    assert bool(cover.max() > 0.5) is seen
    if seen:
        assert depth[8, 8] == pytest.approx(0.1)
        assert (cover[:5] == 0).all()
