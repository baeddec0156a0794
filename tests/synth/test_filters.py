import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cfer.synth.filters import blur, enlarge, noise, resize, shrink


@pytest.mark.parametrize("sigma", [0.7, 2.6, 8.0])
def test_blur_is_scipys(sigma):
    image = np.random.default_rng(0).random((60, 41)).astype(np.float32)
    radius = max(1, round(3 * sigma))
    expected = gaussian_filter(image, sigma, mode="nearest", radius=radius)
    np.testing.assert_allclose(blur(image, sigma), expected, atol=2e-6)


def test_a_tiny_blur_copies():
    image = np.eye(4, dtype=np.float32)
    out = blur(image, 0.0)
    out[0, 0] = 9
    assert image[0, 0] == 1


def test_resize_keeps_a_plane():
    rows, columns = np.mgrid[0:4, 0:5].astype(np.float32)
    out = resize(2 * rows + columns, 10, 13)
    expected = 2 * np.linspace(0, 3, 10)[:, None] + np.linspace(0, 4, 13)
    np.testing.assert_allclose(out, expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [1.5, 9.0])
def test_noise_has_unit_variance_and_is_smooth(sigma):
    grain = noise(np.random.default_rng(1), 128, sigma)
    assert grain.shape == (128, 128)
    assert grain.std() == pytest.approx(1, abs=1e-3)
    neighbours = np.corrcoef(grain[:, :-1].ravel(), grain[:, 1:].ravel())[0, 1]
    assert neighbours > 0.7


def test_shrinking_means_blocks():
    image = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_allclose(shrink(image, 2), [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    assert shrink(np.stack([image, image], -1), 2).shape == (2, 3, 2)


def test_enlarging_keeps_pixel_centres():
    rows, columns = np.mgrid[0:6, 0:5].astype(np.float32)
    plane = 3 * rows - columns
    back = shrink(enlarge(plane, 4), 4)
    np.testing.assert_allclose(back[1:-1, 1:-1], plane[1:-1, 1:-1], atol=1e-5)
