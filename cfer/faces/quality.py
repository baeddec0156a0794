"""Difficulties of reading a face: few pixels, a tilted or turned head, too little or too much light."""

from dataclasses import dataclass

import numpy as np

from cfer.faces.align import frame_of
from cfer.faces.detect import Face, detect_faces

ENOUGH_PX = 64
"""Width of a face, in pixels, from which on reading gains little (`docs/photographs.md`)."""
_NOSE = 0.7
"""By how much the tip of the nose moves off the middle of the eyes, in distances between them, for a head turned by a
right angle. On rendered heads turned by up to 40 degrees the angle is right to three degrees on average, and no more to
one side than to the other (`tests/faces/test_quality.py`)."""
_ROOM = 0.5
"""Room around a crop, in its sides, with which the detector looks at it: in faces that fill its view it sets the nose
up to 12 degrees off."""


@dataclass(frozen=True)
class Quality:
    """Quality of a face's photograph.

    Attributes:
        width: Of the face, in pixels of the picture as it was brought.
        tilted: Of the head in the picture's plane, degrees, at least: the detector's eyes lag behind on tilted heads.
            Positive clockwise as seen; None where no face was seen.
        turned: Of the head to a side, degrees, about; positive to the picture's right. None likewise.
        brightness: Mean of the crop, 0 to 255.
        contrast: Standard deviation of the crop, 0 to 255.
        seen: Whether the detector sees a face; it may not in what was said to be a crop.
    """

    width: float
    tilted: float | None
    turned: float | None
    brightness: float
    contrast: float
    seen: bool = True


def nose_offset(face: Face) -> float:
    """Distance of the nose from the middle of the eyes, to the picture's right, in distances between them."""
    right_eye, left_eye, nose = face.points[0], face.points[1], face.points[2]
    across = left_eye - right_eye
    distance = float(np.linalg.norm(across))
    return float((nose - (right_eye + left_eye) / 2) @ across) / distance**2 if distance else 0.0


def turned(crop: np.ndarray) -> float | None:
    """Turn of the head in a crop (S, S, 3) to a side, degrees, roughly; None where no face is seen.

    From how far the nose lies off the middle of the eyes, in the crop and in its mirror image: what the detector itself
    does to one side cancels out.
    """
    room = round(_ROOM * crop.shape[0])
    shown = np.pad(crop, ((room, room), (room, room), (0, 0)), mode="edge")
    found = [detect_faces(each) for each in (shown, np.ascontiguousarray(shown[:, ::-1]))]
    if not all(found):
        return None
    straight, mirrored = (nose_offset(faces[0]) for faces in found)
    return float(np.degrees(np.arcsin(np.clip((straight - mirrored) / 2 / _NOSE, -1, 1))))


def quality_of(crop: np.ndarray, face: Face | None, scale: float = 1.0) -> Quality:
    """Measure a crop (S, S, 3) uint8 and the face that was found in it or gave it.

    Args:
        crop: What is read.
        face: None where the detector sees no face.
        scale: Pixels of the picture as it was brought, a pixel of the picture that was searched.
    """
    grey = crop.astype(np.float32).mean(2)
    light = float(grey.mean()), float(grey.std())
    if face is None:
        return Quality(crop.shape[1] * scale, None, None, *light, seen=False)
    return Quality(face.width * scale, float(np.degrees(frame_of(face).roll)), turned(crop), *light)
