"""The Teach tab: a new expression from one to five pictures, and what it cost the old ones."""

from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from cfer.app.panels import map_panels, thumbnails
from cfer.app.safety import Sessions, complaint, consent_box, guarded, picture_files
from cfer.explain.report import MapKind
from cfer.lessons.effect import Effect
from cfer.pictures import PictureError
from cfer.reader import FaceReading, Reader

MAX_PICTURES = 5
MAX_LESSONS = 8
_START = "Nothing taught yet. What you teach stays with you and is forgotten when you leave."


def lesson_table(effect: Effect) -> pd.DataFrame:
    """Before and after, a row a class, in whole percents."""
    rows = [
        (name, f"{100 * b:.0f} %", f"{100 * a:.0f} %", f"{100 * lost:.0f} %")
        for name, b, a, lost in zip(effect.old, effect.before, effect.after, effect.lost, strict=True)
    ]
    mean = ("all old, mean", f"{100 * effect.old_before:.1f} %", f"{100 * effect.old_after:.1f} %", "")
    new = "not measured" if effect.new_recall is None else f"{100 * effect.new_recall:.0f} %"
    return pd.DataFrame(
        [*rows, mean, (f"{effect.name} (new)", "", new, "")],
        columns=["expression", "recognised before", "recognised after", f"now called “{effect.name}”"],
    )


def lesson_words(effect: Effect) -> str:
    """What the lesson did, in sentences."""
    change = 100 * (effect.old_after - effect.old_before)
    moved = f"{100 * effect.old_before:.1f} % to {100 * effect.old_after:.1f} % ({change:+.1f})"
    cost = f"The old expressions went from {moved}."
    if effect.new_recall is None:
        new = (
            "From one picture the new one cannot be measured: add a second picture, and each is tested without itself."
        )
    else:
        new = (
            f"Of {effect.new_measured} pictures, each tested by a lesson from the others, "
            f"{100 * effect.new_recall:.0f} % were recognised among all classes "
            f"(harmonic mean with the old ones: {100 * (effect.harmonic or 0):.0f} %)."
        )
    worst = max(zip(effect.lost, effect.old, strict=True))
    hurt = f" Most mistaken for it now: {worst[1]} ({100 * worst[0]:.0f} %)." if worst[0] > 0 else ""
    near = ", ".join(name for name, _ in effect.nearest[:3])
    notes = "".join(f" {note}" for note in effect.notes)
    return f"### Learned: {effect.name}\n{cost}{hurt} {new}{notes}\n\nNearest known expressions: {near}."


class Teach:
    """Handlers of the tab."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def teach(
        self, name: str, files: list[str] | None, constituents: list[str] | None, cropped: bool, consent: bool, key: str
    ) -> tuple[Any, ...]:
        """Give a lesson; on any complaint what was taught before stays as it was."""
        lessons = self.sessions.lessons(key)
        reader = (self.sessions.base, *lessons)[-1]
        if not files:
            raise complaint("Bring one to five pictures that show the new expression.")
        if len(files) > MAX_PICTURES:
            raise complaint(f"At most {MAX_PICTURES} pictures a lesson; you brought {len(files)}.")
        if not consent:
            raise complaint("Please confirm that you may use these pictures.")
        if len(lessons) >= MAX_LESSONS:
            raise complaint(f"At most {MAX_LESSONS} lessons at a time. Undo one first.")
        faces = [self._face(reader, i, path, cropped) for i, path in enumerate(files, 1)]
        taught, effect = reader.teach(name, faces, constituents=tuple(constituents or ()))
        self.sessions.keep(key, (*lessons, taught))
        face = taught.reread(faces[0])
        near = [n for n, _ in effect.nearest if taught.is_basic(n)][:2]
        names = [near[0], effect.name, near[1]]
        return (
            lesson_words(effect),
            gr.Dataframe(lesson_table(effect), visible=True),
            thumbnails([f.crop for f in faces]),
            map_panels(face, names, list(face.maps_by(MapKind.INTEGRATED_GRADIENTS, names).maps[0]), one_scale=True),
            gr.Button(interactive=True),
            self._standing(taught),
        )

    def undo(self, key: str) -> tuple[Any, ...]:
        """Forget the last lesson, or the last adapting if that came later."""
        latest, lessons = self.sessions.reader(key), self.sessions.lessons(key)[:-1]
        self.sessions.keep(key, lessons)
        reader = (self.sessions.base, *lessons)[-1]
        fewer = len(reader.names) < len(latest.names)
        return (
            "The last lesson is forgotten." if fewer else "What you adapted last is undone.",
            gr.Dataframe(visible=False),
            "",
            "",
            gr.Button(interactive=bool(lessons)),
            self._standing(reader),
        )

    def _standing(self, reader: Reader) -> str:
        taught = reader.names[len(self.sessions.base.names) :]
        return f"Taught so far: {', '.join(taught)}. Explore knows them too." if taught else _START

    @staticmethod
    def _face(reader: Reader, number: int, path: str, cropped: bool) -> FaceReading:
        try:
            return reader.face(Path(path), already_cropped=cropped)
        except PictureError as error:
            raise PictureError(f"Picture {number}: {error}") from error


def build_teach(sessions: Sessions, key: gr.State) -> None:
    """Lay the tab out and wire it."""
    teach = Teach(sessions)
    basics = [n for n in sessions.base.names if sessions.base.is_basic(n)]
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            name = gr.Textbox(
                label="Name of the new expression", max_length=40, placeholder="smirking", elem_id="teach-name"
            )
            files = picture_files(label="One to five pictures of it", height=180, elem_id="teach-files")
            constituents = gr.Dropdown(
                basics,
                multiselect=True,
                max_choices=2,
                label="Made of (optional)",
                info="Two basics that it blends: they help where there is one picture only.",
            )
            cropped = gr.Checkbox(False, label="These are face crops")
            consent = consent_box("teach-consent")
            with gr.Row():
                go = gr.Button("Teach", variant="primary", elem_id="teach-go")
                undo = gr.Button("Undo the last lesson", interactive=False, elem_id="teach-undo")
            standing = gr.Markdown(_START, elem_id="teach-standing")
        with gr.Column(scale=2, min_width=300):
            verdict = gr.Markdown("The lesson's result appears here.", elem_id="teach-verdict")
            table = gr.Dataframe(
                visible=False, interactive=False, label="What it cost", elem_id="teach-table", wrap=True
            )
            maps = gr.HTML(elem_id="teach-maps")
            shots = gr.HTML(elem_id="teach-shots")
            gr.Markdown(
                "Old expressions are measured on kept validation features that nothing was fitted to, with the new one "
                "among the possible answers."
            )
    results = [verdict, table, shots, maps, undo, standing]
    busy: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
    go.click(
        guarded(teach.teach),
        [name, files, constituents, cropped, consent, key],
        results,
        api_visibility="private",
        **busy,
    )
    undo.click(guarded(teach.undo), [key], results, api_visibility="private", **busy)
