import pytest
import torch

from cfer.explain.controls import cascade, of_another, random_backbone, random_head
from cfer.explain.maps import class_maps
from cfer.explain.similarity import spearman
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel


def seeded(number=0):
    return torch.Generator().manual_seed(number)


@pytest.fixture(scope="module")
def model():
    return FaceModel(BackboneConfig("test_efficientnet"), tuple("abcdefgh"), seed=3).eval()


@pytest.fixture(scope="module")
def x():
    return torch.randn(6, 3, 64, 64, generator=seeded())


def test_a_random_head_has_rows_as_long_that_point_elsewhere(model):
    other = random_head(model, seeded())
    own = model.head.weight.detach() - model.head.weight.detach().mean(0)
    torch.testing.assert_close(other.head.weight.detach().norm(dim=1), own.norm(dim=1))
    rows = other.head.weight.detach()
    assert float(torch.cosine_similarity(rows, own, dim=1).abs().max()) < 0.3
    assert other.backbone is model.backbone


def test_maps_depend_on_the_head(model, x):
    before, after = (class_maps(m, x).maps for m in (model, random_head(model, seeded(1))))
    assert abs(float(spearman(before, after).nanmean())) < 0.35
    assert float(spearman(before, before).nanmean()) == pytest.approx(1)


def test_shuffling_starts_at_the_end_and_keeps_the_values(model):
    names = cascade(model)
    assert names[0] == "bn2"
    assert names[-1].startswith("conv_stem") or names[-1].startswith("bn1")
    other = random_backbone(model, 3, seeded())
    mine, theirs = dict(model.backbone.named_modules()), dict(other.backbone.named_modules())
    for place, name in enumerate(names):
        same = torch.equal(mine[name].weight, theirs[name].weight)
        assert torch.equal(mine[name].weight.flatten().sort()[0], theirs[name].weight.flatten().sort()[0])
        if place >= 3:
            assert same, name
    assert not torch.equal(mine[names[1]].weight, theirs[names[1]].weight)


def test_maps_depend_on_the_backbone(model, x):
    before, after = (class_maps(m, x).maps for m in (model, random_backbone(model, None, seeded(1))))
    assert float(spearman(before, after).nanmean()) < 0.5


def test_a_face_gets_the_map_of_somebody_else():
    people = torch.tensor([0, 0, 1, 1, 2])
    maps = people[:, None, None].expand(-1, 2, 2).float()
    for seed in range(20):
        assert (of_another(maps, people, seeded(seed))[:, 0, 0] != people).all()
    with pytest.raises(ValueError, match="nobody else"):
        of_another(maps[:2], people[:2], seeded())
