"""Ground truth of a rendered picture."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cfer.pictures import PictureError
from cfer.synth.filters import enlarge, shrink


class Region(IntEnum):
    """Region that a pixel of the part map shows."""

    BACKGROUND = 0
    SKIN = 1
    LIPS = 2
    BROWS = 3
    EYES = 4
    TEETH = 5
    MOUTH = 6
    HAIR = 7


@dataclass(frozen=True)
class Truth:
    """Ground truth of a rendered picture of S x S pixels.

    Attributes:
        expression: Name in the vocabulary.
        units: Intensity in 0..1 of each action unit that was performed.
        landmarks: (68, 2) float32 columns and rows in pixels (iBUG 300-W), also of those that are hidden.
        visible: (68,) bool, whether each landmark is seen by the camera; hair is not taken into account.
        regions: (S, S) uint8 `Region` of each pixel.
        displacement: For each unit (S, S) float32: how far it moved the point of the face that the pixel shows, in mm;
            0 off the face. The distance, in space, between the point's place in the picture and its place if this unit
            alone were relaxed.
        pose: Yaw, pitch and roll of the head in radians.
        gaze: Direction of the eyes relative to the head, radians to the left and down.
    """

    expression: str
    units: Mapping[int, float]
    landmarks: np.ndarray
    visible: np.ndarray
    regions: np.ndarray
    displacement: Mapping[int, np.ndarray]
    pose: tuple[float, float, float]
    gaze: tuple[float, float]


_COARSE = 2  # displacement is kept at half the picture's resolution: it is smooth but for the edges of lids and lips


def encode_truth(truth: Truth) -> bytes:
    """Code a truth as one PNG: the part map, under it the displacement maps, and everything else as JSON in its header.

    Displacement is kept in 255 steps of its maximum at half the resolution, landmarks to 0.01 pixel.
    """
    size = len(truth.regions)
    tile = size // _COARSE
    strips = [truth.regions]
    scales = {}
    for first in range(0, len(truth.displacement), _COARSE):
        strip = np.zeros((tile, size), np.uint8)
        for place, unit in enumerate(list(truth.displacement)[first : first + _COARSE]):
            coarse = shrink(truth.displacement[unit], _COARSE)
            scales[unit] = round(float(coarse.max()), 4)
            strip[:, place * tile : (place + 1) * tile] = np.round(coarse * (255 / max(scales[unit], 1e-4)))
        strips.append(strip)
    facts = {
        "expression": truth.expression,
        "units": {str(unit): round(q, 4) for unit, q in truth.units.items()},
        "displacement_max_mm": {str(unit): scale for unit, scale in scales.items()},
        "landmarks": [[round(float(x), 2), round(float(y), 2)] for x, y in truth.landmarks],
        "visible": [int(v) for v in truth.visible],
        "pose": [round(angle, 4) for angle in truth.pose],
        "gaze": [round(angle, 4) for angle in truth.gaze],
    }
    header = PngInfo()
    header.add_text("cfer-truth", json.dumps(facts, separators=(",", ":")), zip=True)
    coded = io.BytesIO()
    Image.fromarray(np.concatenate(strips)).save(coded, "PNG", pnginfo=header, optimize=True)
    return coded.getvalue()


def read_truth(source: Path | bytes) -> Truth:
    """Read what `encode_truth` made; displacement is brought back to the picture's resolution.

    Raises:
        PictureError: The file is missing, or is no truth.
    """
    name = source.name if isinstance(source, Path) else "This"
    try:
        with Image.open(source if isinstance(source, Path) else io.BytesIO(source), formats=["PNG"]) as image:
            image.load()
            facts = json.loads(getattr(image, "text", {})["cfer-truth"])
            pixels = np.asarray(image)
    except (OSError, KeyError, ValueError) as error:
        raise PictureError(f"{name} holds no ground truth of a rendered face.") from error
    size = pixels.shape[1]
    tile = size // _COARSE
    displacement = {}
    for place, (unit, scale) in enumerate(facts["displacement_max_mm"].items()):
        row, column = size + place // _COARSE * tile, place % _COARSE * tile
        coarse = pixels[row : row + tile, column : column + tile].astype(np.float32) * (scale / 255)
        displacement[int(unit)] = enlarge(coarse, _COARSE)
    return Truth(
        expression=facts["expression"],
        units={int(unit): q for unit, q in facts["units"].items()},
        landmarks=np.array(facts["landmarks"], np.float32),
        visible=np.array(facts["visible"], bool),
        regions=pixels[:size].copy(),
        displacement=displacement,
        pose=tuple(facts["pose"]),
        gaze=tuple(facts["gaze"]),
    )
