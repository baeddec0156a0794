"""The panel beside the picture: a visitor's own neutral face as the zero of reading."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from cfer.app.server.safety import consent_box, guarded, plain_image
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.server.wiring import BUSY
from cfer.app.texts import labels
from cfer.pictures import PictureError
from cfer.reading.own_neutral import WORTH


class Panel(NamedTuple):
    """Components of the panel, and the events after which faces are read anew.

    Attributes:
        events: Of its two buttons.
        words: What it says.
        back: The button that reads for everybody again.
        standing: Handler that gives both as they stand, from a visitor.
    """

    events: tuple[Any, ...]
    words: gr.Markdown
    back: gr.Button
    standing: Callable[[Visitor], tuple[Any, ...]]


class OwnNeutral:
    """Handlers of the panel."""

    def __init__(self, sessions: Sessions) -> None:
        """Keep the sessions."""
        self.sessions = sessions

    def use(self, path: str | None, consent: bool, cropped: bool, visitor: Visitor) -> tuple[Any, ...]:
        """Read for the person in a picture; where it cannot be used, say why and change nothing."""
        say, reader = visitor.speech, self.sessions.reader(visitor.key)
        if not path or not consent:
            return f"**{say('own_bring' if not path else 'teach_consent')}**", gr.skip()
        try:
            own = reader.with_neutral(Path(path), already_cropped=cropped)
        except PictureError as error:
            return f"**{say.refusal(error)}**", gr.skip()
        self.sessions.change(visitor.key, lambda now: now.changed(own))
        face = own.neutral_faces[0]
        share = say.percent(1 / (1 + WORTH))
        words = say("own_done", share=share)
        if face.top != "neutral":
            words += "\n\n" + say("own_not_neutral", name=say.name(face.top))
        return words, gr.Button(interactive=True)

    def drop(self, visitor: Visitor) -> tuple[Any, ...]:
        """Read for everybody again."""
        reader = self.sessions.reader(visitor.key)
        if reader.neutral_faces:
            self.sessions.change(visitor.key, lambda now: now.changed(reader.without_neutral()))
        return visitor.speech("own_dropped"), gr.Button(interactive=False)

    def standing(self, visitor: Visitor) -> tuple[Any, ...]:
        """Sentences of the panel after something else was done, such as an undo of lessons."""
        own = bool(self.sessions.reader(visitor.key).neutral_faces)
        return gr.skip() if own else "", gr.Button(interactive=own)


def build_own_neutral(sessions: Sessions, visitor: gr.State) -> Panel:
    """Lay the panel out and wire its buttons."""
    own = OwnNeutral(sessions)
    with gr.Accordion(labels("own_title"), open=False, elem_id="own"):
        gr.Markdown(labels("own_about"))
        picture = plain_image(
            label=labels("own_picture"), height=140, elem_id="own-picture", alt_text="The neutral face that you brought"
        )
        cropped = gr.Checkbox(False, label=labels("cropped"), elem_id="own-cropped")
        consent = consent_box("own-consent")
        with gr.Row():
            go = gr.Button(labels("own_go"), size="sm", min_width=90, elem_id="own-go")
            back = gr.Button(labels("own_back"), size="sm", min_width=90, interactive=False, elem_id="own-back")
        words = gr.Markdown(elem_id="own-words")
    events = (
        go.click(guarded(own.use), [picture, consent, cropped, visitor], [words, back], **BUSY),
        back.click(guarded(own.drop), [visitor], [words, back], **BUSY),
    )
    return Panel(events, words, back, guarded(own.standing))
