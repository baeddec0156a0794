import numpy as np
import pytest
from PIL import Image

from cfer.faces.detect import Face, detect_faces
from cfer.faces.quality import quality_of, turned
from cfer.places import EXAMPLES
from cfer.synth.figure import build_figure
from cfer.synth.performance import Performance
from cfer.synth.render import render
from cfer.synth.scene import Scene


def face(nose=(50.0, 60.0), eyes=((30.0, 40.0), (70.0, 40.0))):
    points = np.array([*eyes, nose, (50.0, 75.0), (10.0, 45.0), (90.0, 45.0)])
    return Face((0.0, 0.0, 100.0, 100.0), 0.9, points)


def test_a_nose_in_the_middle_is_a_head_that_looks_straight():
    assert turned(face()) == 0
    assert turned(face(nose=(60.0, 60.0))) == pytest.approx(np.degrees(np.arcsin(0.25 / 0.3)))
    assert turned(face(nose=(40.0, 60.0))) == -turned(face(nose=(60.0, 60.0)))
    assert turned(face(eyes=((50.0, 40.0), (50.0, 40.0)))) == 0


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
def test_turned_heads_are_measured_roughly():
    errors = []
    for seed in range(700, 705):
        figure, scene = build_figure(seed), Scene.sample(seed)
        for degrees in (-40, -20, 0, 20, 40):
            picture, _ = render(figure, Performance("neutral", {}, {}, yaw=np.radians(degrees)), scene, 224)
            errors += [abs(turned(found) - degrees) for found in detect_faces(picture)[:1]]
    assert len(errors) >= 23
    assert np.mean(errors) < 17
