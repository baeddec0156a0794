"""The Explore tab: a picture, its faces, what they express, what that is made of, and where the evidence lies."""

import html
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.panels.details import densest_words, muscles, regions
from cfer.app.panels.map_kinds import choices, judged, raw_maps
from cfer.app.panels.maps import class_panels, panels, toolbar
from cfer.app.panels.method_grid import method_grid
from cfer.app.panels.relation import relation_panel
from cfer.app.panels.verdict import made_of, readings, verdict_panel
from cfer.app.server.safety import complaint
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.texts import Speech
from cfer.explain.methods import INTEGRATED_GRADIENTS
from cfer.pictures import Decoded, PictureError, decode_picture
from cfer.reading.draw import boxed
from cfer.reading.reader import FaceReading, Reader
from cfer.system.resources import EXAMPLES

OUTPUTS = (
    *("shown", "found", "picker", "verdict", "readings", "made"),
    *("left", "middle", "right", "maps", "depth", "tie", "files", "grid"),
)
"""What a reading fills, in order."""
_EMPTIED = ("readings", "made", "maps", "depth", "tie", "grid")


@dataclass(frozen=True)
class ExploreState:
    """State of Explore: the faces of one picture, and which one is chosen.

    Attributes:
        faces: All of the picture's.
        chosen: Place of the one that is shown.
        drawn: Classes of the three maps and their kind.
    """

    faces: tuple[FaceReading, ...]
    chosen: int
    drawn: tuple[str, ...] = ()

    @property
    def face(self) -> FaceReading:
        """The chosen one."""
        return self.faces[self.chosen]


def read_path(path: str | None, say: Speech) -> Decoded:
    """Open an upload; a missing one is answered in words."""
    if not path:
        raise PictureError(say("bring_first"))
    return decode_picture(Path(path))


def example_paths() -> list[Path]:
    """The rendered faces that come with the package, in their order."""
    return sorted(EXAMPLES.glob("*.jpg"))


def example_name(path: Path) -> str:
    """Expression that an example is rendered to show, from its file's name."""
    return path.stem.partition("-")[2].replace("-", " ")


