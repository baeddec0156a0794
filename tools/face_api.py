"""The expression network of face-api, an independent reader of faces: trained by others on real photographs.

Weights come from the npm package @vladmandic/face-api (MIT), `npm pack @vladmandic/face-api`; the network is written
here after its TypeScript source. Nothing of it is in this project.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from scipy.special import softmax
from torch import Tensor

from tools.tfjs import read_tfjs

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
_MEAN = torch.tensor([122.782, 117.001, 104.298])[:, None, None]


def load_weights(package: Path) -> dict[str, Tensor]:
    """Read the weights out of the npm archive."""
    found = read_tfjs(package, "model/face_expression_model-weights_manifest.json")
    return {name: torch.from_numpy(values) for name, values in found.items()}


def _same(x: Tensor, stride: int) -> Tensor:
    return F.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))  # TensorFlow's "same" for even sizes


def _separable(x: Tensor, weights: dict[str, Tensor], name: str, stride: int) -> Tensor:
    depth = weights[name + "/depthwise_filter"].permute(2, 3, 0, 1)  # (C, 1, 3, 3)
    point = weights[name + "/pointwise_filter"].permute(3, 2, 0, 1)  # (D, C, 1, 1)
    x = F.conv2d(_same(x, stride), depth, stride=stride, groups=len(depth))
    return F.conv2d(x, point, weights[name + "/bias"])


def read_expressions(weights: dict[str, Tensor], crops: list[np.ndarray]) -> np.ndarray:
    """Probabilities (N, 7) of `LABELS` for square face crops, each (S, S, 3) uint8."""
    return softmax(expression_logits(weights, crops), 1)


@torch.inference_mode()
def expression_logits(weights: dict[str, Tensor], crops: list[np.ndarray]) -> np.ndarray:
    """Logits (N, 7) of `LABELS` for square face crops, each (S, S, 3) uint8."""
    pictures = [np.asarray(Image.fromarray(c).resize((112, 112), Image.Resampling.BILINEAR)) for c in crops]
    x = (torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() - _MEAN) / 255
    for block in range(4):
        name = f"dense{block}/conv"
        if block:
            first = _separable(x, weights, name + "0", 2)
        else:
            first = F.conv2d(
                _same(x, 2), weights[name + "0/filters"].permute(3, 2, 0, 1), weights[name + "0/bias"], stride=2
            )
        total = first = first.relu()
        second = _separable(first, weights, name + "1", 1)
        total = total + second
        third = _separable(total.relu(), weights, name + "2", 1)
        total = total + third
        x = (total + _separable(total.relu(), weights, name + "3", 1)).relu()
    pooled = F.avg_pool2d(x, 7, 2).flatten(1)
    return (pooled @ weights["fc/weights"] + weights["fc/bias"]).numpy()


def landmark_crop(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The crop that the package makes: the landmarks' box, a fifth larger, on a black square."""
    low, high = landmarks.min(0), landmarks.max(0)
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    x0, y0 = np.floor(low.clip(0)).astype(int)
    x1, y1 = np.ceil(high.clip(0, picture.shape[0])).astype(int)
    crop = picture[y0:y1, x0:x1]
    side = max(crop.shape[:2])
    square = np.zeros((side, side, 3), np.uint8)
    top, left = (side - crop.shape[0]) // 2, (side - crop.shape[1]) // 2
    square[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    return square
