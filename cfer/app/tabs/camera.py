"""The panel below Teach: adapt to the visitor's own camera or collection from unlabelled pictures."""

from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.server.safety import consent_box, guarded, picture_files
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.server.wiring import BUSY
from cfer.app.tabs.teach_tab import Wired
from cfer.app.texts import Speech, labels
from cfer.pictures import PictureError
from cfer.reading.adapt import LEAST, Adaptation, AdaptError

MOST = 100
"""Pictures at a time."""


def adaptation_words(done: Adaptation, say: Speech) -> str:
    """Sentences about what adapting did."""
    before, after = (
        ", ".join(f"{say.name(name)} {count}" for name, count in list(counts.items())[:4])
        for counts in (done.before, done.after)
    )
    said = say("camera_done", count=done.faces, changed=f"{100 * done.changed:.0f} %", before=before, after=after)
    if done.one_sided:
        name, count = done.one_sided
        said += "\n\n" + say("camera_one_sided", count=count, all=done.faces, name=say.name(name))
    if done.estimated:
        said += "\n\n" + say("camera_estimated", names=say.both(list(done.estimated)))
    return said


class Camera:
    """Handlers of the panel."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def adapt(self, files: list[str] | None, consent: bool, visitor: Visitor) -> tuple[Any, ...]:
        """Adapt the visitor's reader; a complaint is shown in place, and the reader stays as it was."""
        try:
            return self._adapted(files or [], consent, visitor)
        except AdaptError as error:
            return f"**{visitor.speech.refusal(error)}**", gr.skip()

    def _adapted(self, files: list[str], consent: bool, visitor: Visitor) -> tuple[Any, ...]:
        say = visitor.speech
        if not files:
            raise AdaptError(say("camera_bring", least=LEAST))
        if len(files) > MOST:
            raise AdaptError(say("camera_most", most=MOST, count=len(files)))
        if not consent:
            raise AdaptError(say("teach_consent"))
        reader, faces, refused = self.sessions.reader(visitor.key), [], 0
        for path in files:
            try:
                faces += [f for f in reader.read(Path(path)).faces if not f.tiny]
            except PictureError:
                refused += 1
        adapted, done = reader.adapt(faces)
        self.sessions.change(visitor.key, lambda now: now.changed(adapted))
        unused = " " + say("camera_refused", count=refused) if refused else ""
        return adaptation_words(done, say) + unused, gr.Button(interactive=True)

    def forget(self, visitor: Visitor) -> tuple[Any, ...]:
        """Go back to the model as it is for everybody; what was taught stays."""
        reader = self.sessions.reader(visitor.key)
        if reader.base.shift is not None:
            self.sessions.change(visitor.key, lambda now: now.changed(reader.unadapted()))
        return visitor.speech("camera_forgotten"), gr.Button(interactive=False)

    def standing(self, visitor: Visitor) -> tuple[Any, ...]:
        """Sentences of the panel after something else was done, such as an undo of lessons."""
        adapted = self.sessions.reader(visitor.key).base.shift is not None
        return gr.skip() if adapted else "", gr.Button(interactive=adapted)


def build_camera(sessions: Sessions, visitor: gr.State, lessons: Wired) -> None:
    """Lay the panel out and wire it; it and the lessons above it undo each other's changes."""
    camera = Camera(sessions)
    with gr.Accordion(labels("camera_title"), open=False, elem_id="camera"):
        gr.Markdown(labels("camera_about"))
        files = picture_files(label=labels("camera_files"), elem_id="camera-files")
        consent = consent_box("camera-consent")
        with gr.Row():
            go = gr.Button(labels("camera_go"), elem_id="camera-go")
            back = gr.Button(labels("camera_undo"), interactive=False, elem_id="camera-undo")
        verdict = gr.Markdown(elem_id="camera-verdict")
    own: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    for event in (
        go.click(guarded(camera.adapt), [files, consent, visitor], [verdict, back], **BUSY),
        back.click(guarded(camera.forget), [visitor], [verdict, back], **BUSY),
    ):
        event.then(lessons.standing, [visitor], lessons.outputs, **own)
    for event in lessons.events:
        event.then(guarded(camera.standing), [visitor], [verdict, back], **own)
