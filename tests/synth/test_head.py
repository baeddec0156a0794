from importlib.resources import files

import numpy as np
import pytest

from cfer.synth.action_units import ACTION_UNITS, load_shapes, shape_weights
from cfer.synth.head import Part, load_head, macro_weights
from cfer.synth.landmarks import LANDMARKS, MIRRORED

ASSETS = files("cfer.synth").joinpath("assets")


def test_the_asset_is_small_and_carries_its_licence():
    assert len(ASSETS.joinpath("head.safetensors.xz").read_bytes()) < 650_000
    assert "CC0 1.0 Universal" in ASSETS.joinpath("LICENSE-makehuman.md").read_text(encoding="utf-8")


def test_the_average_head_is_symmetric_and_the_size_of_a_head():
    head = load_head().template
    mirrored = head * [-1, 1, 1]
    some = np.random.default_rng(0).choice(len(head), 500, replace=False)
    nearest = [np.linalg.norm(head - mirrored[i], axis=1).min() for i in some]
    assert max(nearest) < 0.02
    bridge, chin = head[LANDMARKS[[27, 8]]]
    assert 9 < bridge[1] - chin[1] < 13  # cm
    left, right = (head[eye].mean(0) for eye in load_head().eyes)
    assert 5.5 < left[0] - right[0] < 7
    np.testing.assert_allclose((left + right) / 2, 0, atol=1e-4)


def test_landmarks_are_where_they_should_be():
    points = load_head().template[LANDMARKS]
    assert len(set(LANDMARKS.tolist())) == 68
    for number, other in ((0, 16), (17, 26), (36, 45), (39, 42), (31, 35), (48, 54), (60, 64), (50, 52)):
        np.testing.assert_allclose(points[number], points[other] * [-1, 1, 1], atol=0.01)
    assert points[8, 1] == points[:, 1].min()  # the chin
    assert points[30, 2] == points[:, 2].max()  # the tip of the nose
    brows, upper_lids, lower_lids = points[17:27, 1], points[[37, 38, 43, 44], 1], points[[40, 41, 46, 47], 1]
    assert brows.min() > upper_lids.max() > lower_lids.max()
    assert points[51, 1] > points[62, 1] > points[66, 1] > points[57, 1]
    assert points[36, 0] < points[39, 0] < 0  # the subject's right comes first, on the left of the picture


def test_a_landmarks_partner_is_its_mirror_image():
    points = load_head().template[LANDMARKS]
    np.testing.assert_allclose(points[MIRRORED] * [-1, 1, 1], points, atol=0.05)
    assert (MIRRORED[MIRRORED] == np.arange(68)).all()


def test_identity_targets_add_up():
    head = load_head()
    name = "nose/nose-hump-incr"
    moved = head.build({name: 0.5}) - head.build({})
    control = np.zeros_like(head.base)
    head.identity[name].add_to(control, 0.5)
    np.testing.assert_allclose(moved, head.subdivision(control), atol=2e-5)
    assert np.abs(moved).max() > 0.05


def test_macro_weights_are_shares():
    weights = macro_weights((0.2, 0.5, 0.3), male=0.7, old=0.4, weight=-0.5)
    ancestry = [w for n, w in weights.items() if "universal" not in n]
    build = [w for n, w in weights.items() if "universal" in n]
    assert sum(ancestry) == pytest.approx(1)
    assert sum(build) == pytest.approx(1)
    assert set(weights) <= set(load_head().identity)


def test_parts_make_up_the_head():
    head = load_head()
    assert set(head.parts) == {Part.SKIN, Part.MOUTH, Part.TONGUE, Part.UPPER_TEETH, Part.LOWER_TEETH, Part.EYE}
    upper = head.template[head.vertices_of(Part.UPPER_TEETH)]
    lower = head.template[head.vertices_of(Part.LOWER_TEETH)]
    assert upper[:, 1].mean() > lower[:, 1].mean()


def test_every_unit_moves_what_it_should():
    head, shapes = load_head(), load_shapes()
    for number, unit in ACTION_UNITS.items():
        weights = shape_weights({number: 1.0}, {})
        assert weights, unit.name
        shift = np.zeros_like(head.template)
        for name, weight in weights.items():
            shapes[name].add_to(shift, weight)
        # the skin moves most where the unit is said to be seen
        skin = head.vertices_of(Part.SKIN)
        place = np.abs(head.template[skin[np.linalg.norm(shift[skin], axis=1).argmax()]])
        height = head.template[skin[np.linalg.norm(shift[skin], axis=1).argmax()], 1]
        near, far, low, high = unit.region
        assert near <= place[0] <= far, unit.name
        assert low <= height <= high, unit.name
        assert 0.15 < np.linalg.norm(shift[skin], axis=1).max() < 4, unit.name


def test_directions_of_movement():
    def moves(units, landmark):
        shift = np.zeros_like(load_head().template)
        for name, weight in shape_weights(units, {}).items():
            load_shapes()[name].add_to(shift, weight)
        return shift[LANDMARKS[landmark]]

    assert moves({1: 1.0}, 21)[1] > 0.3  # inner brow up
    assert moves({2: 1.0}, 18)[1] > 0.3  # outer brow up
    inner = moves({4: 1.0}, 21)
    assert inner[1] < -0.3  # brows down
    assert inner[0] > 0.05  # and together
    assert moves({12: 1.0}, 48)[1] > 0.3  # corners up
    assert moves({15: 1.0}, 48)[1] < -0.3  # corners down
    assert moves({20: 1.0}, 48)[0] < -0.3  # corners apart
    assert moves({26: 1.0}, 8)[1] < -0.5  # the jaw
    assert moves({25: 1.0}, 62)[1] - moves({25: 1.0}, 66)[1] > 0.3  # lips part
    assert moves({5: 1.0}, 37)[1] > 0.2  # upper lid up
    assert moves({7: 1.0}, 41)[1] > 0.1  # lower lid up
    assert moves({17: 1.0}, 57)[1] > 0.2  # lower lip up


def test_brows_raised_and_drawn_together_are_not_pulled_down():
    alone, both = shape_weights({4: 1.0}, {}), shape_weights({1: 1.0, 4: 1.0}, {})
    assert both["browDownLeft"] < alone["browDownLeft"]


def test_asymmetry_strengthens_one_side():
    weights = shape_weights({12: 0.5}, {12: 0.2})
    assert weights["mouthSmileLeft"] == pytest.approx(1.5 * weights["mouthSmileRight"])
