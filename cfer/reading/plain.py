"""Readings as plain data, for JSON and for other programs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfer.reading.doubts import doubts_about

if TYPE_CHECKING:
    from cfer.reading.face import FaceReading

READING_SCHEMA = 3
"""Version of `FaceReading.to_dict`: 2 since action units are in it, 3 since the answer and its doubts are."""


@dataclass(frozen=True)
class UnitReading:
    """Reading of one action unit: how strongly a face shows it.

    Attributes:
        number: FACS number.
        name: FACS name.
        intensity: 0 (not at all) to 1 (as strongly as can be).
    """

    number: int
    name: str
    intensity: float

    def __str__(self) -> str:
        """Name and number, as people write them: "brow lowerer, AU4"."""
        return f"{self.name}, AU{self.number}"


def plain_face(face: "FaceReading") -> dict[str, Any]:
    """Plain data of a face: box, the detector's score, the answer, doubts, probabilities and action units.

    With somebody's own neutral face as zero "own_neutral" says of how many pictures that was.
    """
    own = len(face.reader.neutral_faces)
    return {
        **({"own_neutral": own} if own else {}),
        "box": [round(v, 1) for v in face.box],
        "score": round(face.score, 4),
        "answer": face.answer.to_dict(),
        "doubts": [doubt.to_dict() for doubt in doubts_about(face)],
        "probabilities": {name: round(p, 6) for name, p in face.probabilities.items()},
        "action_units": {str(u.number): {"name": u.name, "intensity": round(u.intensity, 4)} for u in face.units},
    }
