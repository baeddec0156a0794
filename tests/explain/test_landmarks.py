import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from cfer.checkpoint import DEFAULT, load_checkpoint, model_digest
from cfer.explain.landmarks import fit_landmarker, shipped_landmarker
from cfer.explain.maps import class_maps
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.synth.dataset import Shot, take


def test_it_is_scikit_learns_ridge():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(300, 10, generator=generator), torch.randn(300, 68, 2, generator=generator)
    ours = fit_landmarker(x, y, 0.1)
    centred = x - x.mean(0)
    penalty = 0.1 * float((centred**2).sum(0).mean())
    theirs = Ridge(alpha=penalty).fit(x.double().numpy(), y.flatten(1).double().numpy())
    np.testing.assert_allclose(ours.weight, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.bias, theirs.intercept_, atol=1e-5)
    assert ours(x[:3]).shape == (3, 68, 2)


def test_the_shipped_one_belongs_to_the_shipped_model_and_finds_a_face_it_has_not_seen():
    landmarker = shipped_landmarker()
    assert landmarker is not None
    checkpoint = load_checkpoint(DEFAULT)
    assert landmarker.backbone == model_digest(checkpoint.model.backbone)
    errors = []
    for person in (91, 92, 93):  # in none of the data sets that were fitted to
        picture, truth = take(Shot(person, "surprised", 0))
        (face,) = detect_faces(picture)
        maps = class_maps(checkpoint.model, checkpoint.preprocessing([align(picture, face)]))
        true = torch.from_numpy(frame_of(face).locate(truth.landmarks).astype(np.float32))
        gap = (landmarker(maps.features)[0] - true).norm(dim=1).mean()
        errors.append(float(gap / (true[36] - true[45]).norm()))
    assert np.mean(errors) == pytest.approx(0, abs=0.09)
