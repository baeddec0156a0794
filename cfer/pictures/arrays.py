"""Arrays and deep greyscale as 8-bit pixels."""

import numpy as np

from cfer.pictures.errors import TOO_LARGE, TOO_SMALL, PictureError

LEAST_SIDE = 8
_NEARLY_ONE = 2.0
"""The largest value of numbers from 0 to 1: resizing overshoots. What runs from 0 to 255 would be black."""


def checked_pixels(values: np.ndarray, max_pixels: int) -> np.ndarray:
    """An array that is a picture as (H, W, 1, 3 or 4) uint8.

    Args:
        values: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, or numbers from 0 to 1 or to 255.
        max_pixels: The most that H times W may be.

    Raises:
        PictureError: It is no picture, or a too large or too small one.
    """
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4):
        raise PictureError(
            f"An array of shape {values.shape} is no picture: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) is."
        )
    height, width = values.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise PictureError(TOO_SMALL, width=width, height=height, least=LEAST_SIDE)
    if height * width > max_pixels:
        raise PictureError(TOO_LARGE, width=width, height=height, most=max_pixels // 1_000_000)
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    return values if values.dtype == np.uint8 else _eight_bits(values)


def _eight_bits(values: np.ndarray) -> np.ndarray:
    if not np.issubdtype(values.dtype, np.number) or np.issubdtype(values.dtype, np.complexfloating):
        raise PictureError(f"An array of {values.dtype} is no picture; use uint8, or numbers from 0 to 1 or to 255.")
    if not np.isfinite(values).all():
        raise PictureError("The picture holds values that are not numbers.")
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= _NEARLY_ONE and np.issubdtype(values.dtype, np.floating):
        return np.rint(values.astype(np.float64).clip(max=1) * 255).astype(np.uint8)
    if low < 0 or high > 255:
        raise PictureError(
            f"The array's values run from {low:g} to {high:g}; use uint8, or numbers from 0 to 1 or to 255."
        )
    return np.rint(values.astype(np.float64)).astype(np.uint8)


_HOT_SHARE, _HOT_LEAST = 3e-3, 4
"""Pixels that may be a sensor's hot ones, at most: this share of all, such as a column, and a few in any picture."""


def all_but_hot(values: np.ndarray) -> float:
    """The largest value of a deep picture but for so many as may be hot."""
    few = min(max(_HOT_LEAST, int(_HOT_SHARE * values.size)), values.size - 1)
    return float(np.partition(values.ravel(), -few - 1)[-few - 1])


def scaled_deep(values: np.ndarray) -> np.ndarray:
    """Bring a deep picture (H, W) or (H, W, C) to 8 bits.

    Whole numbers are taken to have 8, 10, 12, 14 or 16 bits, the least that hold all but a few pixels, which may be a
    sensor's hot ones: cameras put twelve bits into sixteen. Anything else is stretched over its own range.
    """
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise PictureError("The picture holds values that are not numbers.")
    low, high = values.min(), values.max()
    brightest = all_but_hot(values)
    whole = next((2**bits - 1 for bits in (8, 10, 12, 14, 16) if brightest <= 2**bits - 1), None)
    if low >= 0 and high <= 1:
        scaled = values * 255
    elif low >= 0 and whole:
        scaled = values.clip(max=whole) * (255 / whole)
    else:
        scaled = (values - low) * (255 / max(high - low, 1e-12))
    return np.rint(scaled).astype(np.uint8)
