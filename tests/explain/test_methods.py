import pytest
import torch

from cfer.explain.layer_cams import layer_maps
from cfer.explain.maps import positive, upsample
from cfer.explain.methods import METHODS, Question, library_cam, occlusion
from cfer.model import BackboneConfig, FaceModel


@pytest.fixture(scope="module")
def model():
    return FaceModel(BackboneConfig("test_efficientnet"), ("a", "b", "c", "d", "e"), seed=2).eval()


@pytest.fixture(scope="module")
def x():
    return torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def asked(model, x, names):
    return Question(model, x, names, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)))


def scaled(maps):
    low = maps.amin((-2, -1), keepdim=True)
    return (maps - low) / (maps - low).amax((-2, -1), keepdim=True).clamp(min=1e-7)


@pytest.mark.parametrize("name", METHODS)
class TestContract:
    def test_it_gives_maps_of_the_classes_asked_for_and_leaves_the_model_alone(self, model, x, name):
        method = METHODS[name]
        before = {k: v.clone() for k, v in model.state_dict().items()}
        random = torch.random.get_rng_state()
        model.requires_grad_(False)
        found = method.explain(asked(model, x, ["c", "a", "e", "b"]))
        model.requires_grad_(True)
        assert found.shape[0] == 4
        assert found.ndim == 3
        assert bool(found.isfinite().all())
        assert any(not torch.equal(found[0], other) for other in found[1:])
        assert method.signed or 0 <= float(found.min()) <= float(found.max()) <= 1
        assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
        assert all(p.grad is None for p in model.parameters())
        assert not any(m._forward_hooks for m in model.modules())
        assert torch.equal(random, torch.random.get_rng_state())

    def test_it_says_who_published_it(self, model, x, name):
        assert METHODS[name].source


@pytest.mark.parametrize(("rule", "theirs"), [("HiResCAM", "HiResCAM"), ("LayerCAM", "LayerCAM")])
def test_where_both_have_a_method_they_agree(model, x, rule, theirs):
    found = library_cam(asked(model, x, ["b"]), theirs, "blocks.2")[0]
    ours = positive(layer_maps(model, x, ["b"], "blocks.2", rule)[0])
    torch.testing.assert_close(found, scaled(upsample(scaled(ours), 64))[0], atol=1e-4, rtol=0)


def test_occlusion_finds_the_only_place_that_matters(x):
    class Corner(torch.nn.Module):
        classes = ("detail", "other")

        def forward(self, pictures):
            corner = pictures[..., :16, :16].std((1, 2, 3))
            return torch.stack([corner, torch.zeros_like(corner)], 1)

    found = occlusion(Question(Corner(), x, ["detail", "other"], x), window=16, stride=16)
    assert found.shape == (2, 64, 64)
    assert float(found[0, :16, :16].min()) > 0.1
    assert float(found[0, 16:].abs().max()) < 1e-6
    torch.testing.assert_close(found[0], -found[1])  # what speaks for one of two speaks against the other
