"""The panel in Relations that relates a compound to its basics on a visitor's own set of pictures."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.server.safety import complaint, consent_box, guarded, picture_files, taking_folder
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.server.wiring import BUSY
from cfer.app.texts import labels, name_label
from cfer.pictures import PictureError
from cfer.reading.own_set import FEWEST, relate_set
from cfer.reading.set_figure import set_figure

MOST = 60
"""Pictures at once; the command line takes as many as there are."""


class OwnSet:
    """Handler of the panel."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def relate(self, files: list[str] | None, name: str | None, consent: bool, visitor: Visitor) -> tuple[Any, ...]:
        """Measure by the visitor's reader as it is now; gives the figure, and files."""
        say, reader = visitor.speech, self.sessions.reader(visitor.key)
        paths = files or []
        if not paths or not name:
            raise complaint(say("set_bring", least=FEWEST))
        if len(paths) > MOST:
            raise complaint(say("set_most", most=MOST, count=len(paths)))
        if not consent:
            raise complaint(say("teach_consent"))
        faces, left_out = [], 0
        for path in paths:
            try:
                found = reader.read(Path(path)).faces
            except PictureError:
                found = ()
            faces += found[:1]
            left_out += not found
        try:
            done = relate_set(reader, faces, name)
        except PictureError as error:
            raise complaint(say.refusal(error)) from None
        figure, folder = set_figure(done), taking_folder()
        (folder / "figure.svg").write_text(figure, encoding="utf-8")
        (folder / "relation.json").write_text(json.dumps(done.to_dict(), indent=1) + "\n", encoding="utf-8")
        note = f"<p>{html.escape(say('set_left_out', count=left_out))}</p>" if left_out else ""
        made = [str(folder / each) for each in ("figure.svg", "relation.json")]
        return f'<div class="cfer-figure">{figure}</div>{note}', gr.File(made, visible=True)


def build_own_set(sessions: Sessions, visitor: gr.State) -> None:
    """Lay the panel out and wire it."""
    own = OwnSet(sessions)
    able = [name for name in sessions.base.names if sessions.base.relatable(name)]
    with gr.Accordion(labels("set_title"), open=False, elem_id="own-set"):
        gr.Markdown(labels("set_about"))
        files = picture_files(label=labels("set_files"), elem_id="own-set-files")
        with gr.Row():
            name = gr.Dropdown(
                [(name_label(each), each) for each in able],
                value="happily surprised" if "happily surprised" in able else None,
                label=labels("set_class"),
                elem_id="own-set-class",
            )
            consent = consent_box("own-set-consent")
        go = gr.Button(labels("set_go"), elem_id="own-set-go")
        shown = gr.HTML(elem_id="own-set-result")
        taken = gr.File(label=labels("take_files"), interactive=False, visible=False, elem_id="own-set-taken")
    go.click(guarded(own.relate), [files, name, consent, visitor], [shown, taken], **BUSY)