class Explore:
    """Handlers of the tab, over the visitors' readers."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def read(
        self, path: str | None, cropped: bool, view: str, visitor: Visitor, middle: str = ""
    ) -> Iterator[dict[str, Any]]:
        """Read a picture and show its largest face, stage by stage; where that fails, say why and show nothing older.

        Yields what to show by the names in `OUTPUTS`: first the sentence, then the maps, then the relation.
        """
        say = visitor.speech
        if not path:
            yield self._nothing(say("start"))
            return
        reader = self.sessions.reader(visitor.key)
        try:
            picture = read_path(path, say)
            faces = reader.read(picture, already_cropped=cropped).faces
        except PictureError as error:
            yield self._nothing(say.refusal(error))
            return
        if not faces:
            yield self._nothing(say("no_face"))
            return
        yield from self._show(reader, ExploreState(faces, 0), picture, view, say, middle)

    def recrop(self, path: str | None, cropped: bool, view: str, visitor: Visitor) -> Iterator[dict[str, Any]]:
        """Read what was brought anew, as a face crop or not; an example stays as it is."""
        if path:
            yield from self.read(path, cropped, view, visitor)

    def example(self, number: int, view: str, visitor: Visitor, middle: str = "") -> Iterator[dict[str, Any]]:
        """Read one of the package's own pictures."""
        yield from self.read(str(example_paths()[number]), False, view, visitor, middle)

    def choose(
        self, path: str | None, shown: ExploreState | None, number: str | None, view: str, visitor: Visitor
    ) -> Iterator[dict[str, Any]]:
        """Show another face of the same picture, by the visitor's reader as it is now."""
        if shown is None or not number:
            raise complaint(visitor.speech("bring_first"))
        reader, chosen = self.sessions.reader(visitor.key), min(int(number), len(shown.faces)) - 1
        face = reader.reread(shown.faces[chosen])
        faces = tuple(face if i == chosen else f for i, f in enumerate(shown.faces))
        picture = read_path(path, visitor.speech)
        yield from self._show(reader, ExploreState(faces, chosen), picture, view, visitor.speech)

    def again(self, shown: ExploreState | None, view: str, visitor: Visitor) -> Iterator[dict[str, Any]]:
        """Read the same face by the visitor's reader as it is now: after a lesson, say."""
        reader = self.sessions.reader(visitor.key)
        if shown is None or shown.face.reader is reader:
            return
        faces = tuple(reader.reread(face) for face in shown.faces)
        yield from self._show(reader, ExploreState(faces, shown.chosen), None, view, visitor.speech)

    @staticmethod
    def _nothing(message: str) -> dict[str, Any]:
        said = f'<p class="cfer-complaint">{html.escape(message)}</p>'
        words = f'<section class="cfer-verdict" aria-live="polite">{said}</section>'
        hidden = dict.fromkeys(("left", "middle", "right"), gr.Dropdown(choices=[], value=None))
        images = {"found": gr.Image(value=None, visible=False), "picker": gr.Radio(visible=False)}
        return {"shown": None, "verdict": words, "files": _untaken()} | dict.fromkeys(_EMPTIED, "") | images | hidden

    def _show(
        self, reader: Reader, shown: ExploreState, picture: Decoded | None, view: str, say: Speech, middle: str = ""
    ) -> Iterator[dict[str, Any]]:
        face = shown.face
        names = reader.trio(face, middle if middle in reader.names else "")
        options = [(say.name(name), name) for name in reader.names]
        lists = dict(zip(("left", "middle", "right"), names, strict=True))
        first: dict[str, Any] = {
            "shown": replace(shown, drawn=(*names, view)),
            "verdict": verdict_panel(reader, face, say),
            "readings": readings(face, say),
            "made": made_of(face.composition(face.top), face, say),
            "tie": "",
            "grid": "",
            "files": _untaken(),
        }
        if picture is not None:
            first |= self._faces(shown, picture, say)
        yield first | {key: gr.Dropdown(choices=options, value=name) for key, name in lists.items()}
        yield from self._maps(reader, face, names, view, say)
        yield {"tie": relation_panel(reader, face, names[1], say)}

    @staticmethod
    def _faces(shown: ExploreState, picture: Decoded, say: Speech) -> dict[str, Any]:
        s, faces = picture.scale, shown.faces  # boxes are in pixels of the picture as it was brought
        boxes = [(x0 / s, y0 / s, x1 / s, y1 / s) for x0, y0, x1, y1 in (f.box for f in faces)]
        several = len(faces) > 1
        picker = gr.Radio(
            choices=[str(i + 1) for i in range(len(faces))],
            value=str(shown.chosen + 1),
            visible=several,
            label=say("faces_found", count=len(faces)),
        )
        framed = boxed(picture.pixels, boxes, shown.chosen) if several else None
        return {"found": gr.Image(framed, visible=several), "picker": picker}

    @staticmethod
    def _maps(reader: Reader, face: FaceReading, names: list[str], view: str, say: Speech) -> Iterator[dict[str, Any]]:
        """The maps, then what they are in depth."""
        raws = raw_maps(reader, face, names, view)
        lines = [densest_words(face.explanation_of(names[1], view, raws[1]).regions, names[1], say)]
        if INTEGRATED_GRADIENTS not in reader.methods:
            lines.append(say("no_change_maps"))
        said = "".join(f'<p class="cfer-tie">{html.escape(line)}</p>' for line in lines if line)
        words = [judged(view, face.answer.kind, say), say("how_to_read"), *([say("unit_key")] if face.units else [])]
        judgement = f'<p class="cfer-note">{html.escape(" ".join(words))}</p>'
        maps = panels(face.crop, class_panels(face, names, raws, say, reader.constituents(names[1])), say)
        yield {"maps": maps + said}
        depth = muscles(reader, face, names[1], say) + regions(face, names[1], raws[1], view, say)
        yield {"depth": depth + judgement}

    def redraw(
        self, shown: ExploreState | None, left: str, middle: str, right: str, view: str, visitor: Visitor
    ) -> Iterator[dict[str, Any]]:
        """Maps of other classes or of another kind, what they are in depth, and what ties a new class in the middle.

        Nothing where they are there already: Gradio's lists say that a choice was made when one only leaves them, and
        say so twice when one was (https://github.com/gradio-app/gradio/issues/6712).
        """
        names, asked = [left, middle, right], (left, middle, right, view)
        if shown is None or not all(names) or shown.drawn == asked:
            return
        reader, face = self.reread(shown, names, visitor)
        stages = self._maps(reader, face, names, view, visitor.speech)
        yield next(stages) | {"shown": replace(shown, drawn=asked), "files": _untaken(), "grid": ""}
        yield from stages
        if shown.drawn[1:2] != (middle,):
            yield {"tie": relation_panel(reader, face, middle, visitor.speech)}

    def grid(self, shown: ExploreState | None, left: str, middle: str, right: str, visitor: Visitor) -> str:
        """The shown classes by every method."""
        if shown is None or not middle:
            raise complaint(visitor.speech("bring_first"))
        names = [left, middle, right]
        reader, face = self.reread(shown, names, visitor)
        return method_grid(reader, face, names, visitor.speech)

    def reread(self, shown: ExploreState, names: list[str], visitor: Visitor) -> tuple[Reader, FaceReading]:
        """The visitor's reader and the face as it reads it, which may be a lesson later than what is shown."""
        reader = self.sessions.reader(visitor.key)
        if not set(names) <= set(reader.names):
            raise complaint(visitor.speech("forgotten_class"))
        return reader, reader.reread(shown.face)


def _untaken() -> gr.File:
    """Files to take are of what was shown when they were made: gone when something else is."""
    return gr.File(value=None, visible=False)


def greeting(reader: Reader, say: Speech) -> tuple[Any, Any]:
    """Contents shown from the start that depend on the language: saliency methods, and the drawing's controls."""
    kinds = choices(reader, say)
    return gr.Dropdown(choices=kinds, value=kinds[0][1]), toolbar(say)
