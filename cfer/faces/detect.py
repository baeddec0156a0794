"""Find the faces in a picture."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load

from cfer.faces.blazeface import SIDE, BlazeFaceBack, anchors

MIN_SCORE = 0.7
"""Below this, cats and coffee cups begin to be called faces."""

TINY_PX = 24
"""A face whose box is narrower than this has too few pixels to be read."""

_OVERLAP = 0.3


@dataclass(frozen=True)
class Face:
    """One face, in pixels of the picture that was searched.

    Attributes:
        box: x0, y0, x1, y1; may reach past the picture's edge.
        score: Detector's confidence, 0 to 1.
        points: (6, 2): right eye, left eye, nose tip, mouth centre, right ear, left ear (the person's own sides).
    """

    box: tuple[float, float, float, float]
    score: float
    points: np.ndarray

    @property
    def width(self) -> float:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def tiny(self) -> bool:
        """Whether the face is too small to be read."""
        return self.width < TINY_PX


@cache
def _detector() -> tuple[BlazeFaceBack, torch.Tensor]:
    with torch.random.fork_rng(devices=[]):  # fresh weights are drawn before they are replaced
        model = BlazeFaceBack().eval()
    model.load_state_dict(load(files("cfer.faces").joinpath("assets/blazeface_back.safetensors").read_bytes()))
    return model.requires_grad_(False), anchors()


def detect_faces(picture: np.ndarray, *, min_score: float = MIN_SCORE) -> list[Face]:
    """Find all faces, the largest first.

    The picture is reduced to 256 pixels before the network sees it, so a large one costs little more than a small one;
    where that finds nothing in an elongated picture, overlapping squares of it are searched.

    Args:
        picture: (H, W, 3) uint8, RGB.
        min_score: Least confidence of a face that is returned.
    """
    found = _search(picture, min_score)
    height, width = picture.shape[:2]
    if not found and max(height, width) > 1.5 * min(height, width):
        side = min(height, width)
        for start in np.unique(np.linspace(0, max(height, width) - side, 4).astype(int)):
            x, y = (int(start), 0) if width > height else (0, int(start))
            found += [_moved(f, x, y) for f in _search(picture[y : y + side, x : x + side], min_score)]
        found = _without_twins(found)
    return sorted(found, key=lambda f: -f.width)


def _moved(face: Face, x: int, y: int) -> Face:
    x0, y0, x1, y1 = face.box
    return Face((x0 + x, y0 + y, x1 + x, y1 + y), face.score, face.points + np.array([x, y]))


def _without_twins(found: list[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(found, key=lambda f: -f.score):
        boxes = np.array([k.box for k in kept]).reshape(-1, 4)
        if not (_overlaps(np.array(face.box), boxes) > _OVERLAP).any():
            kept.append(face)
    return kept


@torch.inference_mode()
def _search(picture: np.ndarray, min_score: float) -> list[Face]:
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    canvas = Image.new("RGB", (SIDE, SIDE))
    skip = max(1, max(height, width) // (2 * SIDE))  # a large picture is thinned: two samples a pixel and side remain
    small = Image.fromarray(np.ascontiguousarray(picture[::skip, ::skip]))
    canvas.paste(small.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), (left, top))
    pixels = torch.from_numpy(np.asarray(canvas).transpose(2, 0, 1).copy()).float() / 127.5 - 1  # (3, 256, 256)
    model, centres = _detector()
    logits, raw = model(pixels[None])
    scores = logits[0].clamp(-100, 100).sigmoid()
    keep = scores > min(min_score, 0.5)  # weaker anchors still help to place a box
    values, scored = raw[0, keep].reshape(-1, 8, 2), scores[keep].numpy()
    values[:, [0, 2, 3, 4, 5, 6, 7]] += centres[keep][:, None]
    centre, extent = values[:, 0], values[:, 1]
    boxes = torch.cat([centre - extent / 2, centre + extent / 2], 1).numpy()  # (M, 4)
    offset = np.array([left, top])
    faces = []
    for box, score, points in _weighted_suppression(boxes, scored, values[:, 2:].numpy()):
        if score >= min_score:
            corners = (box.reshape(2, 2) - offset) / scale
            x0, y0, x1, y1 = map(float, corners.ravel())
            faces.append(Face((x0, y0, x1, y1), float(score), (points - offset) / scale))
    return faces


def _overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (4,) with others (M, 4)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return shared / (areas + (box[2:] - box[:2]).prod() - shared + 1e-9)


def _weighted_suppression(
    boxes: np.ndarray, scores: np.ndarray, points: np.ndarray
) -> list[tuple[np.ndarray, float, np.ndarray]]:
    """Merge overlapping anchors into their score-weighted mean, best first (as MediaPipe does)."""
    order, merged = scores.argsort()[::-1], []
    while len(order):
        overlap = _overlaps(boxes[order[0]], boxes[order])
        overlap[0] = 1.0
        group = order[overlap > _OVERLAP]
        weights = scores[group] / scores[group].sum()
        box = (boxes[group] * weights[:, None]).sum(0)
        merged.append((box, float(scores[order[0]]), (points[group] * weights[:, None, None]).sum(0)))
        order = order[overlap <= _OVERLAP]
    return merged
