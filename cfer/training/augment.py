"""Random views of face crops, in one batch of tensor operations with an explicit generator."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Ranges of augmented views. Each range but the zoom is symmetric.

    Attributes:
        rotation: Radians.
        zoom: Least and greatest side of the view, as shares of the crop's: below 1 the face is framed tighter.
        shift: Share of the side.
        contrast: Share of the contrast around mid grey.
        brightness: Added, in units of the full range.
        gamma: Exponent's logarithm.
        coarsest_px: Crops are reduced to a random side between this and their own, then enlarged again.
        noise: Largest standard deviation, in units of the full range.
        erase: Share of views with one random rectangle greyed out.
    """

    rotation: float = 0.25
    zoom: tuple[float, float] = (0.8, 1.2)
    shift: float = 0.1
    contrast: float = 0.45
    brightness: float = 0.2
    gamma: float = 0.35
    coarsest_px: int = 24
    noise: float = 0.05
    erase: float = 0.25


def random_frames(count: int, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Random geometry of views: mirrored or not, turned, zoomed, shifted.

    Returns:
        (count, 2, 3): where in the crop each place of the view is found, both from -1 to 1.
    """

    def uniform(scale: float, *shape: int) -> Tensor:
        return (torch.rand(count, *shape, generator=generator) * 2 - 1) * scale

    angle, (low, high) = uniform(settings.rotation), settings.zoom
    scale = (low + high) / 2 + uniform((high - low) / 2)
    mirror = (torch.rand(count, generator=generator) < 0.5).float() * 2 - 1
    turn = torch.stack(
        [
            torch.stack([angle.cos() * scale * mirror, -angle.sin() * scale], 1),
            torch.stack([angle.sin() * scale * mirror, angle.cos() * scale], 1),
        ],
        1,
    )  # (B, 2, 2)
    return torch.cat([turn, 2 * uniform(settings.shift, 2, 1)], 2)


def follow_points(points: Tensor, frames: Tensor, partners: Tensor) -> Tensor:
    """Points of the crops, as they are in their views.

    Args:
        points: (B, P, 2) columns and rows, -1 to 1 over the crop.
        frames: (B, 2, 3) from `random_frames`.
        partners: (P,) the point that takes a point's place in a mirror.

    Returns:
        (B, P, 2), -1 to 1 over the view.
    """
    turn, shift = frames[:, :, :2], frames[:, :, 2]
    moved = (points - shift[:, None]) @ torch.linalg.inv(turn).transpose(1, 2)
    mirrored = torch.linalg.det(turn) < 0
    return torch.where(mirrored[:, None, None], moved[:, partners], moved)


def follow_cells(cells: Tensor, frames: Tensor, side: int) -> Tensor:
    """Maps over the crops as they are over their views.

    Args:
        cells: (B, U, m, m) in 0..1.
        frames: (B, 2, 3) from `random_frames`.
        side: Cells s a side of the result.

    Returns:
        (B, U, s, s): of each cell, the share that is covered.
    """
    fine = 4 * side
    grid = F.affine_grid(frames.to(cells.device), [len(cells), 1, fine, fine], align_corners=False)
    moved = F.grid_sample(cells, grid, align_corners=False, padding_mode="zeros")
    return F.avg_pool2d(moved, 4)


def random_views(
    pixels: Tensor,
    size: int,
    settings: Augmentation,
    generator: torch.Generator,
    frames: Tensor | None = None,
) -> Tensor:
    """Random views: framed anew, coarsened, re-lit, noisy.

    Args:
        pixels: (B, C, d, d) in [0, 1].
        size: Side S of the result.
        settings: Ranges.
        generator: The only source of randomness, on the CPU: small draws are made there wherever the pixels are.
        frames: (B, 2, 3) from `random_frames`; drawn here by default.

    Returns:
        (B, C, S, S), about [0, 1].
    """
    n, device = len(pixels), pixels.device

    def uniform(scale: float, *shape: int) -> Tensor:
        return ((torch.rand(n, *shape, generator=generator) * 2 - 1) * scale).to(device, non_blocking=True)

    side = pixels.shape[-1]
    coarse = int(torch.randint(min(settings.coarsest_px, side), side + 1, (1,), generator=generator))
    if coarse < side:  # one resolution a batch: varied enough over an epoch, and a batch stays one tensor
        pixels = F.interpolate(pixels, size=coarse, mode="bilinear", antialias=True, align_corners=False)

    if frames is None:
        frames = random_frames(n, settings, generator)
    grid = F.affine_grid(frames.to(device, non_blocking=True), [n, pixels.shape[1], size, size], align_corners=False)
    views = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)  # (B, C, S, S)

    views = views.clamp(0, 1) ** uniform(settings.gamma, 1, 1, 1).exp()
    views = (views - 0.5) * (1 + uniform(settings.contrast, 1, 1, 1)) + 0.5 + uniform(settings.brightness, 1, 1, 1)
    strength = torch.rand(n, 1, 1, 1, generator=generator).to(device, non_blocking=True) * settings.noise
    views = views + torch.randn(views.shape, generator=_beside(generator, device), device=device) * strength
    return _erase(views, settings.erase, generator)


def _beside(generator: torch.Generator, device: torch.device) -> torch.Generator:
    """The generator itself on its own device; elsewhere one that is seeded by it, for draws as large as the views."""
    if device.type == generator.device.type:
        return generator
    return torch.Generator(device).manual_seed(int(torch.randint(2**62, (), generator=generator)))


def _erase(views: Tensor, share: float, generator: torch.Generator) -> Tensor:
    n, _, height, width = views.shape
    centre = torch.rand(n, 2, generator=generator)
    half = 0.05 + 0.12 * torch.rand(n, 2, generator=generator)
    chosen = torch.rand(n, generator=generator) < share
    y = (torch.arange(height) + 0.5) / height
    x = (torch.arange(width) + 0.5) / width
    rows = (y[None] - centre[:, :1]).abs() < half[:, :1]  # (B, S)
    columns = (x[None] - centre[:, 1:]).abs() < half[:, 1:]  # (B, S)
    box = rows[:, :, None] & columns[:, None, :] & chosen[:, None, None]  # (B, S, S)
    return torch.where(box[:, None].to(views.device, non_blocking=True), views.mean((-3, -2, -1), keepdim=True), views)
