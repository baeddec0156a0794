"""The faces of a picture, each as the networks are shown it."""

from dataclasses import dataclass

import numpy as np

from cfer.faces.align import align, frame_of, whole_square
from cfer.faces.detect import Face, detect_faces
from cfer.faces.quality import Quality, quality_of
from cfer.pictures import Decoded


@dataclass(frozen=True)
class FaceCrop:
    """A face, cut out.

    Attributes:
        crop: (S, S, 3) uint8, upright and square.
        box: x0, y0, x1, y1 in pixels of the picture as it was brought.
        score: The detector's confidence, 0 to 1; 1 for a picture that was said to be a crop.
        tiny: Whether the face has too few pixels to be read well.
        seen: Where it was found; None for a picture that was said to be a crop.
        scale: Pixels of the picture as it was brought, a pixel of the one that was searched or of the crop.
    """

    crop: np.ndarray
    box: tuple[float, float, float, float]
    score: float
    tiny: bool
    seen: Face | None
    scale: float

    def quality(self) -> Quality:
        """Quality of the photograph; in a picture that was said to be a crop the face is looked for first."""
        if self.seen is not None:
            return quality_of(self.crop, self.seen, self.scale)
        return quality_of(self.crop, next(iter(detect_faces(self.crop)), None), self.scale)


def face_crops(picture: Decoded, *, already_cropped: bool = False) -> list[FaceCrop]:
    """Cut out all faces of a picture, the largest first.

    Args:
        picture: What was opened.
        already_cropped: Take the whole picture for one face.

    Raises:
        PictureError: With `already_cropped`, the picture is far from square.
    """
    picture = _as_it_was_meant(picture)
    pixels, scale = picture.pixels, picture.scale
    if already_cropped:
        height, width = pixels.shape[:2]
        crop = whole_square(pixels)
        a_pixel = scale * max(height, width) / crop.shape[0]
        return [FaceCrop(crop, (0.0, 0.0, width * scale, height * scale), 1.0, False, None, a_pixel)]
    found = []
    for face in detect_faces(pixels):
        x0, y0, x1, y1 = (v * scale for v in face.box)
        found.append(FaceCrop(align(pixels, face), (x0, y0, x1, y1), face.score, face.tiny, face, scale))
    return found


_SURER = 0.1
"""By how much a picture must look more upright where it is left unturned, for its tag to be passed over."""


def _as_it_was_meant(picture: Decoded) -> Decoded:
    """A picture whose tag asks for a turn that may have been made by hand, the way in which its faces stand upright."""
    if picture.unturned is None:
        return picture
    stays = uprightness(picture.unturned) > uprightness(picture.pixels) + _SURER
    return Decoded(picture.unturned if stays else picture.pixels, picture.scale)


def uprightness(picture: np.ndarray) -> float:
    """Uprightness of the surest face of a picture (H, W, 3), 0 to 1; 0 where there is none.

    The detector's confidence times (1 + cos roll) / 2, in the picture with room around it: of faces that fill its view
    the detector cannot tell which way is up.
    """
    room = max(picture.shape[:2]) // 2
    shown = np.pad(picture, ((room, room), (room, room), (0, 0)), constant_values=128)
    return max((f.score * (1 + np.cos(frame_of(f).roll)) / 2 for f in detect_faces(shown)), default=0.0)
