"""Find the faces in a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load

from cfer.faces.blazeface import SIDE, BlazeFaceBack, anchors
from cfer.system.forks import mend_threads

MIN_SCORE = 0.7
"""Below this, cats and coffee cups begin to be called faces."""

TINY_PX = 24
"""A face whose box is narrower than this has too few pixels to be read."""

NO_FACE, TOO_SMALL = "No face was found.", "The face is too small."
"""What is said of a picture without a face that can be read."""

_OVERLAP = 0.3  # intersection over union above which two boxes are one face
_INSIDE = 0.6  # share of the smaller box that lies in the larger one, likewise
_STEP = 32  # a canvas has whole cells of the network's coarsest layer
_PLACES = 0.5  # anchors from here on help to place a box that a better one began
_HINT = 0.25  # anchors from here on are worth a closer look
_LARGE = 1024  # pixels a side from which on a picture is searched at two sizes
_MORE = 2.0  # the larger one, in first looks
_MARGIN = 2.0  # side of what is looked at again, in boxes
_CELL = 64  # pixels a side at which it is looked at again, at least
_MOST = 64  # how many are looked at again, at most


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
        """True if the face is too small to be read."""
        return self.width < TINY_PX


@cache
def _detector() -> BlazeFaceBack:
    with torch.random.fork_rng(devices=[]):  # fresh weights are drawn before they are replaced
        model = BlazeFaceBack().float().eval()
    model.load_state_dict(load(files("cfer.faces").joinpath("assets/blazeface_back.safetensors").read_bytes()))
    return model.requires_grad_(False).to(memory_format=torch.channels_last)


def detect_faces(picture: np.ndarray, *, min_score: float = MIN_SCORE) -> list[Face]:
    """Find all faces, the largest first.

    The network sees the picture reduced to 256 pixels, a large one at more and at fewer. Faces that are small
    there, or cut off by the picture's edge, only get a weak answer; they are cut out, set side by side at a good size
    and looked at again. So a large picture of many faces costs about four times what a portrait does.

    Args:
        picture: (H, W, 3) uint8, RGB.
        min_score: Least confidence of a face that is returned.
    """
    mend_threads()
    hint = min(_HINT, min_score)
    height, width = picture.shape[:2]
    if max(height, width) <= _LARGE:
        found = one_look(picture, hint)
    else:  # small faces at more pixels; large ones, which do not fit into the network's view there, at fewer
        whole = SIDE * (_MORE / (height * width)) ** 0.5 * width // _STEP * _STEP  # columns, in whole cells
        found = _search(picture, min(1.0, max(whole, SIDE) / width), hint)
        found += _search(picture, SIDE / max(height, width) / 2, hint)
    sure = _without_twins([f for f in found if f.score >= min_score])
    weak = _without_twins([f for f in found if f.score < min_score], sure)
    again = [f for f in _look_again(picture, weak[:_MOST], hint) if f.score >= min_score]
    every = _without_twins(again, sure) + sure
    if not every:  # perhaps one that fills the picture: shown with room around it
        every = _without_twins(_search(picture, SIDE / max(height, width) / 2, min_score))
    return sorted(every, key=lambda f: -f.width)


def one_look(picture: np.ndarray, least: float) -> list[Face]:
    """Faces that the network finds at once in the whole picture (H, W, 3), reduced to 256 pixels, in no fixed order."""
    return _search(picture, SIDE / max(picture.shape[:2]), least)


def _without_twins(found: list[Face], others: list[Face] | None = None) -> list[Face]:
    """Faces that overlap no better one and none of the others, best first."""
    kept: list[Face] = []
    for face in sorted(found, key=lambda f: -f.score):
        boxes = np.array([k.box for k in (*(others or ()), *kept)]).reshape(-1, 4)
        if not _same(np.array(face.box), boxes).any():
            kept.append(face)
    return kept


def _same(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """True if one box (4,) and others (M, 4) frame the same face: they overlap, or one lies mostly in the other."""
    shared, area, areas = _areas(box, boxes)
    union = shared / (areas + area - shared + 1e-9)
    return (union > _OVERLAP) | (shared / (np.minimum(area, areas) + 1e-9) > _INSIDE)


def _search(picture: np.ndarray, scale: float, least: float) -> list[Face]:
    """Faces of a picture that is reduced by a factor and padded to whole cells."""
    height, width = picture.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    whole = SIDE if SIDE / 2 < max(size) <= SIDE else _STEP  # the first look has the network's own size
    canvas_size = (-(-size[0] // whole) * whole, -(-size[1] // whole) * whole)
    left, top = (canvas_size[0] - size[0]) // 2, (canvas_size[1] - size[1]) // 2
    canvas = Image.new("RGB", canvas_size)
    skip = max(1, int(0.5 / scale))  # a large picture is thinned: two samples a pixel and side remain
    small = Image.fromarray(np.ascontiguousarray(picture[::skip, ::skip]))
    canvas.paste(small.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), (left, top))
    return [_placed(f, scale, (left, top), (0, 0)) for f in _run([canvas], least)[0]]


def _look_again(picture: np.ndarray, weak: list[Face], least: float) -> list[Face]:
    """Look at faces again that got a weak answer, all in one canvas, each large enough and with room around it."""
    if not weak:
        return []
    across = int(np.ceil(len(weak) ** 0.5))
    cell = max(_CELL, SIDE // across // _STEP * _STEP)
    down = -(-len(weak) // across)
    canvas, spots = Image.new("RGB", (max(SIDE, across * cell), max(SIDE, down * cell))), []
    for number, face in enumerate(weak):
        side = _MARGIN * max(face.width, face.box[3] - face.box[1])
        corner = np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2 - side / 2
        place = (number % across * cell, number // across * cell)
        canvas.paste(_cut(picture, corner, side, cell), place)
        spots.append((place, corner, cell / side))
    found: list[Face] = []
    for face in _run([canvas], least)[0]:
        middle = np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2
        for place, corner, scale in spots:
            if (np.abs(middle - np.array(place) - cell / 2) < cell / 4).all():
                found.append(_placed(face, scale, place, corner))
    return found


def _cut(picture: np.ndarray, corner: np.ndarray, side: float, cell: int) -> Image.Image:
    """A square of a picture at another size, black past the picture's edges."""
    height, width = picture.shape[:2]
    scale, out = cell / side, Image.new("RGB", (cell, cell))
    x0, y0 = (int(max(0, v)) for v in corner)
    x1, y1 = (int(min(limit, np.ceil(v + side))) for v, limit in zip(corner, (width, height), strict=True))
    if x1 <= x0 or y1 <= y0:
        return out
    skip = max(1, int(0.5 / scale))
    patch = Image.fromarray(np.ascontiguousarray(picture[y0:y1:skip, x0:x1:skip]))
    size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    out.paste(
        patch.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0),
        (round((x0 - corner[0]) * scale), round((y0 - corner[1]) * scale)),
    )
    return out


