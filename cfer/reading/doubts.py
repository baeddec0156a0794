"""Doubts: reasons to read an answer with care, as keys and values. Their sentences are made where they are said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cfer.checkpoint.sureness import UNSURE
from cfer.faces.quality import ENOUGH_PX
from cfer.reading.answer import FAMILY

if TYPE_CHECKING:
    from cfer.reading.face import FaceReading

CLEAR = 0.6
"""Intensity from which on a muscle is said to speak against "neutral"."""
FILLED = 0.45
"""A picture of whose width a face takes less is no face crop; framed by the detector it takes .86 (`framing.json`)."""
TILTED, TURNED, DARK, BRIGHT, FLAT, STRANGE, SELDOM = 20, 30, 45, 215, 18, 0.99, 0.5


@dataclass(frozen=True)
class Doubt:
    """Reason to read an answer with care.

    Attributes:
        key: Of its sentence.
        values: Plain data for the sentence's places: shares of 0 to 1, counts, degrees, names of classes and units.
    """

    key: str
    values: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"key": self.key, **self.values}


def doubts_about(face: "FaceReading") -> list[Doubt]:
    """Reasons to read a face's answer with care."""
    found: list[Doubt] = []

    def doubt(key: str, **values: Any) -> None:
        found.append(Doubt(key, values))

    quality = face.quality
    if quality is not None:
        width = round(quality.width)
        if not quality.seen:
            doubt("doubt_no_face")
        elif (filled := quality.width / (face.box[2] - face.box[0])) < FILLED:
            doubt("doubt_cropped", share=filled)
        if face.tiny:
            doubt("doubt_tiny", pixels=width)
        elif width < ENOUGH_PX:
            doubt("doubt_small", pixels=width, enough=ENOUGH_PX)
        if abs(quality.tilted or 0) > TILTED:
            doubt("doubt_tilted", degrees=round(abs(quality.tilted or 0)))
        if abs(quality.turned or 0) > TURNED:
            doubt("doubt_turned", degrees=10 * round(abs(quality.turned or 0) / 10))
        if quality.brightness < DARK:
            doubt("doubt_dark", value=round(quality.brightness))
        elif quality.brightness > BRIGHT:
            doubt("doubt_bright", value=round(quality.brightness))
        elif quality.contrast < FLAT:
            doubt("doubt_flat")
    if (face.strangeness or 0.0) >= STRANGE:
        doubt("doubt_strange", share=face.strangeness)
    clear = sorted((u for u in face.units if u.intensity >= CLEAR), key=lambda u: -u.intensity)
    if face.top == "neutral" and clear:
        doubt("doubt_neutral_units", units=[u.number for u in clear])
    hits = face.reader.checkpoint.sureness.hits.get(face.answer.kind, {})
    count, share = hits.get(UNSURE, (0, 1.0))
    if face.answer.sureness == UNSURE and share < SELDOM:
        key = "doubt_unsure_family" if face.answer.basis == FAMILY else "doubt_unsure"
        doubt(key, kind=face.answer.kind, count=count, share=share)
    return found
