"""Ground truth of a rendered picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Region(IntEnum):
    """What a pixel of the part map shows."""

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
    """What is known about a rendered picture of S x S pixels.

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
