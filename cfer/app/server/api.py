"""Named endpoints for programs: the same objects as the command line gives, as JSON. All other events stay private.

Nothing is kept between two calls: what is taught comes back as a file of lessons, which the other calls take.
"""

from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.server.safety import guarded, handed_out, optional, plain_image
from cfer.app.server.visitors import MOST_LESSONS, Sessions
from cfer.explain.relation import SIX
from cfer.hub import Found
from cfer.lessons.lesson_file import pack_lessons, unpack_lessons
from cfer.lessons.names import LessonError, same_name
from cfer.lessons.record import DEFAULT_EAGER, EAGER
from cfer.pictures import PictureError, decode_picture
from cfer.reading.face import FaceReading
from cfer.reading.plain import READING_SCHEMA
from cfer.reading.reader import Reader


class Answers:
    """Questions that programs may ask of the model as it is for everybody, or with lessons that they bring."""

    def __init__(self, sessions: Sessions, found: Found | None = None) -> None:
        """Keep the base reader, and where its checkpoint came from."""
        self.reader = sessions.base
        self.source = {"checkpoint": found.source if found else None, "revision": found.revision if found else None}

    def _reader(self, lessons: str | None) -> Reader:
        if not lessons:
            return self.reader
        return self.reader.with_lessons(unpack_lessons(self.reader.base, Path(lessons).read_bytes()))

    def _versioned(self, reader: Reader, **content: Any) -> dict[str, Any]:
        return {"schema_version": READING_SCHEMA, "model_sha256": reader.digest} | self.source | content

    @staticmethod
    def _face(reader: Reader, picture: str | None, cropped: bool | None, name: str | None) -> tuple[FaceReading, str]:
        face = reader.face(Path(_given(picture)), already_cropped=_yes(cropped))
        asked = (name or "").strip()
        wanted = same_name(asked, reader.names) if asked else face.top
        if wanted is None:
            raise PictureError(f"There is no expression {asked!r} here; there are {', '.join(reader.names)}.")
        return face, wanted

    def read(self, picture: str | None, cropped: bool | None = False, lessons: str | None = None) -> dict[str, Any]:
        """Faces of a picture, the largest first, with the probability of every expression and every action unit.

        Args:
            picture: A picture file.
            cropped: Whether the picture is a face crop already, which skips the search for faces.
            lessons: A file of lessons that /teach gave, if any.
        """
        reader = self._reader(lessons)
        faces = reader.read(decode_picture(Path(_given(picture))), already_cropped=_yes(cropped)).faces
        return self._versioned(reader, faces=[face.to_dict() for face in faces])

    def explain(
        self,
        picture: str | None,
        name: str | None = "",
        cropped: bool | None = False,
        lessons: str | None = None,
    ) -> dict[str, Any]:
        """Explain where in the largest face the evidence for an expression lies, and what it is made of.

        Args:
            picture: A picture file.
            name: An expression; empty for the likeliest one.
            cropped: Whether the picture is a face crop already.
            lessons: A file of lessons that /teach gave, if any.
        """
        reader = self._reader(lessons)
        face, wanted = self._face(reader, picture, cropped, name)
        found = face.explain(wanted)
        made = face.composition(wanted)
        return self._versioned(
            reader,
            expression=wanted,
            face=_which(face),
            explanation=found.to_dict(),
            map=[[round(v, 5) for v in row] for row in found.raw.tolist()],
            composition=made.to_dict() if made else None,
        )

    def relation(self, picture: str | None, name: str | None, cropped: bool | None = False) -> dict[str, Any]:
        """Measure what ties a compound to its two basic expressions on the largest face, with what chance gives.

        Args:
            picture: A picture file.
            name: A compound expression.
            cropped: Whether the picture is a face crop already.
        """
        face, wanted = self._face(self.reader, picture, cropped, name)
        if not self.reader.relatable(wanted):
            raise PictureError(f"{wanted} is not made of two basic expressions.")
        related = face.relation(wanted).to_dict()
        return self._versioned(self.reader, expression=wanted, face=_which(face), relation=related)

    def teach(
        self,
        picture: str | None,
        name: str | None,
        constituents: list[str] | None = None,
        eager: str | None = DEFAULT_EAGER,
        cropped: bool | None = False,
        lessons: str | None = None,
    ) -> tuple[dict[str, Any], str]:
        """Teach a new expression from one picture of yours: what that costs the known ones, and a file of lessons.

        Args:
            picture: A picture file of yourself, or of somebody who agreed.
            name: What to call the expression.
            constituents: The basic expressions that it blends, if they are known; none or two.
            eager: How hard the new expression pulls: careful, balanced or eager.
            cropped: Whether the picture is a face crop already.
            lessons: A file of earlier lessons to add this one to, if any.
        """
        reader = self._reader(lessons)
        if len(reader.lessons) >= MOST_LESSONS:
            raise LessonError(f"{MOST_LESSONS} lessons at most.")
        face = reader.face(Path(_given(picture)), already_cropped=_yes(cropped))
        taught, effect = reader.teach(
            name or "",
            [face],
            constituents=tuple(constituents or ()),
            eager=eager or DEFAULT_EAGER,
            keep_crops=False,
        )
        said = self._versioned(taught, effect=effect.to_dict())
        return said, handed_out("lessons.safetensors", pack_lessons(taught.base, taught.lessons))


def _which(face: FaceReading) -> dict[str, Any]:
    """Face of a picture that an answer is about: the largest of so many."""
    return {"box": [round(v, 1) for v in face.box], "among": face.among}


def _yes(value: object) -> bool:
    """Truth of a yes or no, in whatever way it was sent.

    Raises:
        PictureError: It says neither.
    """
    said = str(value).strip().lower()
    if said in {"true", "yes", "1", "on"}:
        return True
    if said in {"false", "no", "0", "off", "none", "null", ""}:
        return False
    raise PictureError("Whether the picture is a face crop is said by true or false.")


def _given(path: str | None) -> str:
    if not path:
        raise PictureError("Bring a picture first.")
    return path


def build_api(sessions: Sessions, found: Found) -> None:
    """Add the endpoints, without anything to be seen; `found` says where the checkpoint came from."""
    answers = Answers(sessions, found)
    with gr.Column(visible=False):
        picture = plain_image(label="picture")
        name = gr.Textbox(label="expression")
        cropped = gr.Checkbox(False, label="face crop")
        lessons = gr.File(label="lessons", type="filepath", file_types=[".safetensors"])
        constituents = optional(gr.CheckboxGroup(list(SIX), label="constituents"))
        eager = gr.Dropdown(list(EAGER), value=DEFAULT_EAGER, label="eager")
        answer, file = gr.JSON(label="answer"), gr.File(label="file of lessons")
        go = gr.Button()
    busy: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
    for handler, given, shown in (
        (answers.read, [picture, cropped, lessons], answer),
        (answers.explain, [picture, name, cropped, lessons], answer),
        (answers.relation, [picture, name, cropped], answer),
        (answers.teach, [picture, name, constituents, eager, cropped, lessons], [answer, file]),
    ):
        said = (handler.__doc__ or "").split("\n")[0]
        go.click(
            guarded(handler, for_page=False), given, shown, api_name=handler.__name__, api_description=said, **busy
        )
