"""Steps from a face crop to the network's input; they travel with the weights."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.network.camera import CameraCorrection

Triple = tuple[float, float, float]
"""One number a colour channel."""


@dataclass(frozen=True)
class Preprocessing:
    """Steps from a face crop to the network's input; they travel with the weights.

    Attributes:
        input_px: Side of the network's square input.
        detail_px: Crops are first reduced to this side (never enlarged), the detail that the network was trained on.
        grey: Whether colour is dropped.
        mean: Subtracted from each channel's values in [0, 1].
        std: Each channel is divided by it, after the mean.
        camera: What is put right in crops of the camera in use; None where nothing is known of it.
    """

    input_px: int = 112
    detail_px: int = 48
    grey: bool = True
    mean: Triple = (0.5, 0.5, 0.5)
    std: Triple = (0.5, 0.5, 0.5)
    camera: CameraCorrection | None = None

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: A side is not between 8 and 2,048 pixels, or a deviation is not positive.
        """
        if not (8 <= self.input_px <= 2048 and 8 <= self.detail_px <= 2048):
            raise ValueError(f"Sides of {self.input_px} and {self.detail_px} pixels: both must be 8 to 2,048.")
        if min(self.std) <= 0:
            raise ValueError("Standard deviations of pixels must be positive.")

    def shrink(self, crop: np.ndarray) -> Tensor:
        """Bring a crop to the training detail.

        Args:
            crop: (H, W, 3) uint8, RGB.

        Returns:
            (1 or 3, d, d) float in [0, 1], one channel where colour is dropped.
        """
        pixels = torch.from_numpy(np.array(crop)).permute(2, 0, 1).float() / 255  # (3, H, W)
        if self.grey:
            weights = pixels.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # ITU-R BT.601 luma
            pixels = (pixels * weights).sum(0, keepdim=True)  # (1, H, W)
        if tuple(pixels.shape[-2:]) != (self.detail_px, self.detail_px):
            size = (self.detail_px, self.detail_px)
            pixels = F.interpolate(pixels[None], size=size, mode="bilinear", antialias=True, align_corners=False)[0]
        return pixels if self.camera is None else self.camera(pixels)

    @property
    def uncorrected(self) -> "Preprocessing":
        """The same for pictures that the camera in use did not take, such as rendered faces."""
        return replace(self, camera=None)

    def enlarge(self, shrunk: Tensor) -> Tensor:
        """Bring shrunk crops (B, 1 or 3, d, d) in [0, 1] to network input (B, 3, S, S), normalised."""
        size = (self.input_px, self.input_px)
        pixels = F.interpolate(shrunk, size=size, mode="bilinear", align_corners=False)
        return self.normalise(pixels)

    def normalise(self, pixels: Tensor) -> Tensor:
        """(B, 1 or 3, S, S) in [0, 1] -> (B, 3, S, S), mean and standard deviation of each channel removed."""
        mean, std = (pixels.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)

    def __call__(self, crops: Sequence[np.ndarray]) -> Tensor:
        """(H, W, 3) uint8 crops of any sizes -> (B, 3, S, S)."""
        return self.enlarge(torch.stack([self.shrink(crop) for crop in crops]))
