import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfer.synth.subdivide import catmull_clark

CUBE = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def test_a_cube_becomes_what_the_rules_say():
    fine = catmull_clark(CUBE, 8)
    points = fine(CORNERS)
    assert fine.quads.shape == (24, 4)
    assert fine.count == 8 + 12 + 6
    # corner of valence 3: (mean of quads + 2 * mean of edges + 0) / 3 = (1/3 + 2 * 2/3) / 3
    np.testing.assert_allclose(points[7], [5 / 9] * 3, rtol=1e-6)
    # edge: (ends + quads' middles) / 4; a middle is (0, 0, 1), so the edge (1, 1, z) moves to 3/4
    edges = points[8:20]
    np.testing.assert_allclose(np.sort(np.abs(edges), 1), np.tile([0, 0.75, 0.75], (12, 1)), atol=1e-6)
    np.testing.assert_allclose(np.sort(np.abs(points[20:]), 1), np.tile([0, 0, 1], (6, 1)), atol=1e-6)


def test_a_border_follows_the_border_alone():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], float)
    points = catmull_clark(np.array([[0, 1, 2, 3]]), 4)(square)
    np.testing.assert_allclose(points[0], 0.75 * square[0] + 0.125 * (square[1] + square[3]))
    np.testing.assert_allclose(points[4:8].mean(0), [2, 2])
    np.testing.assert_allclose(points[8], [2, 2])


def test_each_quad_becomes_four_that_keep_its_direction_of_turn():
    fine = catmull_clark(CUBE, 8)
    points = fine(CORNERS)
    for quad, four in zip(CUBE, fine.quads.reshape(-1, 4, 4), strict=True):
        assert list(four[:, 0]) == list(quad)
        outwards = CORNERS[quad].mean(0)
        for small in four:
            a, b, c, _ = points[small]
            before = np.cross(CORNERS[quad[1]] - CORNERS[quad[0]], CORNERS[quad[2]] - CORNERS[quad[1]]) @ outwards
            assert np.sign(np.cross(b - a, c - b) @ outwards) == np.sign(before)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_affine_maps_pass_through(numbers):
    a, b, c, d = numbers
    matrix = np.array([[1, a, 0], [0, 1, b], [c, 0, 1]])
    fine = catmull_clark(CUBE, 8)
    np.testing.assert_allclose(fine(CORNERS @ matrix + d), fine(CORNERS) @ matrix + d, atol=1e-4)


def test_weights_sum_to_one():
    fine = catmull_clark(CUBE, 8)
    assert np.add.reduceat(fine.weight, fine.start) == pytest.approx(np.ones(fine.count), abs=1e-6)
