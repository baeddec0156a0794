import captum.attr
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchcam.methods import GradCAM as TorchCAM

from cfer.checkpoint import load_checkpoint
from cfer.explain.maps import by_units, class_maps, head_jacobian, positive, unit_maps_of, upsample
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel

CLASSES = ("a", "b", "c", "d")


class Features(nn.Module):
    """The features as a module, for libraries that hook one."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model.features(x)


class Whole(nn.Module):
    """The same network with its last map as a named layer."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model, self.last = model, Features(model)

    def forward(self, x):
        return self.model.head(self.model.pool(self.last(x)))


def tiny(head: nn.Module | None = None) -> FaceModel:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = FaceModel(BackboneConfig("test_efficientnet", 16), CLASSES).eval()
        if head is not None:
            model.head = head
    return model


def mlp(width: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(6)
        return nn.Sequential(nn.Linear(width, 16), nn.Sigmoid(), nn.Linear(16, len(CLASSES)))


class MaxPooled(FaceModel):
    """The paper's pooling: the largest value of each channel."""

    def pool(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.amax((-2, -1))


@pytest.fixture(
    scope="module", params=["shipped", "tiny", "tiny with a deeper head", "tiny with max pooling", "max and deeper"]
)
def case(request) -> tuple[FaceModel, torch.Tensor]:
    if request.param == "shipped":
        checkpoint = load_checkpoint()
        side = checkpoint.preprocessing.input_px
        return checkpoint.model, torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    model = tiny()
    if "deeper" in request.param:
        model = tiny(mlp(model.num_features))
    if "max" in request.param:
        model.__class__ = MaxPooled
    return model, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_they_are_captums_signed_grad_cam(case):
    model, x = case
    whole = Whole(model).requires_grad_(True)
    ours = class_maps(model, x)
    explainer = captum.attr.LayerGradCam(whole, whole.last)
    for k in range(ours.maps.shape[1]):
        theirs = explainer.attribute(x, target=k).squeeze(1)
        torch.testing.assert_close(ours.maps[:, k], theirs.detach(), atol=1e-5, rtol=0)


def test_they_are_torch_cams_grad_cam_after_its_relu(case):
    model, x = case
    whole = Whole(model).requires_grad_(True)
    ours = class_maps(model, x)
    with TorchCAM(whole, whole.last) as extractor:
        for k in range(ours.maps.shape[1]):
            scores = whole(x.clone().requires_grad_())
            (theirs,) = extractor([k, k], scores, normalized=False)
            torch.testing.assert_close(positive(ours.maps[:, k]), theirs, atol=1e-5, rtol=0)


def test_they_are_pytorch_grad_cams_before_its_normalisation(case):
    model, x = case
    whole = Whole(model).requires_grad_(True)
    ours = class_maps(model, x)

    class Plain(GradCAM):
        """The library's own weights and ReLU, its scaling and enlarging left out."""

        def compute_cam_per_layer(self, input_tensor, targets, eigen_smooth):
            maps, gradients = self.activations_and_grads.activations[0], self.activations_and_grads.gradients[0]
            cam = self.get_cam_image(
                input_tensor, self.target_layers[0], targets, maps.numpy(), gradients.numpy(), eigen_smooth
            )
            return [np.maximum(cam, 0)]

        def aggregate_multi_layers(self, cam_per_target_layer):
            return cam_per_target_layer[0]

    with Plain(whole, [whole.last]) as cam:
        for k in range(ours.maps.shape[1]):
            theirs = cam(x, [ClassifierOutputTarget(k)] * len(x))
            np.testing.assert_allclose(positive(ours.maps[:, k]).numpy(), theirs, atol=1e-5)


def test_maps_of_a_linear_head_sum_to_the_logit_less_its_bias():
    model = tiny()
    ours = class_maps(model, torch.randn(3, 3, 64, 64))
    torch.testing.assert_close(ours.maps.sum((-2, -1)), ours.logits - model.head.bias, atol=1e-5, rtol=1e-5)


def test_a_batch_gives_the_maps_of_its_members(case):
    model, x = case
    both = class_maps(model, x)
    for i in range(len(x)):
        torch.testing.assert_close(both.maps[i], class_maps(model, x[i : i + 1]).maps[0], atol=1e-5, rtol=1e-4)


@settings(max_examples=10, deadline=None)
@given(st.sets(st.sampled_from(CLASSES), min_size=1), st.sets(st.sampled_from(CLASSES), min_size=1))
def test_a_contrast_is_the_map_of_the_contrasted_logits(plus, minus):
    model = tiny()
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    mix = torch.tensor([(c in plus) / len(plus) - (c in minus) / len(minus) for c in CLASSES])
    merged = model.with_head(("mix",), (mix @ model.head.weight)[None], mix[None] @ model.head.bias[:, None][:, 0])
    got = class_maps(model, x).contrast(sorted(plus), sorted(minus))
    torch.testing.assert_close(got, class_maps(merged, x).of("mix"), atol=1e-5, rtol=1e-4)


def test_by_hand_on_a_two_by_two_map():
    class Still(FaceModel):
        def features(self, x):
            return x

    model = Still(BackboneConfig("test_efficientnet"), ("a", "b"))
    model.head = nn.Linear(2, 2)
    with torch.no_grad():
        model.head.weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, 0.0]]))
        model.head.bias.zero_()
    maps = torch.tensor([[[[1.0, 0.0], [2.0, 4.0]], [[0.0, 3.0], [1.0, 0.0]]]])
    got = class_maps(model, maps)
    torch.testing.assert_close(got.of("a")[0], torch.tensor([[1.0, 6.0], [4.0, 4.0]]) / 4)
    torch.testing.assert_close(got.of("b")[0], torch.tensor([[-1.0, 0.0], [-2.0, -4.0]]) / 4)
    with pytest.raises(KeyError, match="does not know 'happy'"):
        got.of("happy")


