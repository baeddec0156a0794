"""The Compare tab: two pictures, or one picture by two models or the model at two times, with the same classes."""

import html
import logging
from typing import Any

import gradio as gr

from cfer.app.panels.map_kinds import raw_maps
from cfer.app.panels.map_kinds import title as method_title
from cfer.app.panels.maps import class_panels, panels, picture_uri, thumbnail
from cfer.app.panels.verdict import answer_title, bars, sentences
from cfer.app.server.hub_checkpoints import Others
from cfer.app.server.safety import complaint, guarded, plain_image
from cfer.app.server.visitors import Visitor
from cfer.app.server.wiring import BUSY
from cfer.app.tabs.explore import Explore, ExploreState
from cfer.app.texts import Speech, labels
from cfer.checkpoint import CheckpointError
from cfer.hub import HubError
from cfer.pictures import PictureError
from cfer.reading.reader import FaceReading, Reader

log = logging.getLogger("cfer.app")

NOW, BEFORE = "now", "before"


class Compare:
    """Handlers of the tab."""

    def __init__(self, explore: Explore, others: Others | None = None) -> None:
        """Keep Explore's handlers, which know the visitors, and other checkpoints, where they may be opened."""
        self.explore, self.others = explore, others or Others()

    def models(self, left: str | None, right: str | None, visitor: Visitor) -> tuple[Any, Any]:
        """The times at which the model may be asked: as it is now, before lessons, after each step of training.

        What is chosen on either side stays chosen as long as it is there.
        """
        say, reader = visitor.speech, self.explore.sessions.reader(visitor.key)
        base = self.explore.sessions.base
        found = [(say("compare_now"), NOW)]
        found += [(name, name) for name in self.others.names]
        if reader is not base:
            found.append((say("compare_before"), BEFORE))
        for step in range(base.steps - 1, -1, -1):
            names = base.at_step(step).names
            new = say("journey_base", count=len(names)) if step == 0 else say.name(names[-1])
            found.append((say("compare_step", step=step, name=new), str(step)))
        keys = {key for _, key in found}
        first = left if left in keys else NOW
        second = right if right in keys else "0" if base.steps > 1 else NOW
        return gr.Dropdown(choices=found, value=first), gr.Dropdown(choices=found, value=second)

    def open(self, name: str, visitor: Visitor) -> tuple[Any, Any]:
        """Open another checkpoint by its name on the Hub; it is the right side's then."""
        try:
            opened = self.others.open(name.strip())
        except HubError as error:
            raise complaint(str(error)) from None
        except CheckpointError as error:
            log.info("%s was not opened: %s", name, error)
            raise complaint(visitor.speech("compare_no_checkpoint", name=name)) from None
        left, right = self.models(None, None, visitor)
        return left, gr.Dropdown(choices=right.choices, value=opened)

    def compare(
        self,
        shown: ExploreState | None,
        paths: tuple[str | None, str | None],
        times: tuple[str | None, str | None],
        visitor: Visitor,
    ) -> str:
        """Both sides, with maps of what either answers and of what both know besides."""
        say = visitor.speech
        sides = [
            self._side(shown, path, time, i, visitor) for i, (path, time) in enumerate(zip(paths, times, strict=True))
        ]
        wanted = [face.top for _, face in sides]
        beside = [name for reader, face in sides for name in reader.trio(face)]
        wanted += [name for name in beside if all(name in reader.names for reader, _ in sides)]
        names = list(dict.fromkeys(wanted))[:3]
        return f'<div class="cfer-compare">{"".join(column(r, f, names, say) for r, f in sides)}</div>'

    def _side(
        self, shown: ExploreState | None, path: str | None, time: str | None, side: int, visitor: Visitor
    ) -> tuple[Reader, FaceReading]:
        say, reader = visitor.speech, self.explore.sessions.reader(visitor.key)
        base = self.explore.sessions.base
        if time and "@" in time:
            reader = self.others.get(time)
            if reader is None:  # others were opened since
                raise complaint(say("compare_closed", name=time))
        elif time and time != NOW:
            reader = base if time == BEFORE else base.at_step(min(int(time), base.steps - 1))
        if path:
            try:
                return reader, reader.face(path)
            except PictureError as error:
                raise complaint(
                    say("compare_picture", side=say(f"compare_side_{side}"), why=say.refusal(error))
                ) from None
        if shown is None:
            raise complaint(say("bring_first"))
        return reader, reader.reread(shown.face)


def column(reader: Reader, face: FaceReading, names: list[str], say: Speech) -> str:
    """One side: the face, the answer, the likeliest expressions, maps of those classes that it knows."""
    crop = f'<img class="cfer-face" src="{picture_uri(thumbnail(face.crop))}" alt="">'
    lines = "".join(f"<p>{line}</p>" for line in sentences(reader, face, say))
    known, method = [name for name in names if name in reader.names], reader.methods[0]
    maps = panels(face.crop, class_panels(face, known, raw_maps(reader, face, known, method), say), say, legend=False)
    if strange := [name for name in names if name not in known]:
        maps += f'<p class="cfer-note">{say.html("compare_unknown", names=say.both(strange))}</p>'
    shown = bars(say("journey_answers"), face.probabilities, say, face.top)
    note = html.escape(say("compare_maps", method=method_title(method, say)))
    return (
        f'<section><div class="cfer-answer">{crop}<div><h2>{answer_title(face, say)}</h2>{lines}</div></div>'
        f'<div class="cfer-strip one">{shown}</div><h3>{note}</h3>{maps}</section>'
    )


def build_compare(explore: Explore, shown: gr.State, visitor: gr.State, tab: gr.Tab) -> None:
    """Lay the tab out and wire it."""
    compare = Compare(explore, Others.by_environment())
    gr.Markdown(labels("compare_intro"))
    pictures, times = [], []
    with gr.Row():
        for side in ("left", "right"):
            with gr.Column(min_width=280):
                pictures.append(
                    plain_image(
                        label=labels("compare_upload"),
                        height=160,
                        elem_id=f"compare-{side}",
                    )
                )
                times.append(gr.Dropdown([], label=labels("compare_time"), elem_id=f"compare-time-{side}"))
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    if compare.others.allowed:
        with gr.Row():
            name = gr.Textbox(label=labels("compare_other"), placeholder="owner/name@step-07", elem_id="compare-other")
            opening = gr.Button(labels("compare_open"), elem_id="compare-open", scale=0)
        alone: dict[str, Any] = BUSY | {"concurrency_id": "open"}  # nobody's reading waits for a download
        opening.click(guarded(compare.open), [name, visitor], times, **alone)
    go = gr.Button(labels("compare_button"), variant="primary", elem_id="compare-go")
    result = gr.HTML(elem_id="compare-result")

    def run(shown: Any, a: Any, b: Any, one: str, two: str, visitor: Visitor) -> str:
        return compare.compare(shown, (a, b), (one, two), visitor)

    tab.select(guarded(compare.models), [*times, visitor], times, **quiet)
    go.click(guarded(run), [shown, *pictures, *times, visitor], result, **BUSY)
