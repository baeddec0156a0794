import numpy as np
import torch

from cfer.reading.draw import boxed, colour, luminance, overlay, result_picture, shared_scale

FACE = np.full((50, 50, 3), 100, np.uint8)


def test_a_map_without_evidence_shows_the_plain_face():
    for raw in (torch.zeros(4, 4), -torch.rand(4, 4)):
        assert shared_scale([raw]) == 0
        assert (np.asarray(overlay(FACE, raw, shared_scale([raw]))) == 100).all()


def test_evidence_is_drawn_where_it_is():
    raw = torch.zeros(4, 4)
    raw[0, 0] = 2.0
    got = np.asarray(overlay(FACE, raw, 2.0, opacity=1.0, size=80)).astype(int)
    assert abs(got[5, 5] - 100).max() > 60
    assert (got[60, 60] == 100).all()


def test_one_scale_keeps_maps_comparable():
    strong, weak = torch.full((2, 2), 4.0), torch.full((2, 2), 1.0)
    scale = shared_scale([strong, weak])
    assert scale == 4
    moved = [abs(np.asarray(overlay(FACE, m, scale, 1.0)).astype(int)[10, 10] - 100).max() for m in (strong, weak)]
    assert moved[0] > moved[1]


def test_a_result_to_share_has_the_face_every_map_and_the_note():
    raws = [torch.eye(4), torch.zeros(4, 4)]
    image = np.asarray(
        result_picture(FACE, "This face looks happy", ["happy 90 %", "sad 1 %"], raws, "note " * 60, side=60)
    )
    assert image.shape[1] == 16 + 3 * 76
    assert (image[80:110, 30:60] == 100).all()  # the face as it is
    assert (image[70:120, 170:220] == 100).all()  # a map without evidence
    assert not (image[70:120, 96:146] == 100).all()
    assert (image[140:] < 250).any()  # the note


def test_spaces_that_do_not_break_are_drawn_as_spaces():
    raws = [torch.eye(4)]
    wanted = result_picture(FACE, "surely 9 %", ["happy 90 %"], raws, "note", side=60)
    got = result_picture(FACE, "surely 9\N{NO-BREAK SPACE}%", ["happy 90\N{NO-BREAK SPACE}%"], raws, "note", side=60)
    assert (np.asarray(got) == np.asarray(wanted)).all()


def test_colours_are_viridis():
    got = colour(np.array([[0.0, 0.5, 1.0, 2.0]]))
    np.testing.assert_allclose(got[0], [[68, 1, 84], [33, 144, 141], [253, 231, 37], [253, 231, 37]], atol=2)


def test_boxes_are_drawn_on_a_reduced_picture():
    image = boxed(np.zeros((1800, 900, 3), np.uint8), [(100.0, 100.0, 500.0, 500.0)], 0)
    assert image.size == (450, 900)
    assert np.asarray(image)[150, 50].tolist() == [250, 204, 21]


def test_luminance_is_that_of_the_standard():
    assert luminance(np.array([255, 255, 255], np.uint8)) == 1.0
    assert luminance(np.array([0, 0, 0], np.uint8)) == 0.0
    assert abs(luminance(np.array([119, 119, 119], np.uint8)) - 0.1845) < 1e-3  # the grey that #fff just reads on
