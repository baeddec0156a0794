from dataclasses import replace

import numpy as np
import pytest

from cfer.emotions import EXPRESSIONS
from cfer.synth.action_units import ACTION_UNITS
from cfer.synth.dataset import Shot, take
from cfer.synth.figure import build_figure
from cfer.synth.head import load_head
from cfer.synth.landmarks import LANDMARKS
from cfer.synth.performance import Performance
from cfer.synth.render import render
from cfer.synth.scene import Scene
from cfer.synth.truth import Region

SIZE = 128
SHOTS = [Shot(person, name, 0) for person in (3, 4, 5) for name in EXPRESSIONS]


@pytest.fixture(scope="module")
def taken():
    return {shot: take(shot, SIZE) for shot in SHOTS}


def frontal(units, seed=3, size=SIZE):
    scene = replace(Scene.sample(0), centre=(0.0, 0.0), half_height=11.0)
    return render(build_figure(seed), Performance("neutral", units, {}), scene, size)


def test_the_same_numbers_give_the_same_picture(taken):
    again, truth = take(SHOTS[5], SIZE)
    picture, before = taken[SHOTS[5]]
    assert np.abs(picture.astype(int) - again).max() <= 2
    np.testing.assert_allclose(truth.landmarks, before.landmarks, atol=1e-3)


def test_pictures_are_exposed_and_differ(taken):
    for picture, _ in taken.values():
        assert picture.shape == (SIZE, SIZE, 3)
        assert 20 < picture.mean() < 235
        assert picture.std() > 12
    flat = np.stack([p for p, _ in taken.values()]).reshape(len(taken), -1)
    assert len(np.unique(flat, axis=0)) == len(taken)


@pytest.mark.slow
def test_each_units_displacement_peaks_in_its_region(taken):
    """The peak pixel is carried to the average head by the affine map that fits the landmarks around it."""
    hits, total = 0, 0
    average = load_head().template[LANDMARKS]
    for _, truth in taken.values():
        for unit, field in truth.displacement.items():
            row, column = np.unravel_index(field.argmax(), field.shape)
            distance = np.linalg.norm(truth.landmarks - (column, row), axis=1)
            near = distance.argsort()[:8]
            design = np.column_stack([truth.landmarks[near], np.ones(8)])
            fit = np.linalg.lstsq(design, average[near, :2], rcond=None)[0]
            x, y = np.array([column, row, 1.0]) @ fit
            inner, outer, low, high = ACTION_UNITS[unit].region
            slack = 0.8  # cm: a pixel is 1.7 mm, and the face is not the average one
            hits += inner - slack <= abs(x) <= outer + slack and low - slack <= y <= high + slack
            total += 1
    assert total > 200
    assert hits / total >= 0.95


def test_displacement_is_what_relaxing_a_unit_shows():
    units = {4: 0.8, 12: 0.9, 25: 0.7}
    _, full = frontal(units, size=256)
    pixels_per_mm = 256 / (2 * 110)
    for unit in units:
        _, relaxed = frontal({u: q for u, q in units.items() if u != unit}, size=256)
        seen = np.linalg.norm(full.landmarks - relaxed.landmarks, axis=1) / pixels_per_mm
        columns, rows = full.landmarks.astype(int).T
        told = full.displacement[unit][rows, columns]
        moved = seen > 1
        assert moved.any()
        # the map's length in space is at least the length that is seen, and not much more from the front
        brow_and_lip_edges = 2.0  # mm: a landmark on an outline may round to the pixel beside it
        assert (told[moved] > 0.85 * seen[moved] - brow_and_lip_edges).mean() > 0.9
        assert np.median(told[moved] / seen[moved]) < 1.6


def test_a_neutral_face_moves_nothing_and_the_background_never_moves(taken):
    for shot, (_, truth) in taken.items():
        assert set(truth.displacement) == set(truth.units)
        assert (shot.expression == "neutral") == (not truth.units)
        for field in truth.displacement.values():
            assert field.shape == (SIZE, SIZE)
            assert (field[truth.regions == Region.BACKGROUND] == 0).all()
            assert 0.5 < field.max() < 60  # mm


