import re
from types import SimpleNamespace

import pytest
import torch

from cfer.app.panels import map_panels

NAMES = ["happy", "happily <i>surprised", "surprised"]


@pytest.fixture
def face(photograph):
    chances = dict(zip(NAMES, (0.975, 0.018, 0.007), strict=True))
    return SimpleNamespace(crop=photograph[:96, :96], probabilities=chances)


def captions(html):
    return [re.sub(r"<[^>]+>", " ", text) for text in re.findall(r"<figcaption>(.*?)</figcaption>", html)]


def test_captions_say_how_much_evidence_there_is(face):
    raws = [torch.tensor([[2.0, 1.5], [0.0, -0.5]]), torch.tensor([[0.1, 0.0], [-3.0, 0.0]]), -torch.ones(2, 2)]
    first, second, third = captions(map_panels(face, NAMES, raws, one_scale=True))
    assert "evidence for 3.5, against 0.5" in first
    assert "evidence for 0.1, against 3.0" in second
    assert "does not believe in this expression" in second
    assert "no evidence for this expression anywhere" in third


@pytest.mark.parametrize("one_scale", [True, False])
def test_a_map_without_evidence_is_not_painted(face, one_scale):
    raws = [torch.ones(2, 2), torch.zeros(2, 2), -torch.ones(2, 2)]
    html = map_panels(face, NAMES, raws, one_scale=one_scale)
    heats = re.findall(r'class="cfer-heat" src="([^"]+)"', html)
    assert heats[1] == heats[2] != heats[0]


def test_two_identical_maps_are_called_so(face):
    same = torch.ones(2, 2)
    texts = captions(map_panels(face, NAMES, [same, same.clone(), 2 * same], one_scale=True))
    assert ["does not tell them apart" in text for text in texts] == [True, True, False]


def test_a_map_that_can_hardly_be_seen_on_one_scale_is_called_faint(face):
    raws = [torch.full((2, 2), value) for value in (10.0, 1.0, 5.0)]
    for one_scale in (True, False):
        texts = captions(map_panels(face, NAMES, raws, one_scale=one_scale))
        assert ["faint" in text for text in texts] == [False, one_scale, False]


def test_names_are_escaped(face):
    html = map_panels(face, NAMES, [torch.ones(2, 2)] * 3, one_scale=True)
    assert "<i>surprised" not in html
    assert "&lt;i&gt;surprised" in html
