import json
import re
from html import unescape
from types import SimpleNamespace

import pytest
import torch

from cfer.app.panels.maps import Panel, class_panels, panels, toolbar
from cfer.app.texts import Speech

NAMES = ["happy", "happily <i>surprised", "surprised"]
SAY = Speech()


@pytest.fixture
def face(photograph):
    chances = dict(zip(NAMES, (0.975, 0.018, 0.007), strict=True))
    basics = {"happy": 0.6, "surprised": 0.4}
    return SimpleNamespace(crop=photograph[:96, :96], probabilities=chances, basics=basics)


def captions(html):
    return [re.sub(r"<[^>]+>", " ", text) for text in re.findall(r"<figcaption>(.*?)</figcaption>", html)]


def test_the_browser_gets_the_maps_own_numbers(face):
    raw = torch.tensor([[2.0, 1.5], [0.0, -0.123456]])
    html = panels(face.crop, [Panel("happy", raw)], SAY)
    (values,) = re.findall(r'data-map="([^"]+)"', html)
    assert json.loads(unescape(values)) == [[2.0, 1.5], [0.0, -0.1235]]


def test_captions_say_what_a_map_is_worth(face):
    raws = [torch.tensor([[2.0, 1.5], [0.0, -0.5]]), torch.tensor([[0.1, 0.0], [-3.0, 0.0]]), -torch.ones(2, 2)]
    first, second, third = captions(panels(face.crop, class_panels(face, NAMES, raws, SAY), SAY))
    assert "98\N{NO-BREAK SPACE}%" in first
    assert "unlikely here (2\N{NO-BREAK SPACE}%)" in second
    assert "no evidence for it anywhere" in third


def test_beside_a_constituent_stands_its_share_of_the_basics(face):
    """Its probability among all classes is small because the blend has it: that would deny the answer."""
    raws = [torch.ones(2, 2) * i for i in (1, 2, 3)]
    texts = captions(panels(face.crop, class_panels(face, NAMES, raws, SAY, ("happy", "surprised")), SAY))
    assert "60\N{NO-BREAK SPACE}% among the basics" in texts[0]
    assert "40\N{NO-BREAK SPACE}% among the basics" in texts[2]
    assert "unlikely" not in texts[2]


def test_two_identical_maps_are_called_so(face):
    same = torch.ones(2, 2)
    texts = captions(panels(face.crop, class_panels(face, NAMES, [same, same.clone(), 2 * same], SAY), SAY))
    assert ["does not tell them apart" in text for text in texts] == [True, True, False]


def test_names_are_escaped(face):
    html = panels(face.crop, class_panels(face, NAMES, [torch.ones(2, 2)] * 3, SAY), SAY)
    assert "<i>surprised" not in html
    assert "&lt;i&gt;surprised" in html


def test_every_way_of_drawing_has_a_control_with_a_name():
    html = toolbar(SAY)
    assert set(re.findall(r'data-cfer="(\w+)"', html)) == {"show", "scale", "opacity", "contrast", "colours"}
    assert html.count("<input") + html.count("<select") == html.count("<label")
