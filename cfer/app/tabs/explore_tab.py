"""The Explore tab's layout and wiring."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from cfer.app.panels.maps import picture_uri, thumbnail
from cfer.app.server.safety import guarded, plain_image
from cfer.app.server.visitors import KEEP_SECONDS, Sessions, Visitor, new_visitor
from cfer.app.server.wiring import BUSY, by_name
from cfer.app.tabs.explore import OUTPUTS, Explore, example_name, example_paths, greeting
from cfer.app.tabs.own_neutral import build_own_neutral
from cfer.app.tabs.takeaway import TakeAway
from cfer.app.texts import labels, name_label
from cfer.pictures import read_picture


def build_explore(sessions: Sessions, visitor: gr.State, first: dict[str, Any]) -> dict[str, Any]:
    """Lay the tab out and wire it; gives its components and handlers by name, for the other tabs.

    Args:
        sessions: The visitors' readers.
        visitor: Who is looking.
        first: What is shown before anybody is known; see `first_example`.
    """
    explore = Explore(sessions)
    parts: dict[str, Any] = {"shown": gr.State(None, time_to_live=KEEP_SECONDS)}
    with gr.Row(elem_id="explore"):
        with gr.Column(scale=1, min_width=280, elem_id="explore-input"):
            picture = plain_image(
                label=labels("picture"),
                height=210,
                elem_id="explore-picture",
                alt_text="The picture that you brought",
            )
            gr.Markdown(labels("kept"), elem_id="explore-kept")
            buttons = _examples()
            cropped = gr.Checkbox(
                False, label=labels("cropped"), info=labels("cropped_info"), elem_id="explore-cropped"
            )
            parts["found"] = gr.Image(
                label=labels("found"), interactive=False, visible=False, buttons=[], elem_id="explore-found"
            )
            parts["picker"] = gr.Radio([], label=labels("which_face"), visible=False, elem_id="explore-picker")
            own = build_own_neutral(sessions, visitor)
        with gr.Column(scale=3, min_width=300, elem_id="explore-result"):
            for name in ("verdict", "readings", "made", "maps"):
                parts[name] = gr.HTML(first.get(name, ""), elem_id=f"explore-{name}")
            parts["tools"] = gr.HTML(elem_id="explore-tools")
            with gr.Row(elem_id="explore-choices"):
                for side in ("left", "middle", "right"):
                    parts[side] = gr.Dropdown([], label=labels(f"{side}_map"), min_width=140, elem_id=f"explore-{side}")
                view = gr.Dropdown([], label=labels("method"), min_width=260, scale=2, elem_id="explore-method")
            parts["tie"] = gr.HTML(elem_id="explore-tie")
            parts["depth"] = gr.HTML(elem_id="explore-depth")
            with gr.Accordion(labels("grid_title"), open=False, elem_id="explore-grid-title"):
                gr.Markdown(labels("grid_note"))
                side_by_side = gr.Button(labels("grid_button"), elem_id="explore-grid-button")
                parts["grid"] = gr.HTML(elem_id="explore-grid")
            with gr.Accordion(labels("take_title"), open=False, elem_id="explore-take-title"):
                gr.Markdown(labels("take_note"))
                make = gr.Button(labels("take_button"), elem_id="explore-take")
                parts["files"] = gr.File(
                    label=labels("take_files"), interactive=False, visible=False, elem_id="explore-files"
                )
    outputs = [parts[name] for name in OUTPUTS]
    quiet: dict[str, Any] = BUSY | {"show_progress": "hidden"}
    read = by_name(explore.read, parts)
    brought = [picture, cropped, view, visitor]
    picture.input(read, brought, outputs, api_name="explore", **quiet)
    cropped.input(by_name(explore.recrop, parts), brought, outputs, **quiet)
    for number, button in enumerate(buttons):
        show = functools.partial(explore.example, number)
        # an upload that is no longer read is no longer shown; a plain value, because an update makes the component anew
        button.click(None, None, picture, js="() => null", api_visibility="private")
        button.click(None, None, None, js=f"() => cferLink({{example: {number + 1}}})", api_visibility="private")
        button.click(by_name(show, parts), [view, visitor], outputs, **quiet)
    choose = by_name(explore.choose, parts)
    parts["picker"].input(choose, [picture, parts["shown"], parts["picker"], view, visitor], outputs, **quiet)
    asked = [parts["shown"], parts["left"], parts["middle"], parts["right"], view, visitor]
    drawn = [parts[name] for name in ("shown", "maps", "depth", "tie", "files", "grid")]
    for control in (parts["left"], parts["middle"], parts["right"], view):
        control.input(by_name(explore.redraw, parts), asked, drawn, **quiet)
    parts["middle"].input(None, parts["middle"], None, js="m => cferLink({middle: m})", api_visibility="private")
    for event in own.events:
        event.then(by_name(explore.again, parts), [parts["shown"], view, visitor], outputs, **quiet)
    side_by_side.click(guarded(explore.grid), [*asked[:4], visitor], parts["grid"], **BUSY)
    take = TakeAway(explore)
    make.click(guarded(take.files), asked, parts["files"], **BUSY)
    return parts | {"own": own, "explore": explore, "view": view, "outputs": outputs}


def first_example(sessions: Sessions) -> dict[str, Any]:
    """Contents of the first example's reading, by the names in `OUTPUTS`: on the page before any visitor is known.

    To be called before the page is begun, because a reading makes components.
    """
    found: dict[str, Any] = {}
    if example_paths():
        for stage in Explore(sessions).example(0, sessions.base.methods[0], Visitor()):
            found |= stage
            if "maps" in stage:  # what comes after is below the first screen, and dear
                break
    return found


def _examples() -> list[gr.Button]:
    """A button each with its picture and what it is rendered to show, so that it can be named and reached by keys."""
    paths: list[Path] = example_paths()
    gr.Markdown(labels("examples"), elem_id="explore-examples-title")
    with gr.Row(elem_id="explore-examples"):
        return [gr.Button(name_label(example_name(path)), icon=_icon(path), size="sm", min_width=90) for path in paths]


def _icon(path: Path) -> Any:
    """A thumbnail within the page: a file of Gradio's would be swept like an upload while the app runs."""
    return {"path": path.name, "url": picture_uri(thumbnail(read_picture(path)))}


