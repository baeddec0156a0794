"""Image filters on one core: Gaussian blur and smooth noise."""

import numpy as np

from cfer.synth.kernel import kernel


@kernel
def _blur_rows(image, taps, out):
    height, width = image.shape
    radius = len(taps) // 2
    padded = np.empty(width + 2 * radius, np.float32)
    for row in range(height):
        padded[radius : radius + width] = image[row]
        padded[:radius] = image[row, 0]
        padded[radius + width :] = image[row, width - 1]
        for column in range(width):
            total = np.float32(0.0)
            for k in range(len(taps)):
                total += taps[k] * padded[column + k]
            out[column, row] = total  # transposed, so that the second pass runs along rows too


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of an (H, W) float32 image, edges repeated; cut off at three standard deviations."""
    if sigma < 0.05:
        return image.copy()
    radius = max(1, round(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    taps = np.exp(-0.5 * (offsets / sigma) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    turned = np.empty(image.shape[::-1], np.float32)
    _blur_rows(np.ascontiguousarray(image, np.float32), taps, turned)
    out = np.empty(image.shape, np.float32)
    _blur_rows(turned, taps, out)
    return out


def _sample(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    # bilinear values on a grid of fractional rows and columns
    r, c = (at.astype(int).clip(0, max(n - 2, 0)) for at, n in zip((rows, columns), image.shape, strict=True))
    fr, fc = (rows - r)[:, None].astype(np.float32), (columns - c).astype(np.float32)
    top = image[r][:, c] * (1 - fc) + image[r][:, c + 1] * fc
    bottom = image[r + 1][:, c] * (1 - fc) + image[r + 1][:, c + 1] * fc
    return top * (1 - fr) + bottom * fr


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear enlargement of an (h, w) grid to (height, width): its corners become the corners."""
    return _sample(image, np.linspace(0, image.shape[0] - 1, height), np.linspace(0, image.shape[1] - 1, width))


def enlarge(image: np.ndarray, factor: int) -> np.ndarray:
    """Bilinear enlargement of an (h, w) image by a factor, pixel centres in place: what `shrink` undoes."""
    rows, columns = (((np.arange(n * factor) + 0.5) / factor - 0.5).clip(0, n - 1) for n in image.shape)
    return _sample(image, rows, columns)


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
