"""The Teach tab's layout and wiring."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cfer.app.server.safety import consent_box, guarded, picture_files, plain_image
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.server.wiring import BUSY, by_name
from cfer.app.tabs.teach import Teach
from cfer.app.texts import Speech, labels
from cfer.emotions import UNIT_NAMES
from cfer.lessons.record import DEFAULT_EAGER, EAGER


def for_parts(handler: Callable[..., dict[str, Any]], parts: dict[str, Any]) -> Callable[..., dict[Any, Any]]:
    """A handler of the tab, its plain answers turned into the components' new states."""

    @functools.wraps(handler)
    def shown(*args: Any) -> dict[str, Any]:
        found = dict(handler(*args))
        if "choice" in found:
            names = found.pop("choice")
            found["choice"] = gr.Dropdown(choices=names, value=names[-1] if names else None)
            found["save"] = gr.DownloadButton(value=found.pop("file"), interactive=bool(names))
        if "undo" in found:
            found["undo"] = gr.Button(interactive=found["undo"])
        return found

    return by_name(shown, parts)


@dataclass(frozen=True)
class Wired:
    """Components of the tab that other panels need.

    Attributes:
        standing: Handler that gives what of the tab depends on what the visitor has.
        outputs: What it fills.
        events: All by which that changes.
    """

    standing: Callable[..., Any]
    outputs: list[Any]
    events: list[Any]


