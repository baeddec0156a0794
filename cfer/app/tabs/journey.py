"""The Journey tab: one face through the steps in which the model learned, and what each step did to the old classes."""

import html
import json
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import gradio as gr
import plotly.graph_objects as go
import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.app.panels.map_kinds import likeness
from cfer.app.panels.map_kinds import title as method_title
from cfer.app.panels.maps import Panel, panels
from cfer.app.panels.verdict import answer_title, bars
from cfer.app.server.safety import guarded
from cfer.app.server.visitors import Visitor
from cfer.app.tabs.explore import Explore, ExploreState
from cfer.app.texts import Speech, labels
from cfer.reading.reader import FaceReading, Reader

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_GREY = "#7f8ea3"
_LINES = {"compositional": "#6366f1", "predictive-replay": "#d97706", "fine-tuning": "#94a3b8"}


def learned_at(reader: Reader, name: str) -> int:
    """The step in which a class was learned."""
    first = len(reader.checkpoint.heads[0].bias)
    return max(0, reader.names.index(name) - first + 1)


def recalls(reader: Reader) -> Tensor:
    """Recall (steps, K) of every class after every step on kept validation features; nan before it was learned."""
    x, y = reader.checkpoint.check_features, reader.checkpoint.checks.y
    found = torch.full((reader.steps, len(reader.names)), torch.nan)
    for step, head in enumerate(reader.checkpoint.heads):
        known = y < len(head.bias)
        right = F.linear(x[known], *head).argmax(1) == y[known]
        for k in y[known].unique().tolist():
            found[step, k] = right[y[known] == k].float().mean()
    return found


class Journey:
    """Handlers of the tab, over what Explore shows."""

    def __init__(self, explore: Explore) -> None:
        """Keep Explore's handlers, which know the visitors."""
        self.explore = explore

    def enter(
        self, shown: ExploreState | None, step: int, name: str | None, was: str, visitor: Visitor
    ) -> tuple[Any, ...]:
        """Set the controls up for the face in view, or leave them as they were for that face.

        Args:
            shown: What Explore shows.
            step: Where the slider is.
            name: The class that is chosen.
            was: A mark of the face that they were set up for.
            visitor: Who is looking.
        """
        say, reader = visitor.speech, self.explore.sessions.reader(visitor.key)
        last = reader.steps - 1
        options = [(say.name(name), name) for name in reader.names]
        if shown is None:
            blank = gr.Dropdown(choices=options, value=None)
            return gr.Slider(maximum=last, value=last), blank, self._empty(say), None, None, ""
        face = reader.reread(shown.face)
        mark = sha256(face.crop.tobytes()).hexdigest()
        if mark != was or name not in reader.names:
            step, name = last, face.top
        step = min(int(step), last)
        return (
            gr.Slider(maximum=last, value=step),
            gr.Dropdown(choices=options, value=name),
            stage(reader, face, step, name, say),
            streams_plot(reader, say),
            recall_plot(reader, say),
            mark,
        )

    def go(self, shown: ExploreState | None, step: int, name: str | None, visitor: Visitor) -> str:
        """The face after a step."""
        say, reader = visitor.speech, self.explore.sessions.reader(visitor.key)
        if shown is None or name not in reader.names:
            return self._empty(say)
        return stage(reader, reader.reread(shown.face), min(int(step), reader.steps - 1), name, say)

    @staticmethod
    def _empty(say: Speech) -> str:
        return f"<p>{html.escape(say('journey_empty'))}</p>"


