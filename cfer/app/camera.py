"""The panel below Teach: adapt to the visitor's own camera or collection from unlabelled pictures."""

from pathlib import Path
from typing import Any

import gradio as gr

from cfer.adapt import LEAST, Adaptation
from cfer.app.safety import complaint, consent_box, guarded, picture_files
from cfer.app.visitors import Sessions, Visitor
from cfer.pictures import PictureError

MOST = 100
"""Pictures at a time."""
_ABOUT = (
    f"Light, lens and framing move all answers alike. {LEAST} or more of your own pictures, with several expressions "
    "among them and no labels needed, let the model take some of that out; what blur loses does not come back. Nothing "
    "of them is kept, and it can be undone."
)


def adaptation_words(done: Adaptation) -> str:
    """What adapting did, in sentences."""
    before, after = (
        ", ".join(f"{name} {count}" for name, count in list(counts.items())[:4]) for counts in (done.before, done.after)
    )
    said = (
        f"### Adapted to {done.faces} faces\n{100 * done.changed:.0f} % of them are answered otherwise now. "
        f"Called most often before: {before}; now: {after}."
    )
    return f"{said}\n\n{done.warning}" if done.warning else said


class Camera:
    """Handlers of the panel."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def adapt(self, files: list[str] | None, consent: bool, visitor: Visitor) -> tuple[Any, ...]:
        """Adapt the visitor's reader; on any complaint it stays as it was."""
        if not files:
            raise complaint(f"Bring {LEAST} or more pictures from your camera or collection.")
        if len(files) > MOST:
            raise complaint(f"At most {MOST} pictures at a time; you brought {len(files)}.")
        if not consent:
            raise complaint("Please confirm that you may use these pictures.")
        reader, faces, refused = self.sessions.reader(visitor.key), [], 0
        for path in files:
            try:
                faces += [f for f in reader.read(Path(path)).faces if not f.tiny]
            except PictureError:
                refused += 1
        adapted, done = reader.adapt(faces)
        self.sessions.change(visitor.key, lambda now: now.changed(adapted))
        unused = f" {refused} files could not be read as pictures." if refused else ""
        return adaptation_words(done) + unused, gr.Button(interactive=True)

    def forget(self, visitor: Visitor) -> tuple[Any, ...]:
        """Go back to the model as it is for everybody; what was taught stays."""
        reader = self.sessions.reader(visitor.key)
        if reader.base.shift is not None:
            self.sessions.change(visitor.key, lambda now: now.changed(reader.unadapted()))
        return "The model is as it was before it was adapted.", gr.Button(interactive=False)


def build_camera(sessions: Sessions, visitor: gr.State) -> None:
    """Lay the panel out and wire it."""
    camera = Camera(sessions)
    with gr.Accordion("Adapt to your own camera", open=False, elem_id="camera"):
        gr.Markdown(_ABOUT)
        files = picture_files(label=f"{LEAST} or more pictures", height=160, elem_id="camera-files")
        consent = consent_box("camera-consent")
        with gr.Row():
            go = gr.Button("Adapt", elem_id="camera-go")
            back = gr.Button("Undo adapting", interactive=False, elem_id="camera-undo")
        verdict = gr.Markdown(elem_id="camera-verdict")
    busy: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1, "api_visibility": "private"}
    go.click(guarded(camera.adapt), [files, consent, visitor], [verdict, back], **busy)
    back.click(guarded(camera.forget), [visitor], [verdict, back], **busy)
