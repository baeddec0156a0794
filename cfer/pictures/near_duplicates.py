"""Pictures that are the same: a lesson must not be tested on what it was taught from, nor count one picture twice.

Two things are compared: the pictures as a whole, reduced to a small grey one, which hardly changes when a picture is
compressed again or resized; and the face crops, laid over each other in several places and sizes, because a copy is
framed a little differently. Where the pictures agree closely the crops need not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

ALIKE = 0.985
"""Correlation from which on two crops are one picture; `benchmarks/photographs/copies.py` has what copies reach."""
WHOLE_ALIKE, CROP_OF_WHOLE = 0.995, 0.9
"""Correlations from which on two whole pictures are one, if their crops reach the second."""
_SIDE, _WINDOW = 64, 48
_ENOUGH = 1024  # pixels a side that a mark is made of
_SIZES = tuple(range(_SIDE - 6, _SIDE + 7, 2))


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """The best correlation, -1 to 1, of the middle of one crop with places of another, at several sizes.

    Args:
        one: (S, S, 3) uint8.
        other: (S', S', 3) uint8.
    """
    margin = (_SIDE - _WINDOW) // 2
    middle = _unit(_grey(one, _SIDE)[margin:-margin, margin:-margin].reshape(1, -1))[0]
    best = -1.0
    for size in _SIZES:
        windows = np.lib.stride_tricks.sliding_window_view(_grey(other, size), (_WINDOW, _WINDOW))
        best = max(best, float((_unit(windows.reshape(-1, _WINDOW**2)) @ middle).max()))
    return best


def mark_of(picture: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 as numbers (2304,) of mean 0 and length 1."""
    skip = max(1, max(picture.shape[:2]) // _ENOUGH)  # every reading pays for this: a large picture is thinned
    return _unit(_grey(np.ascontiguousarray(picture[::skip, ::skip]), _WINDOW).reshape(1, -1))[0]


@dataclass(frozen=True)
class Shown:
    """Small picture of a face, by which copies are found.

    Attributes:
        crop: (S, S, 3) uint8.
        mark: `mark_of` the picture that it was cut from, or None where that is not known.
    """

    crop: np.ndarray
    mark: np.ndarray | None = None

    def same(self, other: "Shown") -> bool:
        """True if both are one picture."""
        if self.mark is not None and other.mark is not None and float(self.mark @ other.mark) > WHOLE_ALIKE:
            return alike(self.crop, other.crop) > CROP_OF_WHOLE
        return alike(self.crop, other.crop) > ALIKE


def first_same(faces: Sequence[Shown], others: Sequence[Shown] | None = None) -> list[int | None]:
    """For each face, the number of the first one that is the same picture, or None.

    Args:
        faces: The faces.
        others: What to compare with; by default each with the ones before it.
    """
    found: list[int | None] = []
    for number, face in enumerate(faces):
        earlier = faces[:number] if others is None else others
        found.append(next((k for k, other in enumerate(earlier) if face.same(other)), None))
    return found


def _grey(crop: np.ndarray, side: int) -> np.ndarray:
    small = Image.fromarray(crop).convert("L").resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows of mean 0 and length 1; zeros for one without any structure."""
    rows = rows - rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