def test_the_model_is_left_as_it_was():
    model = tiny()
    modes = [m.training for m in model.modules()]
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    random = torch.random.get_rng_state()
    hooks = sum(len(m._forward_hooks) + len(m._backward_hooks) for m in model.modules())
    class_maps(model, torch.zeros(2, 3, 64, 64))
    assert [m.training for m in model.modules()] == modes
    assert all(p.requires_grad and torch.equal(p.grad, torch.ones_like(p)) for p in model.parameters())
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
    assert torch.equal(random, torch.random.get_rng_state())
    assert hooks == sum(len(m._forward_hooks) + len(m._backward_hooks) for m in model.modules())


def test_it_works_on_frozen_weights_and_inside_inference_mode(case):
    model, x = case
    with torch.inference_mode():
        inside = class_maps(model.requires_grad_(False), x)
    torch.testing.assert_close(inside.maps, class_maps(model, x).maps)


def test_the_jacobian_of_a_deeper_head_is_autograds():
    head, z = mlp(8), torch.randn(3, 8)
    _, jacobian = head_jacobian(head, z)
    expected = torch.autograd.functional.jacobian(lambda v: head(v).sum(0), z)  # (K, B, C)
    torch.testing.assert_close(jacobian, expected)


def test_enlarging_keeps_constant_maps_and_shape():
    maps = torch.full((2, 3, 4, 4), 0.7)
    torch.testing.assert_close(upsample(maps, 9), torch.full((2, 3, 9, 9), 0.7))


def test_maps_of_probability_and_log_odds_are_autograds():
    """Grad-CAM of the scalar itself, at the last map, with the gradient taken through the softmax."""
    model, x = tiny(), torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    found = class_maps(model, x)
    last = model.features(x).detach().requires_grad_()
    chance = model.head(model.pool(last)).softmax(1)[:, 1]
    for scalar, ours in ((chance, found.probability(CLASSES[1])), (torch.logit(chance), found.log_odds(CLASSES[1]))):
        (gradient,) = torch.autograd.grad(scalar.sum(), last, retain_graph=True)
        theirs = (gradient.mean((-2, -1), keepdim=True) * last.detach()).sum(1)
        torch.testing.assert_close(ours.detach(), theirs, atol=1e-6, rtol=1e-4)
    with pytest.raises(KeyError, match="does not know"):
        found.log_odds("bored")


def with_units() -> FaceModel:
    model = tiny()
    generator = torch.Generator().manual_seed(7)
    weight = torch.randn(5, model.num_features, generator=generator)
    return model.with_units((1, 2, 4, 12, 25), weight, torch.randn(5, generator=generator))


def test_a_units_map_sums_to_its_logit_less_the_bias():
    model = with_units()
    last = model.features(torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))).detach()
    maps = unit_maps_of(model, last)
    assert maps.shape == (2, 5, *last.shape[2:])
    assert model.units is not None
    wanted = (model.units(model.pool(last)) - model.units.bias).detach()
    torch.testing.assert_close(maps.sum((2, 3)), wanted, atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="reads no action units"):
        unit_maps_of(tiny(), last)


def test_a_classs_map_is_the_weighted_sum_of_its_units_maps_and_what_is_left():
    model = with_units()
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found, composed = class_maps(model, x), by_units(model)
    assert model.units is not None
    units = unit_maps_of(model, model.features(x).detach())
    left = class_maps(model.with_head(model.classes, composed.left, torch.zeros(4)), x).maps
    torch.testing.assert_close(
        torch.einsum("ku,buhw->bkhw", composed.weights, units) + left, found.maps, atol=1e-4, rtol=1e-4
    )
    # what is left is what no unit explains
    torch.testing.assert_close(composed.left @ model.units.weight.T, torch.zeros(4, 5), atol=1e-4, rtol=0)


def test_a_head_that_is_made_of_units_leaves_nothing():
    model = with_units()
    assert model.units is not None
    weights = torch.randn(4, 5, generator=torch.Generator().manual_seed(2))
    composed = by_units(model.with_head(model.classes, weights @ model.units.weight.detach(), torch.zeros(4)))
    torch.testing.assert_close(composed.weights, weights, atol=1e-4, rtol=1e-4)
    assert float(composed.left.abs().max()) < 1e-4