def test_landmarks_are_projected_vertices():
    _, truth = frontal({}, size=224)
    figure = build_figure(3)
    scene = replace(Scene.sample(0), centre=(0.0, 0.0), half_height=11.0)
    points = figure.vertices[LANDMARKS]
    bridge, chin = points[27, 1], points[8, 1]
    relative = points - [0, (bridge + chin) / 2 + 4.2, -5.9]
    scale = 112 / 11.0 * scene.distance / (scene.distance - relative[:, 2])
    expected = np.stack([112 + relative[:, 0] * scale, 112 - relative[:, 1] * scale], 1)
    np.testing.assert_allclose(truth.landmarks, expected, atol=0.05)


def test_landmarks_lie_on_what_they_name(taken):
    """Independent of the projection: the part map, which comes out of the rasteriser, agrees within 2 pixels."""

    def distance(truth, number, *regions):
        rows, columns = np.nonzero(np.isin(truth.regions, regions))
        if not len(rows):
            return np.inf
        x, y = truth.landmarks[number]
        return np.hypot(columns + 0.5 - x, rows + 0.5 - y).min()

    checks = []
    for _, truth in taken.values():
        for number in (37, 38, 40, 41, 43, 44, 46, 47):
            checks.append(distance(truth, number, Region.EYES) if truth.visible[number] else 0)
        for number in (50, 51, 52, 57, 62, 66):
            checks.append(distance(truth, number, Region.LIPS, Region.MOUTH, Region.TEETH))
        for number in (18, 19, 20, 23, 24, 25):
            checks.append(distance(truth, number, Region.BROWS, Region.HAIR) if truth.visible[number] else 0)
    checks = np.array(checks)
    assert (checks <= 2).mean() > 0.97


def test_the_part_map_has_all_parts(taken):
    seen = set()
    for _, truth in taken.values():
        assert truth.regions.dtype == np.uint8
        seen |= set(np.unique(truth.regions).tolist())
        rows = {r: np.nonzero(truth.regions == r)[0] for r in (Region.BROWS, Region.EYES, Region.LIPS)}
        assert rows[Region.BROWS].mean() < rows[Region.EYES].mean() < rows[Region.LIPS].mean()
    assert seen == set(Region)


def test_turning_the_head_turns_the_landmarks():
    straight, turned = (
        render(build_figure(4), Performance("neutral", {}, {}, yaw=yaw), Scene.sample(1), SIZE)[1] for yaw in (0.0, 0.6)
    )
    assert turned.landmarks[30, 0] - straight.landmarks[30, 0] > 5  # the nose goes to the subject's left
    assert turned.pose == (0.6, 0.0, 0.0)
    assert straight.visible.sum() > turned.visible.sum()  # the far side of the jaw hides


def test_gaze_moves_the_irises():
    dark = []
    for left in (-0.35, 0.35):
        picture, truth = render(
            build_figure(4), Performance("neutral", {5: 1.0}, {}, gaze=(left, 0.0)), Scene.sample(1), 256
        )
        rows, columns = np.nonzero(truth.regions == Region.EYES)
        light = picture[rows, columns].mean(1).astype(float)
        weight = np.clip(light.mean() - light, 0, None)
        dark.append((columns * weight).sum() / weight.sum())
    assert dark[1] - dark[0] > 3


def test_a_light_from_the_left_lights_the_left():
    scene = Scene.sample(1)
    sides = []
    for x in (-0.8, 0.8):
        lit = replace(scene, key=replace(scene.key, direction=(x, 0.3, np.sqrt(1 - x * x - 0.09))))
        picture, truth = render(build_figure(4), Performance("neutral", {}, {}), lit, SIZE)
        skin = truth.regions == Region.SKIN
        columns = np.nonzero(skin)[1]
        middle = truth.landmarks[30, 0]
        light = picture[skin].mean(1)
        sides.append(light[columns > middle].mean() - light[columns < middle].mean())
    assert sides[0] < -10
    assert sides[1] > 10
