"""Cut a face out upright and square, framed as the training pictures are."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from cfer.faces.detect import NO_FACE, TOO_SMALL, Face, detect_faces
from cfer.pictures import PictureError

# Measured on FER+ training pictures with this project's detector (`benchmarks/photographs/framing.py`): a picture's
# side is 1.15 times the box's width, and the point midway between eyes and mouth lies 59 % of the way down.
SIDE_PER_BOX = 1.15
CENTRE_HEIGHT = 0.59

_LARGEST = 512  # pixels a side: more detail than any network here looks at


@dataclass(frozen=True)
class Frame:
    """The square that is cut out of a picture.

    Attributes:
        centre: (x, y) in the picture.
        side: Pixels of the picture.
        roll: By how much the square is turned with the head, radians.
    """

    centre: np.ndarray
    side: float
    roll: float

    def locate(self, points: np.ndarray) -> np.ndarray:
        """Points (P, 2) of the picture as columns and rows of the crop, from -1 to 1 over its sides."""
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        return (points - self.centre) @ np.array([[cos, -sin], [sin, cos]]) * (2 / self.side)


def frame_of(face: Face) -> Frame:
    """The square that frames a face as the training pictures are framed."""
    right_eye, left_eye, mouth = face.points[0], face.points[1], face.points[3]
    across = left_eye - right_eye
    roll = float(np.arctan2(across[1], across[0]))
    side = SIDE_PER_BOX * face.width
    middle = ((right_eye + left_eye) / 2 + mouth) / 2
    down = np.array([-np.sin(roll), np.cos(roll)])
    return Frame(middle - down * side * (CENTRE_HEIGHT - 0.5), side, roll)


def align(picture: np.ndarray, face: Face) -> np.ndarray:
    """Cut out a face with its eyes level.

    Args:
        picture: (H, W, 3) uint8, RGB: the picture that was searched.
        face: One of its faces.

    Returns:
        (S, S, 3) uint8, at most 512 pixels a side. What lies past the picture's edge repeats the edge.
    """
    frame = frame_of(face)
    centre, side, roll = frame.centre, frame.side, frame.roll

    # a patch with room for the turn, edges repeated, reduced first if it is large so that nothing aliases
    reach = int(np.ceil(side * 0.75)) + 2
    x0, y0 = int(centre[0]) - reach, int(centre[1]) - reach
    patch = Image.fromarray(_patch(picture, x0, y0, 2 * reach))
    out = max(8, min(_LARGEST, round(side)))
    shrink = out / side
    if shrink < 1:
        reduced = max(1, round(2 * reach * shrink))
        patch = patch.resize((reduced, reduced), Image.Resampling.LANCZOS)
        scale = patch.width / (2 * reach)
    else:
        scale = 1.0
    cx, cy = (centre[0] - x0) * scale, (centre[1] - y0) * scale
    step = side * scale / out  # patch pixels a result pixel
    cos, sin = np.cos(roll) * step, np.sin(roll) * step
    half = out / 2
    matrix = (cos, -sin, cx - cos * half + sin * half, sin, cos, cy - sin * half - cos * half)
    return np.asarray(patch.transform((out, out), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def _patch(picture: np.ndarray, x0: int, y0: int, side: int) -> np.ndarray:
    """A square (side, side, 3) of a picture; past its edges they are repeated."""
    height, width = picture.shape[:2]
    xs, ys = np.clip((x0, x0 + side), 0, width), np.clip((y0, y0 + side), 0, height)
    if xs[0] == xs[1] or ys[0] == ys[1]:  # all of it lies outside
        rows = np.clip(np.arange(y0, y0 + side), 0, height - 1)
        columns = np.clip(np.arange(x0, x0 + side), 0, width - 1)
        return picture[np.ix_(rows, columns)]
    inside = picture[ys[0] : ys[1], xs[0] : xs[1]]
    around = ((ys[0] - y0, y0 + side - ys[1]), (xs[0] - x0, x0 + side - xs[1]), (0, 0))
    return np.pad(inside, around, mode="edge") if np.any(around) else np.ascontiguousarray(inside)


def whole_square(picture: np.ndarray) -> np.ndarray:
    """A picture that is a face crop already, made square by repeating its edges; at most 512 pixels a side."""
    height, width = picture.shape[:2]
    short, long = sorted((height, width))
    if long > 4 * short:
        raise PictureError(
            "A face crop is about square; this picture is {width} x {height}.", width=width, height=height
        )
    before_y, before_x = (long - height) // 2, (long - width) // 2
    margins = ((before_y, long - height - before_y), (before_x, long - width - before_x), (0, 0))
    square = np.pad(picture, margins, mode="edge")
    if long > _LARGEST:
        square = np.asarray(Image.fromarray(square).resize((_LARGEST, _LARGEST), Image.Resampling.LANCZOS))
    return square


def face_crop(picture: np.ndarray, *, already_cropped: bool) -> np.ndarray:
    """The largest face of a picture as a square crop, or the whole picture where it is a crop already.

    Raises:
        PictureError: No face was found, or the largest is too small.
    """
    if already_cropped:
        return whole_square(picture)
    faces = detect_faces(picture)
    if not faces:
        raise PictureError(NO_FACE)
    if faces[0].tiny:
        raise PictureError(TOO_SMALL)
    return align(picture, faces[0])
