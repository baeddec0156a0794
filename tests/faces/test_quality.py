import numpy as np
import pytest
from PIL import Image

from cfer.faces.align import align
from cfer.faces.detect import Face, detect_faces
from cfer.faces.quality import nose_offset, quality_of, turned
from cfer.synth.figure import build_figure
from cfer.synth.performance import Performance
from cfer.synth.render import render
from cfer.synth.scene import Scene
from cfer.system.resources import EXAMPLES


def face(nose=(50.0, 60.0), eyes=((30.0, 40.0), (70.0, 40.0))):
    points = np.array([*eyes, nose, (50.0, 75.0), (10.0, 45.0), (90.0, 45.0)])
    return Face((0.0, 0.0, 100.0, 100.0), 0.9, points)


def test_a_nose_in_the_middle_is_a_head_that_looks_straight():
    assert nose_offset(face()) == 0
    assert nose_offset(face(nose=(60.0, 60.0))) == pytest.approx(0.25)
    assert nose_offset(face(nose=(40.0, 60.0))) == pytest.approx(-0.25)
    assert nose_offset(face(eyes=((50.0, 40.0), (50.0, 40.0)))) == 0


def test_a_photograph_in_a_mirror_is_turned_as_far_to_the_other_side(photograph):
    crop = align(photograph, detect_faces(photograph)[0])
    assert turned(np.ascontiguousarray(crop[:, ::-1])) == pytest.approx(-turned(crop), abs=0.1)
    assert turned(np.full((60, 60, 3), 90, np.uint8)) is None


def test_tilting_a_picture_tilts_the_head():
    """By half as much at least: the detector's eyes lag behind on tilted heads."""
    path = sorted(EXAMPLES.glob("*.jpg"))[1]
    picture = Image.open(path).convert("RGB")
    before = quality_of(np.asarray(picture), detect_faces(np.asarray(picture))[0])
    rotated = np.asarray(picture.rotate(-20, resample=Image.Resampling.BICUBIC))
    after = quality_of(rotated, detect_faces(rotated)[0])
    assert 8 < after.tilted - before.tilted < 25


def test_light_and_width_are_in_the_pictures_own_units():
    crop = np.full((50, 50, 3), 30, np.uint8)
    found = quality_of(crop, face(), scale=2.0)
    assert (found.width, found.brightness, found.contrast, found.seen) == (200.0, 30.0, 0.0, True)
    unseen = quality_of(crop, None, scale=3.0)
    assert (unseen.width, unseen.tilted, unseen.turned, unseen.seen) == (150.0, None, None, False)


@pytest.mark.slow
def test_turned_heads_are_measured_alike_to_both_sides():
    errors = {}
    for seed in range(700, 706):
        figure, scene = build_figure(seed), Scene.sample(seed)
        for degrees in (-40, -20, 0, 20, 40):
            picture, _ = render(figure, Performance("neutral", {}, {}, yaw=np.radians(degrees)), scene, 224)
            errors.setdefault(degrees, []).append(turned(align(picture, detect_faces(picture)[0])) - degrees)
    assert np.mean(np.abs(list(errors.values()))) < 4
    for degrees in (20, 40):
        assert abs(np.mean(errors[degrees]) + np.mean(errors[-degrees])) < 4  # neither side is favoured
    assert abs(np.mean(errors[0])) < 2
