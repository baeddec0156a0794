"""Correction of what a camera does to pictures, found without labels: brightness, and contrast at every fineness.

A lens that blurs, a cheap sensor or strong compression take contrast from fine detail more than from coarse. How much
is seen in the mean spectrum of some face crops beside that of the crops that were learned from: faces differ, their
mean spectrum hardly does. The ratio is a filter. Only means over all pictures are looked at, so that nothing of a
single face, or of the expressions shown, is put right by it (amplitude spectra as a domain's style: Yang & Soatto, FDA,
CVPR 2020).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

STRONGEST = 4.0
"""Most by which fine detail is raised above the coarse: beyond, noise is what is raised."""
_COARSE = slice(1, 4)
"""Bands from whose gain that of the finer ones is counted: they hold the face's large shapes."""
_EDGE = 16
"""Pixels by which crops are continued in a mirror before they are filtered, so that opposite edges do not meet."""
_FAINTEST = 1e-9


@dataclass(frozen=True)
class Look:
    """Average look of face crops of one origin.

    Attributes:
        brightness: Mean of all pixels, 0 to 1.
        contrasts: Root mean square amplitude of the crops' spectrum in bands of 0, 1, 2, ... cycles a crop.
    """

    brightness: float
    contrasts: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: There are fewer than two bands, or a number is negative or not finite.
        """
        _check((self.brightness, *self.contrasts), len(self.contrasts))


@dataclass(frozen=True)
class CameraCorrection:
    """Correction that makes crops of a camera look as those that were learned from.

    Attributes:
        brightness: Mean of the camera's pixels, 0 to 1.
        wanted: Mean of the pixels that were learned from.
        gains: Factor of the deviation from the mean, in bands of 0, 1, 2, ... cycles a crop.
    """

    brightness: float
    wanted: float
    gains: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: There are fewer than two bands, or a number is negative or not finite.
        """
        _check((self.brightness, self.wanted, *self.gains), len(self.gains))

    def __call__(self, pixels: Tensor) -> Tensor:
        """Crops (..., d, d) in [0, 1] as the camera that was learned from would have shown them, in [0, 1]."""
        side = pixels.shape[-1]
        edge = min(_EDGE, side - 1)
        flat = pixels.reshape(-1, 1, side, side) - self.brightness
        flat = F.pad(flat, (edge,) * 4, mode="reflect")
        cycles = _cycles(side + 2 * edge) * side / (side + 2 * edge)
        gains = _between(pixels.new_tensor(self.gains), cycles.to(pixels))
        flat = torch.fft.irfft2(torch.fft.rfft2(flat) * gains, s=flat.shape[-2:])
        inner = flat[..., edge : edge + side, edge : edge + side]
        return (inner + self.wanted).clamp(0, 1).reshape(pixels.shape)


def look_of(pixels: Tensor) -> Look:
    """Average look of crops.

    Args:
        pixels: (N, C, d, d) in [0, 1].
    """
    side = pixels.shape[-1]
    grey = pixels.mean(1)  # (N, d, d)
    grey = grey - grey.mean((-2, -1), keepdim=True)
    window = torch.hann_window(side, periodic=False)
    spectrum = torch.fft.rfft2(grey * window[:, None] * window).abs().square().mean(0)  # (d, d // 2 + 1)
    band = _cycles(side).round().long().clamp(max=side // 2)
    none = torch.zeros(side // 2 + 1, dtype=spectrum.dtype)
    power, count = (none.index_add(0, band.flatten(), v.flatten()) for v in (spectrum, band**0.0))
    return Look(float(pixels.mean()), tuple((power / count).sqrt().tolist()))


def correction(here: Look, learned: Look) -> CameraCorrection:
    """The filter that gives crops of one look another.

    Raises:
        ValueError: The looks are of crops of different sides.
    """
    if len(here.contrasts) != len(learned.contrasts):
        raise ValueError("These looks are of crops of different sides.")
    ratio = torch.tensor(learned.contrasts) / torch.tensor(here.contrasts).clamp(min=_FAINTEST)
    gains = ratio.clamp(max=STRONGEST * float(ratio[_COARSE].mean()))
    return CameraCorrection(here.brightness, learned.brightness, tuple(gains.tolist()))


def _check(numbers: Sequence[float], bands: int) -> None:
    if bands < 2 or not all(math.isfinite(n) and n >= 0 for n in numbers):
        raise ValueError("A look or a correction needs two bands or more, and numbers that are not negative.")


def _cycles(side: int) -> Tensor:
    """Cycles a picture of every coefficient (d, d // 2 + 1) of a real spectrum."""
    return side * torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None])


def _between(values: Tensor, places: Tensor) -> Tensor:
    """Values at whole numbers from 0, between them along a line; beyond the last one that one's."""
    places = places.clamp(max=len(values) - 1)
    low = places.floor().clamp(max=len(values) - 2).long()
    share = places - low
    return values[low] * (1 - share) + values[low + 1] * share
