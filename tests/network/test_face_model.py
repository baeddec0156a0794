import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from cfer.emotions import BASICS
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.training.initial_weights import load_start

NAME = "test_efficientnet"


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel(BackboneConfig(NAME), BASICS).eval()


@torch.no_grad()
def test_forward_is_features_then_average_then_head(model):
    x = torch.randn(2, 3, 64, 64)
    maps = model.features(x)
    assert maps.shape == (2, model.num_features, 2, 2)
    torch.testing.assert_close(model(x), maps.mean((-2, -1)) @ model.head.weight.T + model.head.bias)


@torch.no_grad()
def test_half_the_stride_looks_four_times_as_finely_with_the_same_weights(model):
    fine = model.with_stride(16)
    assert fine.features(torch.randn(1, 3, 64, 64)).shape[-2:] == (4, 4)
    for a, b in zip(model.state_dict().values(), fine.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_backbone_without_finer_strides_says_so():
    coarse = FaceModel(BackboneConfig("mobilenetv3_small_050"), BASICS)
    with pytest.raises(ValueError, match="mobilenetv3_small_050 cannot look at stride 16"):
        coarse.with_stride(16)


def test_another_head_shares_the_backbone_and_changes_nothing(model):
    before = {k: v.clone() for k, v in model.state_dict().items()}
    other = model.with_head(("a", "b"), torch.ones(2, model.num_features), torch.zeros(2))
    assert other.backbone is model.backbone
    assert other(torch.randn(1, 3, 64, 64)).shape == (1, 2)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


@torch.no_grad()
def test_units_are_read_off_the_same_features_and_kept_by_other_heads_and_strides(model):
    with_units = model.with_units((4, 12), torch.ones(2, model.num_features), torch.tensor([0.5, -0.5]))
    pooled = model.pool(model.features(torch.randn(1, 3, 64, 64)))
    read = with_units.units
    assert read is not None
    torch.testing.assert_close(read(pooled), pooled.sum() + torch.tensor([[0.5, -0.5]]))
    assert model.units is None
    other = with_units.with_head(("a", "b"), torch.ones(2, model.num_features), torch.zeros(2)).with_stride(16)
    assert other.action_units == (4, 12)
    assert torch.equal(other.units.weight, with_units.units.weight)


def test_a_start_is_loaded_by_name_and_a_wrong_one_refused(tmp_path):
    source = timm.create_model(NAME, pretrained=False)
    save_file({k: v.contiguous() for k, v in source.state_dict().items()}, tmp_path / "start.safetensors")
    model = FaceModel(BackboneConfig(NAME), BASICS)
    load_start(model, tmp_path / "start.safetensors")
    assert torch.equal(model.backbone.conv_stem.weight, source.conv_stem.weight)
    save_file({"conv_stem.weight": torch.zeros(1)}, tmp_path / "wrong.safetensors")
    with pytest.raises(ValueError, match="does not hold the weights of"):
        load_start(model, tmp_path / "wrong.safetensors")


def test_preprocessing_shrinks_greys_and_normalises():
    crop = np.zeros((200, 200, 3), np.uint8)
    crop[..., 1] = 255
    got = Preprocessing(input_px=64, detail_px=48)([crop, np.full((30, 30, 3), 255, np.uint8)])
    assert got.shape == (2, 3, 64, 64)
    torch.testing.assert_close(got[0], torch.full((3, 64, 64), 2 * 0.587 - 1), atol=1e-4, rtol=0)
    torch.testing.assert_close(got[1], torch.ones(3, 64, 64))
    colour = Preprocessing(input_px=64, grey=False)([crop])
    assert colour[0, :, 5, 5].tolist() == pytest.approx([-1, 1, -1])


def test_a_shrunk_picture_holds_no_more_detail_than_its_side():
    stripes = np.tile(np.array([0, 255], np.uint8), 240)[None, :, None].repeat(480, 0).repeat(3, 2)
    shrunk = Preprocessing().shrink(stripes)
    assert shrunk.shape == (1, 48, 48)
    torch.testing.assert_close(shrunk, torch.full_like(shrunk, 0.5), atol=0.02, rtol=0)
