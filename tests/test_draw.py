import numpy as np
import pytest
import torch

from cfer.draw import boxed, colour, evidence_words, overlay, overlay_parts, probability_bars, shared_scale

FACE = np.full((50, 50, 3), 100, np.uint8)


def test_a_map_without_evidence_shows_the_plain_face():
    for raw in (torch.zeros(4, 4), -torch.rand(4, 4)):
        assert shared_scale([raw]) == 0
        assert (np.asarray(overlay(FACE, raw, shared_scale([raw]))) == 100).all()
        assert np.asarray(overlay_parts(FACE, raw, 0.0)[1])[..., 3].max() == 0


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
    heat = [np.asarray(overlay_parts(FACE, m, scale)[1])[10, 10, 3] for m in (strong, weak)]
    assert heat == [255, 128]


def test_colours_are_viridis():
    got = colour(np.array([[0.0, 0.5, 1.0, 2.0]]))
    np.testing.assert_allclose(got[0], [[68, 1, 84], [33, 144, 141], [253, 231, 37], [253, 231, 37]], atol=2)


@pytest.mark.parametrize(
    ("raw", "probability", "twin", "words"),
    [
        (torch.zeros(2, 2), 0.9, False, "no evidence"),
        (-torch.ones(2, 2), 0.9, False, "no evidence"),
        (torch.ones(2, 2), 0.9, True, "does not tell them apart"),
        (torch.ones(2, 2), 0.01, False, "does not believe"),
        (torch.ones(2, 2), 0.9, False, ""),
    ],
)
def test_weak_maps_come_with_words(raw, probability, twin, words):
    said = evidence_words(raw, probability, twin)
    assert words in said
    assert bool(words) == bool(said)


def test_bars_keep_the_order_and_say_small_values_in_words():
    figure = probability_bars({"happy": 0.9, "sad": 0.001}, "Basic")
    assert list(figure.data[0].y) == ["sad", "happy"]
    assert list(figure.data[0].text) == ["< 1 %", "90 %"]


def test_boxes_are_drawn_on_a_reduced_picture():
    image = boxed(np.zeros((1800, 900, 3), np.uint8), [(100.0, 100.0, 500.0, 500.0)], 0)
    assert image.size == (450, 900)
    assert np.asarray(image)[150, 50].tolist() == [250, 204, 21]
