"""Named endpoints for programs: the same objects as the command line gives, as JSON. All other events stay private."""

from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.safety import guarded, plain_image
from cfer.app.visitors import Sessions
from cfer.face_reading import READING_SCHEMA, FaceReading
from cfer.pictures import PictureError, decode_picture


class Answers:
    """What programs may ask of the model as it is for everybody."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the base reader."""
        self.reader = sessions.base

    def _versioned(self, **content: Any) -> dict[str, Any]:
        return {"schema_version": READING_SCHEMA, "model_sha256": self.reader.digest} | content

    def _face(self, path: str | None, cropped: bool, name: str) -> tuple[FaceReading, str]:
        face = self.reader.face(Path(_given(path)), already_cropped=cropped)
        wanted = name.strip().lower() or face.top
        if wanted not in self.reader.names:
            raise PictureError(f"There is no expression {wanted!r} here; there are {', '.join(self.reader.names)}.")
        return face, wanted

    def read(self, path: str | None, cropped: bool = False) -> dict[str, Any]:
        """Faces of a picture, the largest first, with the probability of every expression and every action unit.

        Args:
            path: A picture file.
            cropped: Whether the picture is a face crop already, which skips the search for faces.
        """
        faces = self.reader.read(decode_picture(Path(_given(path))), already_cropped=cropped).faces
        return self._versioned(faces=[face.to_dict() for face in faces])

    def explain(self, path: str | None, name: str = "", cropped: bool = False) -> dict[str, Any]:
        """Where in the largest face the evidence for an expression lies, and what it is made of.

        Args:
            path: A picture file.
            name: An expression; empty for the likeliest one.
            cropped: Whether the picture is a face crop already.
        """
        face, wanted = self._face(path, cropped, name)
        found = face.explain(wanted)
        made = face.composition(wanted)
        return self._versioned(
            expression=wanted,
            explanation=found.to_dict(),
            map=[[round(v, 5) for v in row] for row in found.raw.tolist()],
            composition=made.to_dict() if made else None,
        )

    def relation(self, path: str | None, name: str, cropped: bool = False) -> dict[str, Any]:
        """What ties a compound to its two basic expressions on the largest face, with what chance gives.

        Args:
            path: A picture file.
            name: A compound expression.
            cropped: Whether the picture is a face crop already.
        """
        face, wanted = self._face(path, cropped, name)
        if not self.reader.relatable(wanted):
            raise PictureError(f"{wanted} is not made of two basic expressions.")
        return self._versioned(expression=wanted, relation=face.relation(wanted).to_dict())


def _given(path: str | None) -> str:
    if not path:
        raise PictureError("Bring a picture first.")
    return path


def build_api(sessions: Sessions) -> None:
    """Add the endpoints, without anything to be seen."""
    answers = Answers(sessions)
    with gr.Column(visible=False):
        picture = plain_image(label="picture")
        name = gr.Textbox(label="expression")
        cropped = gr.Checkbox(False, label="face crop")
        answer = gr.JSON()
        go = gr.Button()
    busy: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
    for handler, given in (
        (answers.read, [picture, cropped]),
        (answers.explain, [picture, name, cropped]),
        (answers.relation, [picture, name, cropped]),
    ):
        said = (handler.__doc__ or "").split("\n")[0]
        go.click(guarded(handler), given, answer, api_name=handler.__name__, api_description=said, **busy)
