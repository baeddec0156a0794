import numpy as np
import pytest
import torch

from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.features.displacement import cut, moved_by
from cfer.synth.dataset import Shot, take


@pytest.fixture(scope="module")
def smile():
    picture, truth = take(Shot(3, "happy", 0))
    (face,) = detect_faces(picture)
    return picture, truth, face


def test_maps_are_cut_as_the_face_is(smile):
    picture, _, face = smile
    crop = align(picture, face)
    channels = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)
    same = cut(channels, frame_of(face), crop.shape[0]).permute(1, 2, 0).numpy()
    gap = np.abs(same - crop)[8:-8, 8:-8]
    assert gap.mean() < 1.5  # of 255: an offset of half a pixel gives 3 or more
    moved = np.abs(np.roll(same, 1, axis=1) - crop)[8:-8, 8:-8]
    assert gap.mean() < moved.mean() / 3


def test_a_smile_moves_the_mouth_and_cheeks_and_not_the_forehead(smile):
    _, truth, face = smile
    moved = moved_by(truth, frame_of(face))
    assert moved is not None
    assert set(moved.units) >= {12, 25}
    assert moved.by_unit.shape == (len(moved.units), 128, 128)
    assert 0.05 < float(moved.mask.mean()) < 0.6
    assert float(moved.mask[:25].mean()) < 0.05
    assert float(moved.mask[80:110, 40:90].mean()) > 0.7


def test_a_face_at_rest_moved_nothing(smile):
    _, _, face = smile
    _, truth = take(Shot(3, "neutral", 0))
    assert moved_by(truth, frame_of(face)) is None or not truth.units