def _placed(
    face: Face, scale: float, origin: Sequence[float] | np.ndarray, corner: Sequence[float] | np.ndarray
) -> Face:
    """A face of a canvas in pixels of the picture: (p - origin) / scale + corner."""
    origin, corner = np.asarray(origin), np.asarray(corner)
    x0, y0, x1, y1 = map(float, ((np.array(face.box).reshape(2, 2) - origin) / scale + corner).ravel())
    return Face((x0, y0, x1, y1), face.score, (face.points - origin) / scale + corner)


@torch.inference_mode()
def _run(canvases: Sequence[Image.Image], least: float) -> list[list[Face]]:
    """Faces of canvases of one size, a multiple of 32 a side, in their pixels."""
    pixels = torch.from_numpy(np.stack([np.asarray(c) for c in canvases])).float() / 127.5 - 1  # (N, h, w, 3)
    x = pixels.permute(0, 3, 1, 2)  # channels last, as the network's weights are
    logits, raw = _detector()(x)
    centres = anchors(x.shape[2] // _STEP, x.shape[3] // _STEP)
    results = []
    for scores, values in zip(logits.clamp(-100, 100).sigmoid(), raw, strict=True):
        keep = scores > least
        numbers, scored = values[keep].reshape(-1, 8, 2), scores[keep].numpy()
        numbers[:, [0, 2, 3, 4, 5, 6, 7]] += centres[keep][:, None]
        centre, extent = numbers[:, 0], numbers[:, 1]
        boxes = torch.cat([centre - extent / 2, centre + extent / 2], 1).numpy()  # (M, 4)
        faces = list[Face]()
        merged = _weighted_suppression(boxes, scored, numbers[:, 2:].numpy())
        for box, score, points in merged:
            x0, y0, x1, y1 = map(float, box)
            faces.append(Face((x0, y0, x1, y1), score, points))
        results.append(faces)
    return results


def _areas(box: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Area that one box (4,) shares with others (M, 4), its own, and theirs."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    return np.clip(high - low, 0, None).prod(1), (box[2:] - box[:2]).prod(), (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _weighted_suppression(
    boxes: np.ndarray, scores: np.ndarray, points: np.ndarray
) -> list[tuple[np.ndarray, float, np.ndarray]]:
    """Merge overlapping anchors into their score-weighted mean, best first (as MediaPipe does)."""
    order, merged = scores.argsort()[::-1], []
    while len(order):
        shared, area, areas = _areas(boxes[order[0]], boxes[order])
        overlap = shared / (areas + area - shared + 1e-9)
        overlap[0] = 1.0
        group = order[overlap > _OVERLAP]
        group = group[scores[group] >= min(_PLACES, scores[order[0]])]
        weights = scores[group] / scores[group].sum()
        box = (boxes[group] * weights[:, None]).sum(0)
        merged.append((box, float(scores[order[0]]), (points[group] * weights[:, None, None]).sum(0)))
        order = order[overlap <= _OVERLAP]
    return merged
