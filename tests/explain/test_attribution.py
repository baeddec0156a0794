import numpy as np
import pytest
import torch
from captum.attr import LayerIntegratedGradients

from cfer.checkpoint import DEFAULT, load_checkpoint
from cfer.explain.attribution import (
    attribution_layer,
    change_maps,
    layer_baseline,
    layer_integrated_gradients,
    mirrored_gradients,
    neutral_faces,
)
from cfer.explain.controls import random_backbone, random_head
from cfer.explain.localization import localization_ratio
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.features.displacement import moved_by
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.reading.reader import Reader
from cfer.synth.dataset import Shot, take

LAYER = "blocks.2"


@pytest.fixture(scope="module")
def model():
    return FaceModel(BackboneConfig("test_efficientnet"), ("a", "b", "c"), seed=1).eval()


@pytest.fixture(scope="module")
def x():
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def scores(model, x):
    with torch.no_grad():
        logits = model(x)
    return logits - logits.mean(1, keepdim=True)


@pytest.mark.parametrize("layer", ["blocks.1", "blocks.3"])
def test_it_is_captums_integrated_gradients_at_a_layer(model, x, layer):
    picture, neutral = x[:1], x[1:2]
    with torch.no_grad():
        output, baseline = model.until(picture, layer), model.until(neutral, layer)
    mine = layer_integrated_gradients(model, output, ["b"], baseline, layer, steps=6)[:, 0]

    def score(pictures):
        logits = model(pictures)
        return logits[:, 1] - logits.mean(1)

    library = LayerIntegratedGradients(score, dict(model.backbone.named_modules())[layer])
    theirs = library.attribute(picture, baselines=neutral, n_steps=6, method="riemann_middle").sum(1)
    torch.testing.assert_close(mine, theirs.detach(), atol=1e-5, rtol=1e-4)


def test_evidence_sums_to_the_difference_of_scores(model, x):
    with torch.no_grad():
        output, baseline = model.until(x[:1], "blocks.1"), model.until(x[1:2], "blocks.1")
    evidence = layer_integrated_gradients(model, output, model.classes, baseline, "blocks.1", steps=64)
    wanted = scores(model, x[:1]) - scores(model, x[1:2])
    torch.testing.assert_close(evidence.sum((-2, -1)), wanted, atol=1e-2 * float(wanted.abs().max()), rtol=0)


def test_the_shipped_steps_miss_little_of_the_difference(photograph):
    reader = Reader()
    face = reader.read(photograph).faces[0]
    given = reader.checkpoint.model, face.passes.pair, ["happy", "sad", "awed"], reader.neutral, face.passes.layer
    maps, fine = mirrored_gradients(*given), mirrored_gradients(*given, steps=32)
    sums = fine.sum((-2, -1))
    assert float((maps.sum((-2, -1)) - sums).abs().max()) < 0.1 * float(sums.abs().max())


def test_a_certain_smile_shows_at_the_mouth(photograph):
    """Where the gradient at the face alone finds next to nothing."""
    reader = Reader()
    face = reader.read(photograph).faces[0]
    assert face.top == "happy"
    assert face.answer.sureness in {"certain", "fairly"}
    units = face.explain("happy").units_for
    assert units is not None
    assert units[12] > 3
    assert units[12] > 3 * max(units[1], units[2], units[4])


def test_a_picture_has_no_evidence_beside_itself(model, x):
    with torch.no_grad():
        output = model.until(x[:1], "blocks.1")
    evidence = layer_integrated_gradients(model, output, ["a", "b"], output, "blocks.1")
    torch.testing.assert_close(evidence, torch.zeros_like(evidence))


def test_the_map_of_a_contrast_is_the_difference_of_maps(model, x):
    weight, bias = model.head.weight.detach(), model.head.bias.detach()
    nothing = torch.zeros_like(weight[0])
    contrast = model.with_head(model.classes, torch.stack([weight[0] - weight[1], nothing, nothing]), bias)
    usual = layer_baseline(model, x[1:], "blocks.1")
    a, b, c = change_maps(model, x[:1], model.classes, usual, "blocks.1")[0]
    ahead = change_maps(contrast, x[:1], ["a"], usual, "blocks.1")[0, 0]
    torch.testing.assert_close(ahead, (a - b) * 2 / 3, atol=1e-5, rtol=1e-4)  # a logit less the mean of three
    torch.testing.assert_close(a + b + c, torch.zeros_like(a), atol=1e-5, rtol=0)


def test_a_mirrored_picture_has_mirrored_maps(model, x):
    usual = layer_baseline(model, x, "blocks.1")
    maps = change_maps(model, x, ["a", "c"], usual, "blocks.1")
    torch.testing.assert_close(change_maps(model, x.flip(-1), ["a", "c"], usual, "blocks.1"), maps.flip(-1))
    assert float(maps.abs().max()) > 0


def test_the_model_and_the_random_state_are_left_alone(model, x):
    random = torch.random.get_rng_state()
    change_maps(model, x, ["a"], layer_baseline(model, x, "blocks.1"), "blocks.1")
    assert torch.equal(random, torch.random.get_rng_state())
    assert not any(m._forward_hooks for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_a_backbone_without_the_layer_says_so(model):
    assert attribution_layer(load_checkpoint(DEFAULT).model) == "blocks.2"
    assert attribution_layer(FaceModel(BackboneConfig("densenet121"), ("a",))) is None
    with pytest.raises(KeyError, match="There is no"):
        layer_baseline(model, torch.zeros(1, 3, 64, 64), "blocks.17")


def test_the_shipped_faces_are_faces():
    faces = neutral_faces()
    assert len(faces) == 8
    assert all(face.shape == (96, 96, 3) and face.dtype == np.uint8 for face in faces)


@pytest.mark.slow
def test_the_maps_lie_on_what_moved_and_not_without_what_was_learned():
    checkpoint = load_checkpoint(DEFAULT)
    model = checkpoint.model.eval()
    neutral = checkpoint.preprocessing(list(neutral_faces()))
    generator = torch.Generator().manual_seed(0)
    models = [model, *(random_head(model, generator) for _ in range(3)), random_backbone(model, None, generator)]
    usual = [layer_baseline(m, neutral, LAYER) for m in models]
    shown = ("happy", "surprised", "fearful", "angrily disgusted", "sadly angry", "happily surprised", "awed", "hatred")
    found = []
    for person, name in enumerate(shown, start=95):
        picture, truth = take(Shot(person, name, 0))
        face = detect_faces(picture)[0]
        mask, crop = moved_by(truth, frame_of(face)).mask, checkpoint.preprocessing([align(picture, face)])
        maps = [change_maps(m, crop, [name], each, LAYER)[0, 0] for m, each in zip(models, usual, strict=True)]
        found.append([localization_ratio(raw, mask) for raw in maps])
    own, *heads, backbone = np.nanmean(found, axis=0)
    assert own > 1.8
    assert own > np.mean(heads) + 0.15  # a head that learned nothing still looks where the face differs from neutral
    assert own > backbone + 0.4
