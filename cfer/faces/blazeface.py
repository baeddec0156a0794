"""BlazeFace "back" (256 x 256) as a plain PyTorch module.

Architecture and weights: MediaPipe (Apache-2.0); Bazarevsky et al., "BlazeFace", arXiv 1907.05047. See NOTICE.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 256


class _Block(nn.Module):
    """Depthwise and pointwise convolution beside a shortcut that is pooled and zero-padded where shapes change."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.grow = stride, outputs - inputs
        padding = 0 if stride == 2 else 1
        self.dw = nn.Conv2d(inputs, inputs, 3, stride, padding, groups=inputs, bias=False)
        self.pw = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y, shortcut = x, x
        if self.stride == 2:
            y, shortcut = F.pad(x, (0, 1, 0, 1)), F.max_pool2d(x, 2)  # TensorFlow's "same" on an even side
        if self.grow:
            shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self.grow))
        return self.pw(self.dw(y)).add_(shortcut).relu_()  # in place: memory takes as long here as arithmetic


class BlazeFaceBack(nn.Module):
    """The detector: 896 anchors, each with a score, a box and six key points."""

    def __init__(self) -> None:
        """Build with fresh weights."""
        super().__init__()
        plan = [(24, 24, 1)] * 7 + [(24, 24, 2)] + [(24, 24, 1)] * 7 + [(24, 48, 2)]
        plan += [(48, 48, 1)] * 7 + [(48, 96, 2)] + [(96, 96, 1)] * 7
        self.stem = nn.Conv2d(3, 24, 5, 2)
        self.blocks = nn.Sequential(*[_Block(*shape) for shape in plan])
        self.cls16, self.reg16 = nn.Conv2d(96, 2, 1), nn.Conv2d(96, 32, 1)
        self.down_dw, self.down_pw = nn.Conv2d(96, 96, 3, 2, groups=96, bias=False), nn.Conv2d(96, 96, 1)
        self.cls8, self.reg8 = nn.Conv2d(96, 6, 1), nn.Conv2d(96, 96, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Look at pictures.

        Args:
            x: (N, 3, 256, 256), RGB in [-1, 1]; or other sides that are multiples of 32.

        Returns:
            Score logits (N, A), and (N, A, 16), A = 896 for 256 pixels a side: box centre and size, then six points, in
            pixels of the input, all but the size relative to the anchor.
        """
        fine = self.blocks(F.relu(self.stem(F.pad(x, (1, 2, 1, 2)))))  # (N, 96, 16, 16)
        coarse = F.relu(self.down_pw(self.down_dw(F.pad(fine, (0, 1, 0, 1)))))  # (N, 96, 8, 8)

        def flat(t: Tensor, per_anchor: int) -> Tensor:
            return t.permute(0, 2, 3, 1).reshape(len(t), -1, per_anchor)

        scores = torch.cat([flat(self.cls16(fine), 1), flat(self.cls8(coarse), 1)], 1).squeeze(-1)
        return scores, torch.cat([flat(self.reg16(fine), 16), flat(self.reg8(coarse), 16)], 1)


@cache
def anchors(rows: int = SIDE // 32, columns: int = SIDE // 32) -> Tensor:
    """Anchor centres in pixels of the input: 2 a cell at stride 16, then 6 a cell at stride 32.

    Args:
        rows: Cells of the coarsest layer, 8 for 256 pixels.
        columns: Likewise.

    Returns:
        (A, 2) columns and rows; 896 for 256 x 256 pixels.
    """
    layers = ((16, 2, 2), (32, 6, 1))  # stride, anchors a cell, cells for one of the coarsest layer
    return torch.tensor(
        [
            ((x + 0.5) * stride, (y + 0.5) * stride)
            for stride, per_cell, finer in layers
            for y in range(rows * finer)
            for x in range(columns * finer)
            for _ in range(per_cell)
        ],
        dtype=torch.float32,
    )
