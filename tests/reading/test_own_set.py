import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from cfer.app.tabs.explore import example_paths
from cfer.explain.methods import GRAD_CAM
from cfer.explain.relation import SIX
from cfer.explain.similarity import cosine
from cfer.pictures import PictureError
from cfer.reading.own_set import Estimate, relate_set
from cfer.reading.set_figure import caption, set_figure


@pytest.fixture(scope="module")
def faces(reader):
    return [reader.face(path) for path in example_paths()[:4]]


@pytest.fixture(scope="module")
def found(reader, faces):
    return relate_set(reader, faces, "happily surprised", ["a", "a", "b", "c"], GRAD_CAM)


def test_likeness_and_gap_are_means_over_the_faces(found, faces):
    each = torch.stack(
        [torch.stack([cosine(f.maps.of("happily surprised")[0], f.maps.of(b)[0]) for b in SIX]) for f in faces]
    )
    for k, name in enumerate(SIX):
        assert found.likeness[name].mean == pytest.approx(float(each[:, k].nanmean()), abs=1e-5)
        assert found.likeness[name].low <= found.likeness[name].mean <= found.likeness[name].high
    own = torch.tensor([name in {"happy", "surprised"} for name in SIX])
    gaps = each[:, own].nanmean(1) - each[:, ~own].nanmean(1)
    assert found.gap.mean == pytest.approx(float(gaps.mean()), abs=1e-5)
    assert (found.faces, found.people) == (4, 3)
    assert found.called == sum(f.top == "happily surprised" for f in faces) / 4


def test_mean_maps_and_the_mean_face_are_means(found, faces):
    maps = torch.stack([f.maps.of("happily surprised")[0].clamp(min=0) for f in faces])
    torch.testing.assert_close(found.mean_maps[0], maps.mean(0))
    assert found.mean_face.shape == (192, 192, 3)
    assert abs(found.mean_face.mean() - np.mean([f.crop.mean() for f in faces])) < 3


def test_heads_that_learned_nothing_show_little(found):
    low, high = found.chance
    assert low < 0.1 < 0.5 > high
    assert found.beyond_chance is (found.gap.mean > high and found.gap.low > 0)


def test_the_same_set_gives_the_same_numbers(reader, faces, found):
    again = relate_set(reader, faces, "happily surprised", ["a", "a", "b", "c"], GRAD_CAM)
    assert again.to_dict() == found.to_dict()


def test_what_cannot_be_related_is_said(reader, faces):
    with pytest.raises(PictureError, match="happy is not made of two basic expressions"):
        relate_set(reader, faces, "happy")
    with pytest.raises(PictureError, match="2 faces are too few"):
        relate_set(reader, faces[:2], "happily surprised")
    with pytest.raises(KeyError, match="cannot be compared"):
        relate_set(reader, faces, "happily surprised", method="layer_cam")


def test_the_figure_stands_alone_and_says_what_it_shows(found):
    figure = set_figure(found)
    assert figure.startswith("<svg xmlns=")
    assert figure.count("<image ") == 7
    assert "http" not in figure.replace("http://www.w3.org/2000/svg", "")
    for line in caption(found):
        assert line.replace("'", "&#x27;") in figure
    assert found.model[:12] in figure


def test_a_basic_without_evidence_is_no_number(found):
    nothing = Estimate(float("nan"), float("nan"), float("nan"))
    blank = replace(found, likeness=found.likeness | {"happy": nothing})
    assert blank.ranked[-1] == "happy"
    assert json.loads(json.dumps(blank.to_dict(), allow_nan=False))["likeness"]["happy"] is None
    assert "no evidence for it on any face" in set_figure(blank)
    assert "nan" not in set_figure(blank).split("<rect", 2)[2].split("Gap,")[0]
