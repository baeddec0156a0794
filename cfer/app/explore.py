"""The Explore tab: a picture, its faces, what they express, and where the evidence lies."""

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from cfer.app.panels import map_panels
from cfer.app.relation_panel import relation_panel
from cfer.app.safety import KEEP_SECONDS, Sessions, complaint, guarded, plain_image
from cfer.draw import boxed, percent, probability_bars
from cfer.explain.regions import region_words
from cfer.explain.report import MapKind
from cfer.face_reading import READING_SCHEMA
from cfer.pictures import Decoded, PictureError, decode_picture
from cfer.places import EXAMPLES
from cfer.reader import FaceReading, Reader

_START = "Bring a picture: an upload, the webcam or the clipboard."
_NO_FACE = (
    "No face was found in this picture. Try one with a larger or more frontal face, or, if the picture is "
    "a face crop already, tick “This is a face crop”."
)
UNITS_SHOWN = 7
ONE_SCALE, OWN_SCALE = "One scale", "Own scales"
CHANGED, CONTRAST, AVERAGE, RIVALS = (
    "What differs from a neutral face",
    "The same, against the other two maps",
    "The whole face, against the average expression",
    "The whole face, against its rivals here",
)


@dataclass(frozen=True)
class ExploreState:
    """What a visitor is looking at: the faces of one picture, and which one is chosen."""

    faces: tuple[FaceReading, ...]
    chosen: int


def read_path(path: str | None) -> Decoded:
    """Open an upload; a missing one is answered in words."""
    if not path:
        raise PictureError("Bring a picture first.")
    return decode_picture(Path(path))


def sentence(reader: Reader, face: FaceReading) -> str:
    """The reading in one or two sentences."""
    ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])
    (top, p), (second, q) = ranked[:2]
    text = f"### {top} · {percent(p)}\n"
    if p < 0.5:
        text += f"Not sure: {second} has {percent(q)}. "
    compound = next((name for name, _ in ranked if len(reader.constituents(name)) == 2), None)
    if compound:
        parts = reader.constituents(compound)
        chances = " and ".join(f"{part} ({percent(face.probabilities[part])})" for part in parts)
        chance = face.probabilities[compound]
        words = "Likeliest compound" if chance >= 0.05 else "No compound is likely here; the nearest"
        text += f"{words}: **{compound}** ({percent(chance)}), made of {chances}. "
    if face.tiny:
        text += "This face is very small: read with care."
    return text


def unit_bars(face: FaceReading) -> go.Figure:
    """The action units that a face shows most, strongest first."""
    strongest = sorted(face.units, key=lambda unit: -unit.intensity)[:UNITS_SHOWN]
    return probability_bars({str(unit): unit.intensity for unit in strongest}, "Strongest action units", 2)