def arrive(demo: gr.Blocks, parts: dict[str, Any], visitor: gr.State, tab: gr.Tab) -> None:
    """Greet a visitor with an example that is read already, the one that a link asks for; read anew after lessons."""
    explore, view = parts["explore"], parts["view"]

    def greet(request: gr.Request) -> tuple[Any, ...]:
        who = new_visitor(request)
        return (who, *greeting(explore.sessions.base, who.speech))

    def first(visitor: Visitor, request: gr.Request) -> Iterator[dict[str, Any]]:
        asked = request.query_params.get("example", "1")
        number = int(asked) - 1 if asked.isdigit() and 0 < int(asked) <= len(example_paths()) else 0
        yield from explore.example(
            number, explore.sessions.base.methods[0], visitor, request.query_params.get("middle", "")
        )

    quiet: dict[str, Any] = BUSY | {"show_progress": "hidden"}
    greeted = demo.load(guarded(greet), None, [visitor, view, parts["tools"]], queue=False, api_visibility="private")
    if example_paths():
        outputs = parts["outputs"]

        def show(visitor: Visitor, request: gr.Request) -> Iterator[Any]:
            yield from by_name(first, parts)(visitor, request)

        greeted.then(show, [visitor], outputs, **quiet)
    tab.select(by_name(explore.again, parts), [parts["shown"], view, visitor], parts["outputs"], **quiet)
    own = parts["own"]  # an undo of lessons may have gone back to before it
    tab.select(own.standing, [visitor], [own.words, own.back], **quiet)
