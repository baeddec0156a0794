import pytest
import torch
from torchcam.methods import GradCAM, LayerCAM

from cfer.explain.layer_cams import RULES, layer_maps
from cfer.explain.maps import class_maps
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel


@pytest.fixture(scope="module")
def model():
    made = FaceModel(BackboneConfig("test_efficientnet"), ("a", "b", "c", "d"), seed=1).eval()
    with torch.no_grad():
        made.head.weight -= made.head.weight.mean(0)
    return made


@pytest.fixture(scope="module")
def x():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rule", ["Grad-CAM", "HiResCAM"])
def test_at_the_last_layer_both_are_the_maps_of_one_pass(model, x, rule):
    found = layer_maps(model, x, model.classes, "bn2", rule)
    torch.testing.assert_close(found, class_maps(model, x).maps, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("rule", "peer"), [("Grad-CAM", GradCAM), ("LayerCAM", LayerCAM)])
@pytest.mark.parametrize("layer", ["blocks.1", "blocks.3"])
def test_before_it_they_are_torch_cams(model, x, rule, peer, layer):
    found = layer_maps(model, x[:1], ["c"], layer, rule)[0, 0]
    with peer(model, target_layer=f"backbone.{layer}") as extractor:
        theirs = extractor(2, model(x[:1].clone().requires_grad_()), normalized=False)[0][0]
    model.zero_grad()
    torch.testing.assert_close(found.clamp(min=0), theirs.detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_a_batch_is_its_pictures(model, x, rule):
    together = layer_maps(model, x, ["b", "a"], "blocks.2", rule)
    torch.testing.assert_close(
        together[1:], layer_maps(model, x[1:], ["b", "a"], "blocks.2", rule), atol=1e-5, rtol=1e-3
    )


def test_the_model_is_left_as_it_was(model, x):
    model.requires_grad_(False)
    with torch.inference_mode():
        layer_maps(model, x, ["a"], "blocks.2")
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())
    model.requires_grad_(True)


@pytest.mark.parametrize("wrong", [{"layer": "attic"}, {"rule": "MagicCAM"}, {"names": ["z"]}])
def test_what_is_not_there_is_said(model, x, wrong):
    with pytest.raises(KeyError, match="There is no"):
        layer_maps(model, x, **({"names": ["a"], "layer": "blocks.2", "rule": "Grad-CAM"} | wrong))