class Explore:
    """Handlers of the tab, over the visitors' readers."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def read(self, path: str | None, cropped: bool, scale: str, key: str, view: str = CHANGED) -> tuple[Any, ...]:
        """Read a picture and show its largest face; where that fails, say why and show no older result."""
        if not path:
            return self._nothing(_START)
        reader = self.sessions.reader(key)
        try:
            picture = read_path(path)
            faces = reader.read(picture, already_cropped=cropped).faces
        except PictureError as error:
            return self._nothing(str(error), warn=True)
        if not faces:
            return self._nothing(_NO_FACE, warn=True)
        return self._show(reader, ExploreState(faces, 0), picture, scale, view)

    def choose(
        self,
        path: str | None,
        shown: ExploreState | None,
        number: str | None,
        scale: str,
        key: str,
        view: str = CHANGED,
    ) -> tuple[Any, ...]:
        """Show another face of the same picture, by the visitor's reader as it is now."""
        if shown is None or not number:
            raise complaint("Bring a picture first.")
        reader, chosen = self.sessions.reader(key), min(int(number), len(shown.faces)) - 1
        face = reader.reread(shown.faces[chosen])
        faces = tuple(face if i == chosen else f for i, f in enumerate(shown.faces))
        return self._show(reader, ExploreState(faces, chosen), read_path(path), scale, view)

    @staticmethod
    def _nothing(message: str, *, warn: bool = False) -> tuple[Any, ...]:
        if warn:
            gr.Warning(html.escape(message), title="Please try another way")
        hidden = (gr.Image(visible=False), gr.Radio(visible=False), message, gr.Plot(visible=False))
        plots = gr.Plot(visible=False), gr.Plot(visible=False)
        return (None, *hidden, *plots, *(gr.Dropdown(visible=False) for _ in range(3)), "", "")

    def _show(self, reader: Reader, shown: ExploreState, picture: Decoded, scale: str, view: str) -> tuple[Any, ...]:
        face, faces = shown.faces[shown.chosen], shown.faces
        s = picture.scale  # boxes are in pixels of the picture as it was brought
        boxes = [(x0 / s, y0 / s, x1 / s, y1 / s) for x0, y0, x1, y1 in (f.box for f in faces)]
        picker = gr.Radio(
            choices=[str(i + 1) for i in range(len(faces))],
            value=str(shown.chosen + 1),
            visible=len(faces) > 1,
            label=f"{len(faces)} faces: which one?",
        )
        basics = {n: p for n, p in face.probabilities.items() if reader.is_basic(n)}
        others = {n: p for n, p in face.probabilities.items() if not reader.is_basic(n)}
        ordered = dict(sorted(others.items(), key=lambda item: -item[1]))
        trio = reader.trio(face)
        return (
            shown,
            gr.Image(boxed(picture.pixels, boxes, shown.chosen), visible=True),
            picker,
            sentence(reader, face),
            gr.Plot(probability_bars(basics, "Basic"), visible=True),
            gr.Plot(probability_bars(ordered, "Compound and taught", 1), visible=bool(ordered)),
            gr.Plot(unit_bars(face), visible=bool(face.units)),
            *(gr.Dropdown(choices=list(reader.names), value=name, visible=True) for name in trio),
            self._maps(reader, face, trio, scale, view),
            "",
        )

    @staticmethod
    def _maps(reader: Reader, face: FaceReading, names: list[str], scale: str, view: str) -> str:
        kind = MapKind.INTEGRATED_GRADIENTS if view in (CHANGED, CONTRAST) else MapKind.GRAD_CAM
        if view == RIVALS:
            raws = [face.maps.log_odds(name)[0] for name in names]
        else:
            maps = face.maps_by(kind, names)
            raws = list(maps.maps[0])
            if view == CONTRAST and len(set(names)) > 1:
                raws = [maps.contrast([name], [n for n in names if n != name])[0] for name in names]
        lines = []
        found = face.explanation_of(names[1], kind, raws[1]).regions
        if where := region_words(found) if found else "":
            lines.append(f"Evidence for {names[1]} is densest on {where}.")
        if kind not in reader.kinds:
            lines.append("This network cannot show what differs from a neutral face: these are whole faces.")
        said = "".join(f'<p class="cfer-tie">{html.escape(line)}</p>' for line in lines)
        return map_panels(face, names, raws, one_scale=scale == ONE_SCALE) + said

    def redraw(
        self,
        shown: ExploreState | None,
        left: str,
        middle: str,
        right: str,
        scale: str,
        key: str,
        view: str = CHANGED,
    ) -> str:
        """Maps of other classes, on another scale, or of another kind."""
        if shown is None:
            return ""
        names = [left, middle, right]
        reader, face = self._reread(shown, names, key)
        return self._maps(reader, face, names, scale, view)

    def relate(self, shown: ExploreState | None, middle: str, key: str) -> str:
        """What ties the class in the middle to the basics."""
        if shown is None or not middle:
            return ""
        return relation_panel(*self._reread(shown, [middle], key), middle)

    def _reread(self, shown: ExploreState, names: list[str], key: str) -> tuple[Reader, FaceReading]:
        """The visitor's reader and the face as it reads it, which may be a lesson later than what is shown."""
        reader = self.sessions.reader(key)
        if not set(names) <= set(reader.names):
            raise complaint("The model does not know one of these expressions any more. Read the picture again.")
        return reader, reader.reread(shown.faces[shown.chosen])

    def as_json(self, path: str | None, cropped: bool) -> dict[str, Any]:
        """The base model's reading as plain data; faces is empty where none was found."""
        faces = self.sessions.base.read(read_path(path), already_cropped=cropped).faces
        return {"schema_version": READING_SCHEMA, "faces": [face.to_dict() for face in faces]}


