import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from cfer.checkpoint.landmarks import FILE, LandmarkReadout
from cfer.faces.align import frame_of
from cfer.faces.detect import detect_faces
from cfer.measure.landmarks import fit_landmarks
from cfer.reading.reader import Reader
from cfer.synth.dataset import Shot, take


def test_it_is_a_ridge_regression_with_a_penalty_relative_to_the_features():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(300, 10, generator=generator), torch.randn(300, 68, 2, generator=generator)
    ours = fit_landmarks(x, y, 0.1)
    penalty = 0.1 * float(((x - x.mean(0)) ** 2).sum(0).mean())
    theirs = Ridge(alpha=penalty).fit(x.double().numpy(), y.flatten(1).double().numpy())
    np.testing.assert_allclose(ours(x[:3]).flatten(1), theirs.predict(x[:3].numpy()), atol=1e-5)
    assert ours(x[:3]).shape == (3, 68, 2)
    again = LandmarkReadout.from_bytes(ours.to_bytes())
    torch.testing.assert_close(again(x), ours(x), atol=1e-2, rtol=0)  # half precision


def test_the_default_checkpoints_one_finds_a_face_it_has_not_seen():
    reader = Reader()
    assert FILE in reader.checkpoint.measured
    errors = []
    for person in (91, 92, 93):  # in none of the data sets that were fitted to
        picture, truth = take(Shot(person, "surprised", 0))
        true = torch.from_numpy(frame_of(detect_faces(picture)[0]).locate(truth.landmarks).astype(np.float32))
        gap = (reader.face(picture).landmarks - true).norm(dim=1).mean()
        errors.append(float(gap / (true[36] - true[45]).norm()))
    assert np.mean(errors) == pytest.approx(0, abs=0.09)
