import pytest
import torch

from cfer.explain.layer_cams import layer_maps
from cfer.explain.maps import positive, upsample
from cfer.explain.methods import METHODS, Question, library_cam, occlusion
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel


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


class Patch(torch.nn.Module):
    """A network whose last map is the picture, brightened, and whose classes are told by its left and right half."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 1, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])[..., None, None])

    def forward_features(self, x):
        return self.conv(x).relu()

    def forward(self, x):
        return self.forward_features(x)


@pytest.mark.parametrize("name", METHODS)
def test_evidence_for_a_class_below_the_mean_lies_where_it_is(name):
    """Red speaks for a, green for b, and more so: the red patch is the evidence for a, whose logit is negative."""
    model = FaceModel(BackboneConfig("test_efficientnet"), ("a", "b", "c"), seed=0)
    model.backbone, model.layers, model.head = Patch(), {"conv": 1}, torch.nn.Linear(2, 3)
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor([[3.0, -1.0], [-1.0, 3.0], [0.0, 0.0]]))
        model.head.bias.copy_(torch.tensor([-1.0, 0.0, 0.0]))
    model.eval()
    x = torch.zeros(1, 3, 32, 32)
    x[0, 0, 4:12, 4:12] = 1.0  # red, above
    x[0, 1, 16:30, 4:30] = 1.5  # green, below
    with torch.no_grad():
        logits = model(x)[0]
    assert float(logits[0]) < float(logits.mean())
    assert float(logits[0]) < 0
    found = METHODS[name].explain(Question(model, x, ["a"], torch.zeros(2, 3, 32, 32)))[0]
    found = torch.nn.functional.interpolate(found[None, None], (32, 32), mode="nearest")[0, 0]
    red, green = float(found[6:10, 6:10].mean()), float(found[20:28, 8:26].mean())
    assert red > green + 0.05 * float(found.abs().max())
    if METHODS[name].signed:
        assert red > 0 > green
