"""The About tab: limits first, how to read a map, what happens to pictures, results by data set, the model's card."""

import html
import re

import gradio as gr
import plotly.graph_objects as go

from cfer.app.texts import labels
from cfer.checkpoint.card import model_card
from cfer.checkpoint.scores import Score
from cfer.hub import Found
from cfer.reading.reader import Reader


def confusion(reader: Reader) -> go.Figure | None:
    """Rows are true, columns predicted, in shares of a row; None for a checkpoint that was not tested."""
    facts = reader.checkpoint.facts.after_steps
    if not facts:
        return None
    shares = [[100 * v / max(1, sum(row)) for v in row] for row in facts.test_counts]
    names = list(facts.classes)
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=names,
            y=names,
            colorscale="Viridis",
            zmin=0,
            zmax=100,
            customdata=facts.test_counts,
            hovertemplate="%{y} called %{x}: %{z:.0f} % (%{customdata} pictures)<extra></extra>",
        )
    )
    figure.update_layout(
        height=620,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color="#7f8ea3",
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(automargin=True)
    return figure


def by_domain(reader: Reader) -> str:
    """Results on each data set's test part as a Markdown table; empty for a checkpoint that was not tested."""
    known = reader.checkpoint.facts
    facts, rendered = known.after_steps, {data.name for phase in known.phases for data in phase.data if data.rendered}
    if not facts:
        return ""
    rows = [
        "| data | test pictures | accuracy (95 % interval) | mean over classes |",
        "| --- | --- | --- | --- |",
    ]
    for found in facts.data_sets:
        kind = " (rendered)" if found.name in rendered else ""
        low, high = map(_percent, found.accuracy_interval)
        accuracy, recall = _percent(found.accuracy), _percent(found.macro_recall)
        rows.append(f"| {found.name}{kind} | {found.pictures:,} | {accuracy} % ({low} to {high}) | {recall} % |")
    return "\n".join(rows)


def _percent(score: Score) -> str:
    return "?" if score is None else f"{100 * score:.1f}"


def build_about(reader: Reader, found: Found) -> None:
    """Lay the tab out; `found` says where the checkpoint came from."""
    for key in ("about_limits", "about_maps", "about_pictures"):
        gr.Markdown(labels(key), elem_id=key.replace("_", "-"))
    figure = confusion(reader)
    if figure is not None:
        gr.Markdown(labels("about_results"))
        gr.Markdown(by_domain(reader), elem_id="about-domains")
        gr.Markdown(labels("about_confusion"))
        gr.Plot(figure, show_label=False, elem_id="about-confusion")
    card = re.sub(r"\A---\n.*?\n---\n", "", model_card(reader.checkpoint), flags=re.DOTALL)
    gr.HTML(f'<p class="cfer-digest">{html.escape(str(found))}, sha256 {reader.digest}</p>', elem_id="about-model")
    with gr.Accordion(labels("about_card"), open=False):
        gr.Markdown(re.sub(r"^(#+) ", r"##\1 ", card, flags=re.MULTILINE), elem_id="about-card")
