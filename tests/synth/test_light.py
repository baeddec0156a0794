"""Shading and occlusion on simple scenes with known answers."""

import numpy as np
import pytest

from cfer.synth.drawing import Camera, Drawing
from cfer.synth.occlusion import ambient_occlusion, look_up_shadow
from cfer.synth.shade import CHANNELS, NOTHING, shade

P, DISTANCE = 64, 90.0
CAMERA = Camera(P, P / 2 / 10 * DISTANCE, DISTANCE)


def flat(part=0, z=0.0):
    values = np.zeros((P, P, CHANNELS), np.float32)
    across = (np.arange(P) + 0.5 - P / 2) / CAMERA.focal * (DISTANCE - z)
    values[..., 0], values[..., 1], values[..., 2] = across, -across[:, None], z
    values[..., 5] = 1
    values[..., 6:8] = 0.5
    return Drawing(CAMERA, *[np.zeros(1)] * 7, np.full((P, P), part, np.uint8), values)


def light(drawing, towards=(0.0, 0.0, 1.0), colour=1.0, ambient=0.0, skin=0.5):
    chart = np.zeros((4, 4, 8), np.float32)
    chart[..., :3] = skin
    lights = np.zeros((3, 6), np.float32)
    lights[:, 2] = 1
    lights[0] = (*towards, colour, colour, colour)
    full = np.ones((P, P), np.float32)
    return shade(
        drawing.parts,
        drawing.values,
        chart,
        np.zeros((1, 4, 4, 4), np.float32),
        np.zeros(1, np.float32),
        np.eye(3, dtype=np.float32),
        full,
        full,
        lights,
        np.full((2, 3), ambient, np.float32),
        DISTANCE,
        0.0,
        full,
        np.full(3, 0.1, np.float32),
        0.3,
    )


def test_lambert_and_ambient_light_add_up():
    reflectance, irradiance, _ = light(flat(), ambient=0.25)
    assert reflectance[P // 2, P // 2] == pytest.approx([0.5] * 3)
    assert irradiance[P // 2, P // 2] == pytest.approx([1.25] * 3, abs=1e-5)  # head-on: wrapping changes nothing


def test_a_grazing_light_bleeds_red_into_the_shade():
    _, irradiance, _ = light(flat(), towards=(1.0, 0.0, 0.0))
    red, green, blue = irradiance[P // 2, P // 2]
    assert (red, green, blue) == pytest.approx((0.3 / 1.3, 0.14 / 1.14, 0.1 / 1.1), abs=1e-5)


def test_nothing_is_lit_where_nothing_was_drawn():
    drawing = flat()
    drawing.parts[:10] = NOTHING
    for out in light(drawing):
        assert (out[:10] == 0).all()


def test_the_inside_of_the_mouth_is_dark():
    outside, inside = (light(flat(part, z))[1][P // 2, P // 2, 0] for part, z in ((0, -4.0), (2, -4.0)))
    assert inside < 0.4 * outside


def test_a_plane_occludes_nothing_and_a_corner_does():
    drawing = flat()
    plain = ambient_occlusion(drawing, 1, 2.0, 0.1)
    assert plain.min() == 1
    drawing.values[:, P // 2 :, 2] += 1.5  # a step towards the camera
    stepped = ambient_occlusion(drawing, 1, 2.0, 0.1)
    assert stepped[P // 2, P // 2 - 2] < 0.9  # at its foot
    assert stepped[P // 2, 4] == 1  # far from it


def test_what_is_higher_towards_the_light_casts_a_shadow():
    drawing = flat()
    heights = np.zeros((100, 100), np.float32)
    heights[:, 60:] = 5.0
    shadow = look_up_shadow(drawing.parts, drawing.values, np.eye(3, dtype=np.float32), 5.0, heights, 0.1, 1.0)
    assert shadow[P // 2, 10] == 1
    assert shadow[P // 2, P - 5] == 0