def _examples(picture: gr.Image) -> Any:
    # served from where they lie: copies in the upload folder would be swept away with old uploads
    pictures = sorted(EXAMPLES.glob("*.jpg"))
    if not pictures:
        return None
    gr.set_static_paths([EXAMPLES])
    label = "No picture at hand? Rendered faces of nobody"
    rows = [[str(path)] for path in pictures]
    return gr.Examples(
        rows, [picture], label=label, cache_examples=False, elem_id="explore-examples", api_visibility="private"
    )


def build_explore(sessions: Sessions, key: gr.State) -> None:
    """Lay the tab out and wire it."""
    explore = Explore(sessions)
    shown = gr.State(None, time_to_live=KEEP_SECONDS)
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            picture = plain_image(
                label="A picture with a face",
                sources=["upload", "webcam", "clipboard"],
                buttons=[],
                height=300,
                elem_id="explore-picture",
                alt_text="The picture that you brought",
            )
            cropped = gr.Checkbox(False, label="This is a face crop", info="Tick it to skip the search for faces.")
            examples = _examples(picture)
            found = gr.Image(
                label="Faces found", interactive=False, visible=False, buttons=[], alt_text="The picture, faces framed"
            )
            picker = gr.Radio([], label="Which face?", visible=False, elem_id="explore-picker")
        with gr.Column(scale=2, min_width=300):
            verdict = gr.Markdown(_START, elem_id="explore-verdict")
            with gr.Row():
                basic = gr.Plot(visible=False, show_label=False)
                compound = gr.Plot(visible=False, show_label=False)
                units = gr.Plot(visible=False, show_label=False, elem_id="explore-units")
            maps = gr.HTML(elem_id="explore-maps")
            tie = gr.HTML(elem_id="explore-tie")
            with gr.Row():
                left, middle, right = (
                    gr.Dropdown([], label=label, visible=False, min_width=150)
                    for label in ("Left map", "Middle map", "Right map")
                )
            with gr.Row():
                opacity = gr.Slider(0, 1, 0.6, step=0.05, label="Opacity of the maps", elem_id="explore-opacity")
                scale = gr.Radio([ONE_SCALE, OWN_SCALE], value=ONE_SCALE, label="Colours", min_width=200)
            view = gr.Radio([CHANGED, CONTRAST, AVERAGE, RIVALS], value=CHANGED, label="What the maps show")
            gr.Markdown(
                "Same face, same model: the maps show where its evidence *for* each expression lies. They are not "
                "causes, and two maps of a face always look somewhat alike."
            )
    results = [shown, found, picker, verdict, basic, compound, units, left, middle, right, maps, tie]
    reading = [picture, cropped, scale, key, view]
    busy: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
    hidden: dict[str, Any] = busy | {"api_visibility": "private"}
    relating: tuple[Any, ...] = (guarded(explore.relate), [shown, middle, key], tie)  # after the maps are shown
    for trigger in (picture.input, cropped.input):
        read = trigger(guarded(explore.read), reading, results, api_name="explore", **hidden)
        read.then(*relating, **hidden)
    if examples:
        read = examples.load_input_event.then(guarded(explore.read), reading, results, api_name="example", **hidden)
        read.then(*relating, **hidden)
    chosen = picker.input(guarded(explore.choose), [picture, shown, picker, scale, key, view], results, **hidden)
    chosen.then(*relating, **hidden)
    for trigger in (left.input, middle.input, right.input, scale.input, view.input):
        trigger(guarded(explore.redraw), [shown, left, middle, right, scale, key, view], maps, **hidden)
    middle.input(*relating, **hidden)
    opacity.input(
        None, opacity, js="v => document.documentElement.style.setProperty('--cfer-heat', v)", api_visibility="private"
    )

    answer = gr.JSON(visible=False)
    gr.Button(visible=False).click(
        guarded(explore.as_json),
        [picture, cropped],
        answer,
        api_name="read",
        api_description="Faces of a picture with the probability of every expression, as JSON.",
        **busy,
    )
