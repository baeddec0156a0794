import pytest
import torch
from torch import nn

from cfer.explain.faithfulness import blurred, deletion_insertion, ranked_cells, removal_effects, scores, without
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel


class Quadrants(nn.Module):
    """Class k's logit is how much stands out in quadrant k of the picture."""

    def forward(self, x):
        detail = (x - blurred(x)).abs().mean(1)
        half = x.shape[-1] // 2
        parts = [detail[:, i : i + half, j : j + half].mean((1, 2)) for i in (0, half) for j in (0, half)]
        return torch.stack(parts, 1) * 100


@pytest.fixture(scope="module")
def picture():
    return torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_an_exact_number_of_cells_is_blurred_even_where_the_map_is_flat(picture):
    order = ranked_cells(torch.zeros(4, 4), grid=8)
    assert order.tolist() == list(range(64))
    cells = torch.zeros(64)
    cells[order[:5]] = 1
    changed = (without(picture, cells, grid=8) != picture).any(1)[0]
    assert int(changed.sum()) == 5 * 8 * 8
    assert bool(changed[:8, : 5 * 8].all())


def test_strongest_evidence_comes_first():
    raw = torch.zeros(2, 2)
    raw[1, 0] = 1
    raw[0, 1] = -1
    order = ranked_cells(raw, grid=2).tolist()
    assert order == [2, 0, 3, 1]


def test_a_map_of_the_right_quadrant_is_more_faithful_than_another(picture):
    gains = []
    for place in range(4):
        raw = torch.zeros(4)
        raw[place] = 1
        curves = deletion_insertion(Quadrants(), picture, raw.reshape(2, 2), 2)
        whole, empty = (scores(Quadrants(), x)[0, 2] for x in (picture, blurred(picture)))
        torch.testing.assert_close(curves.deletion[[0, -1]], torch.stack([whole, empty]))
        torch.testing.assert_close(curves.insertion[[-1, 0]], torch.stack([whole, empty]))
        gains.append(curves.gain)
    assert gains[2] > 10
    assert max(gains[:2] + gains[3:]) < 0


def test_turning_a_map_round_turns_its_gain_round(picture):
    raw = torch.rand(16, 16, generator=torch.Generator().manual_seed(3))
    forth, back = (deletion_insertion(Quadrants(), picture, r, 1).gain for r in (raw, -raw))
    assert forth == pytest.approx(-back, abs=1e-5)


def test_scores_say_what_speaks_for_a_class_rather_than_for_all(picture):
    model = FaceModel(BackboneConfig("test_efficientnet"), ("a", "b", "c")).eval()
    before = scores(model, picture)
    torch.testing.assert_close(before.sum(1), torch.zeros(1), atol=1e-5, rtol=0)
    with torch.no_grad():
        model.head.bias += 3
    torch.testing.assert_close(scores(model, picture), before)


def test_a_class_loses_by_its_own_evidence_and_not_by_anothers(picture):
    raws = torch.zeros(4, 4)
    raws[range(4), range(4)] = 1
    lost = removal_effects(Quadrants(), picture, raws.reshape(4, 2, 2), 1, torch.Generator().manual_seed(0))
    assert lost.shape == (5,)
    assert lost.argmax() == 1
    assert float(lost[1]) > 10
    assert float(lost[[0, 2, 3]].max()) < 0  # others' losses are the watched class's gain
    assert float(lost[4]) < float(lost[1]) / 2