def stage(reader: Reader, face: FaceReading, step: int, name: str, say: Speech) -> str:
    """Answers of the model after a step, and the chosen class's map then, when it was learned, and now."""
    then, born = reader.at_step(step), learned_at(reader, name)
    seen = then.reread(face)
    first = len(reader.checkpoint.heads[0].bias)
    new = say("journey_base", count=first) if step == 0 else say("journey_new", name=say.name(then.names[-1]))
    title = say("journey_step", step=step, last=reader.steps - 1, new=new)
    answer = answer_title(seen, say)
    shown = []
    moments = {
        say("journey_then", step=born): born,
        say("journey_here", step=step): step,
        say("journey_end", step=reader.steps - 1): reader.steps - 1,
    }
    method = reader.methods[0]
    origin = reader.at_step(born).reread(face).maps_by(method, [name]).maps[0, 0]
    for words, moment in moments.items():
        if moment < born:
            shown.append(Panel(words, torch.zeros_like(origin), notes=(say("journey_unborn", name=say.name(name)),)))
            continue
        raw = reader.at_step(moment).reread(face).maps_by(method, [name]).maps[0, 0]
        shown.append(Panel(words, raw, notes=(say("journey_drift", value=f"{likeness(raw, origin):.2f}"),)))
    heading = say("journey_maps", name=say.name(name), method=method_title(method, say))
    return (
        f'<h2>{html.escape(title)}</h2><p>{answer}</p><div class="cfer-strip">'
        f"{bars(say('journey_answers'), seen.probabilities, say, seen.top)}</div>"
        f"<h3>{html.escape(heading)}</h3>{panels(face.crop, shown, say)}"
    )


@lru_cache(maxsize=1)
def _streams() -> dict[str, Any]:
    return json.loads(files("cfer.app").joinpath("assets/streams.json").read_text(encoding="utf-8"))


def _bare(figure: go.Figure, title: str, height: int) -> go.Figure:
    figure.update_layout(
        title={"text": title, "font": {"size": 14}},
        height=height,
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color=_GREY,
        legend={"orientation": "h", "y": -0.3},
    )
    return figure


def streams_plot(reader: Reader, say: Speech) -> go.Figure:
    """This checkpoint's accuracy step by step, and old and new classes' recall, beside learners under one protocol."""
    figure = go.Figure()
    facts = reader.checkpoint.facts.after_steps
    if facts:
        own = [None if v is None else 100 * v for v in facts.scores["test"].step_accuracy]
        figure.add_scatter(y=own, name=say("journey_this"), line={"color": "#0d9488", "width": 3})
    found = recalls(reader)
    base = len(reader.checkpoint.heads[0].bias)
    for key, rows in (("journey_old", found[:, :base]), ("journey_later", found[:, base:])):
        figure.add_scatter(y=(100 * rows.nanmean(1)).tolist(), name=say(key), line={"dash": "dot"})
    for name, accuracy in _streams()["step_accuracy"].items():
        y = [100 * v for v in accuracy]
        figure.add_scatter(y=y, name=say(f"journey_{name}"), line={"color": _LINES[name], "dash": "dash"})
    figure.update_yaxes(range=[0, 100], ticksuffix=" %")
    figure.update_xaxes(title=say("journey_axis"))
    return _bare(figure, say("journey_curves"), 380)


def recall_plot(reader: Reader, say: Speech) -> go.Figure:
    """Learned-at by tested-at: every class's recall after every step."""
    values = 100 * recalls(reader).T
    names = [say.name(name) for name in reader.names]
    heat = go.Heatmap(
        z=values.tolist(),
        y=names,
        colorscale="Viridis",
        zmin=0,
        zmax=100,
        hovertemplate=f"%{{y}}, {say('journey_axis')} %{{x}}: %{{z:.0f}} %<extra></extra>",
    )
    figure = go.Figure(heat)
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(title=say("journey_axis"))
    return _bare(figure, say("journey_matrix", count=len(reader.checkpoint.checks.y)), 520)


def build_journey(explore: Explore, shown: gr.State, visitor: gr.State, tab: gr.Tab) -> None:
    """Lay the tab out and wire it."""
    journey = Journey(explore)
    gr.Markdown(labels("journey_intro"))
    with gr.Row():
        step = gr.Slider(0, 1, 1, step=1, label=labels("journey_slider"), elem_id="journey-step")
        name = gr.Dropdown([], label=labels("journey_class"), elem_id="journey-class")
    view = gr.HTML(elem_id="journey-view")
    with gr.Row():
        curves = gr.Plot(show_label=False, elem_id="journey-curves")
        matrix = gr.Plot(show_label=False, elem_id="journey-matrix")
    gr.Markdown(labels("journey_note"))
    was = gr.State("")
    tab.select(
        guarded(journey.enter), [shown, step, name, was, visitor], [step, name, view, curves, matrix, was], **QUIET
    )
    for control in (step.change, name.input):
        control(guarded(journey.go), [shown, step, name, visitor], view, trigger_mode="always_last", **QUIET)
