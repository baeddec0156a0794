"""Image filters on one core: Gaussian blur and smooth noise."""

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True, nogil=True)
def _blur_rows(image, kernel, out):
    height, width = image.shape
    radius = len(kernel) // 2
    padded = np.empty(width + 2 * radius, np.float32)
    for row in range(height):
        padded[radius : radius + width] = image[row]
        padded[:radius] = image[row, 0]
        padded[radius + width :] = image[row, width - 1]
        for column in range(width):
            total = np.float32(0.0)
            for k in range(len(kernel)):
                total += kernel[k] * padded[column + k]
            out[column, row] = total  # transposed, so that the second pass runs along rows too


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of an (H, W) float32 image, edges repeated; cut off at three standard deviations."""
    if sigma < 0.05:
        return image.copy()
    radius = max(1, round(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    turned = np.empty(image.shape[::-1], np.float32)
    _blur_rows(np.ascontiguousarray(image, np.float32), kernel, turned)
    out = np.empty(image.shape, np.float32)
    _blur_rows(turned, kernel, out)
    return out


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear enlargement of an (h, w) image to (height, width)."""
    rows = np.linspace(0, image.shape[0] - 1, height)
    columns = np.linspace(0, image.shape[1] - 1, width)
    r, c = rows.astype(int).clip(0, image.shape[0] - 2), columns.astype(int).clip(0, image.shape[1] - 2)
    fr, fc = (rows - r)[:, None].astype(np.float32), (columns - c).astype(np.float32)
    top = image[r][:, c] * (1 - fc) + image[r][:, c + 1] * fc
    bottom = image[r + 1][:, c] * (1 - fc) + image[r + 1][:, c + 1] * fc
    return top * (1 - fr) + bottom * fr


def shrink(image: np.ndarray, factor: int) -> np.ndarray:
    """Mean over blocks of factor x factor pixels of an (H, W, ...) image; both sides are multiples of the factor."""
    total = image[::factor, ::factor].astype(np.float32)
    for row in range(factor):
        for column in range(factor):
            if row or column:
                total += image[row::factor, column::factor]
    return total / np.float32(factor * factor)


def noise(rng: np.random.Generator, size: int, sigma: float) -> np.ndarray:
    """(size, size) float32 noise of unit variance, smooth over about `sigma` pixels."""
    coarse = max(1, int(sigma / 2))
    small = size // coarse + 2
    grain = blur(rng.standard_normal((small, small), dtype=np.float32), sigma / coarse)
    grain = resize(grain, size, size) if coarse > 1 else grain[:size, :size]
    return (grain / grain.std()).astype(np.float32)