def build_teach(sessions: Sessions, visitor: gr.State, tab: gr.Tab) -> Wired:
    """Lay the tab out and wire it."""
    teach = Teach(sessions)
    basics = [n for n in sessions.base.names if sessions.base.is_basic(n)]
    parts: dict[str, Any] = {}
    english = Speech()  # labels of these two buttons are plain text for Gradio; they are set again below
    stored = gr.BrowserState("", storage_key="cfer-lessons")
    with gr.Row(elem_id="teach"):
        with gr.Column(scale=1, min_width=300):
            gr.Markdown(labels("teach_step_1"))
            files = picture_files(label=labels("teach_files"), elem_id="teach-files")
            with gr.Accordion(labels("teach_photo"), open=False, elem_id="teach-camera"):
                photo = plain_image(
                    label=labels("teach_photo"),
                    sources=["webcam", "clipboard"],
                    height=240,
                    elem_id="teach-photo",
                )
            name = gr.Textbox(label=labels("teach_name"), max_length=40, placeholder="smirking", elem_id="teach-name")
            with gr.Accordion(labels("teach_more"), open=False, elem_id="teach-more"):
                constituents = gr.Dropdown(
                    basics,
                    multiselect=True,
                    max_choices=2,
                    label=labels("teach_parts"),
                    info=labels("teach_parts_info"),
                )
                units = gr.Dropdown(
                    [(f"AU{number} {unit}", number) for number, unit in UNIT_NAMES.items()],
                    multiselect=True,
                    label=labels("teach_units"),
                    info=labels("teach_units_info"),
                )
                against = picture_files(label=labels("teach_against"), elem_id="teach-against")
                cropped = gr.Checkbox(False, label=labels("cropped"))
            eager = gr.Radio(
                [(labels(f"eager_{key}"), key) for key in EAGER],
                value=DEFAULT_EAGER,
                label=labels("teach_eager"),
                info=labels("teach_eager_info"),
                elem_id="teach-eager",
            )
            consent = consent_box("teach-consent")
            go = gr.Button(labels("teach_go"), variant="primary", elem_id="teach-go")
        with gr.Column(scale=2, min_width=300):
            # what is found in the pictures comes a moment after them: here it moves no control under somebody's finger
            parts["seen"] = gr.HTML(elem_id="teach-seen")
            parts["verdict"] = gr.HTML(elem_id="teach-verdict")
            parts["maps"] = gr.HTML(elem_id="teach-maps")
            gr.Markdown(labels("teach_step_2"))
            with gr.Row():
                probe = plain_image(
                    label=labels("teach_try"),
                    height=200,
                    elem_id="teach-try",
                )
                tried = gr.HTML(elem_id="teach-tried")
            gr.Markdown(labels("teach_step_3"))
            parts["lessons"] = gr.HTML(elem_id="teach-standing")
            with gr.Row():
                parts["choice"] = gr.Dropdown([], label=labels("teach_choice"), elem_id="teach-choice", min_width=160)
                new = gr.Textbox(label=labels("teach_new_name"), max_length=40, elem_id="teach-new", min_width=160)
            with gr.Row():
                rename = gr.Button(labels("teach_rename"), size="sm", elem_id="teach-rename", min_width=90)
                remove = gr.Button(labels("teach_remove"), size="sm", elem_id="teach-remove", min_width=90)
                parts["undo"] = gr.Button(
                    labels("teach_undo"), size="sm", interactive=False, elem_id="teach-undo", min_width=90
                )
                reset = gr.Button(labels("teach_reset_button"), size="sm", elem_id="teach-reset", min_width=90)
            with gr.Row():
                parts["save"] = gr.DownloadButton(
                    english("teach_save"), size="sm", interactive=False, elem_id="teach-save", min_width=120
                )
                bring = gr.UploadButton(
                    english("teach_bring"), size="sm", file_types=[".safetensors"], elem_id="teach-bring", min_width=120
                )
                again = gr.Button(labels("teach_again"), size="sm", visible=False, elem_id="teach-again", min_width=120)
            keep = gr.Checkbox(False, label=labels("teach_keep"), elem_id="teach-keep")
            parts["kept"] = gr.State("")
    outputs = list(parts.values())
    looked: dict[str, Any] = BUSY | {"show_progress": "hidden"}
    files.change(guarded(teach.look), [files, cropped, visitor], parts["seen"], **looked)
    given = [name, files, photo, constituents, units, against, eager, cropped, consent, visitor]
    done = [go.click(for_parts(teach.teach, parts), given, outputs, **BUSY)]
    probe.change(guarded(teach.try_it), [probe, parts["choice"], visitor], tried, **looked)
    done += [
        rename.click(for_parts(teach.rename, parts), [parts["choice"], new, visitor], outputs, **BUSY),
        remove.click(for_parts(teach.remove, parts), [parts["choice"], visitor], outputs, **BUSY),
        parts["undo"].click(for_parts(teach.undo, parts), [visitor], outputs, **BUSY),
        reset.click(for_parts(teach.reset, parts), [visitor], outputs, **BUSY),
        bring.upload(for_parts(teach.bring, parts), [bring, visitor], outputs, **BUSY),
        again.click(for_parts(teach.again, parts), [stored, visitor], outputs, **BUSY),
    ]
    for event in done:  # a picture that is being tried is read again with the lessons as they are now
        event.then(guarded(teach.try_it), [probe, parts["choice"], visitor], tried, **looked)
        event.then(_stored, [keep, parts["kept"]], stored, api_visibility="private", show_progress="hidden")
    keep.input(_stored, [keep, parts["kept"]], stored, api_visibility="private", show_progress="hidden")
    tab.select(
        lambda kept: gr.Button(visible=bool(kept)), stored, again, api_visibility="private", show_progress="hidden"
    )
    tab.select(_named, [visitor], [parts["save"], bring], api_visibility="private", show_progress="hidden")
    standing = for_parts(teach.standing, parts)
    tab.select(standing, [visitor], outputs, **looked)
    return Wired(standing, outputs, done)


def _named(visitor: Visitor) -> tuple[Any, Any]:
    say = visitor.speech
    return gr.DownloadButton(label=say("teach_save")), gr.UploadButton(label=say("teach_bring"))


def _stored(keep: bool, packed: str) -> Any:
    """Lessons that the browser keeps, if the visitor ticked it; what is there already stays while nothing is."""
    return (packed or gr.skip()) if keep else ""
