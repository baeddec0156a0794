"""The Relations tab: fifteen compounds against six basics over many faces, and what would look the same by chance."""

import base64
import html
import io
from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np
import pandas as pd
import torch
from PIL import Image

from cfer.app.panels import picture_uri
from cfer.app.safety import guarded
from cfer.draw import colour, overlay_parts
from cfer.explain.reference import (
    CHANGE,
    ELSEWHERE,
    MEAN_FACE,
    PERMUTED,
    RANDOM_HEAD,
    SHUFFLED,
    WHOLE,
    Reference,
    source,
)
from cfer.explain.similarity import MEASURES

_CONTROLS = {
    RANDOM_HEAD: "a head of random rows",
    PERMUTED: "a head that learned from permuted labels",
    "shuffled last quarter": "a network with its last quarter shuffled",
    "shuffled last half": "a network with its last half shuffled",
    SHUFFLED: "a network with shuffled weights",
    ELSEWHERE: "basics' maps of another person",
    MEAN_FACE: "basics' mean maps over all faces",
}
SOURCES = {WHOLE: "the model"} | {source(WHOLE, name): words for name, words in _CONTROLS.items()}
SOURCES |= {CHANGE: "change from neutral: the model"} | {
    source(CHANGE, name): f"change from neutral: {words}" for name, words in _CONTROLS.items()
}
"""What maps may be of, in words; a checkpoint may lack some."""
HEAD, DELETION, UNITS = "rows of the head", "loss by deletion", "shared action units (FACS)"
MIXTURE = "shares of a mixture"
_PICK = "Choose a cell to see its maps and faces."


def sources_of(reference: Reference) -> dict[str, str]:
    """What maps a checkpoint's relations are of, in words."""
    return {name: words for name, words in SOURCES.items() if name in reference.sources}


def matrix(reference: Reference, view: str, source: str) -> np.ndarray:
    """The (R, 6) numbers of a view; only the maps' likeness has controls."""
    others: dict[str, Callable[[], np.ndarray]] = {
        HEAD: reference.heads,
        MIXTURE: reference.mixture,
        DELETION: reference.deletion,
        UNITS: reference.units,
    }
    return others[view]() if view in others else reference.matrix(view, source)


def kind_of(source: str) -> str:
    """Which maps a source is about."""
    return CHANGE if source.startswith(CHANGE) else WHOLE


def bounds(reference: Reference, view: str, source: str) -> tuple[float, float]:
    """Lowest and highest number of a view over all sources of a kind: one colour scale for a model and its controls."""
    alike = (
        [other for other in sources_of(reference) if kind_of(other) == kind_of(source)]
        if view in MEASURES
        else [source]
    )
    values = [matrix(reference, view, other) for other in alike]
    return float(np.nanmin(values)), float(np.nanmax(values))


def styled(reference: Reference, view: str, source: str) -> Any:
    """A table whose cells are coloured from low to high, constituents in bold."""
    values = matrix(reference, view, source)
    low, high = bounds(reference, view, source)
    frame = pd.DataFrame(values.round(2), columns=list(reference.basics))
    frame.insert(0, "compound", reference.compounds)
    span = max(high - low, 1e-9)

    def style(row: pd.Series) -> list[str]:
        own = reference.facts["compounds"][row["compound"]]["constituents"]
        cells = [""]
        for name in reference.basics:
            height = 0.0 if np.isnan(row[name]) else (row[name] - low) / span
            shade = colour(np.array([[height]]))[0, 0]
            ink = "black" if shade @ [0.299, 0.587, 0.114] > 120 else "white"
            weight = "font-weight: bold; text-decoration: underline" if name in own else ""
            cells.append(f"background-color: rgb({shade[0]}, {shade[1]}, {shade[2]}); color: {ink}; {weight}")
        return cells

    return frame.style.apply(style, axis=1).format(dict.fromkeys(reference.basics, "{:.2f}"), na_rep="none")


def summary(reference: Reference, view: str, source: str = WHOLE) -> str:
    """What a view says over all compounds, with its intervals and controls."""
    if view in MEASURES:
        rows = []
        for key, words in sources_of(reference).items():
            gap = reference.facts["overall"][key][view]
            rows.append(f"| {words} | {gap[0]:+.3f} | {gap[1]:+.3f} to {gap[2]:+.3f} |")
        table = "\n".join(["| maps of | gap | 95 % interval |", "| --- | --- | --- |", *rows])
        said = (
            "Gap: mean likeness to the constituents less that to the other basics; 0 by chance. Maps of the change "
            f"from neutral are of {reference.facts['people_changed']} of the people.\n\n{table}"
        )
        name = f"{view}, {kind_of(source)}"
    else:
        said = {
            HEAD: "Cosine of the head's rows. With a linear head the maps follow from these rows and the face's "
            "features, so the maps' likeness partly restates this table.",
            DELETION: "What a compound's score loses when the strongest fifth of a basic's evidence is blurred; as "
            f"many random cells cost {reference.facts['deletion_random'][0]:.2f}.",
            MIXTURE: "Shares of the basics' maps, each of sum 1, in the sum of them that fits a compound's map best, "
            "none counting negatively.",
            UNITS: "Cosine of the action units that people show (Du, Tao & Martinez, 2014): what the coding manual "
            "expects, whatever a model does. The rendered faces that everything here was measured on perform these "
            "units.",
        }[view]
        name = {HEAD: "head rows", DELETION: "deletion", MIXTURE: "mixture"}.get(view, "")
    found = reference.facts["agreement_with_facs"].get(name)
    if found and source in (WHOLE, CHANGE):
        value, low, high = found["spearman"]
        said += (
            f"\n\nAgreement with the coding manual's table: Spearman {value:.2f} ({low:.2f} to {high:.2f}), "
            f"p = {found['permuted_constituents_p']:.3f} when the table's rows are dealt anew to the compounds. The "
            "rendered faces perform these units, so part of this agreement is built in."
        )
    return said


def cell(reference: Reference, compound: str, basic: str, measure: str, kind: str = WHOLE) -> str:
    """Mean maps of a compound and a basic on the compound's faces, with examples; HTML, everything escaped."""
    row = reference.facts["compounds"][compound]
    place = reference.basics.index(basic)
    maps = [torch.from_numpy(values.astype(np.float32)) for values in reference.mean_of(compound, basic, kind)]
    faces = reference.faces[compound]
    face = np.asarray(Image.open(io.BytesIO(faces[0])).convert("RGB"))
    scale = max(float(m.max()) for m in maps)
    figures = []
    for name, raw in zip((compound, basic), maps, strict=True):
        picture, heat = overlay_parts(face, raw, scale, 224)
        label = html.escape(f"Mean evidence for {name}" + (", change from neutral" if kind == CHANGE else ""))
        figures.append(
            f'<figure><div class="cfer-stack"><img src="{picture_uri(picture)}" alt="{label}">'
            f'<img class="cfer-heat" src="{picture_uri(heat)}" alt=""></div><figcaption>{label}, over faces that '
            f"show {html.escape(compound)}</figcaption></figure>"
        )
    shown = "".join(
        f'<img src="data:image/jpeg;base64,{base64.b64encode(data).decode()}" alt="rendered face {i}">'
        for i, data in enumerate(faces, 1)
    )
    likeness = float(reference.matrix(measure, kind)[reference.compounds.index(compound), place])
    part = "a constituent" if basic in row["constituents"] else "not a constituent"
    words = f"{compound} and {basic} ({part}): likeness {likeness:.2f} by the model's maps. "
    words += reference.verdict(compound, measure, kind)
    return (
        f"<p>{html.escape(words)}</p><div class='cfer-maps'>{''.join(figures)}</div>"
        f'<div class="cfer-thumbnails">Rendered faces of nobody: {shown}</div>'
    )


def build_relations(reference: Reference, same_model: bool) -> None:
    """Lay the tab out and wire it."""
    gr.Markdown(
        "How alike is a compound's map to each basic's, on the same face and by the same model? Over "
        f"{reference.people} rendered people whom training never saw; a row's constituents are underlined. Two maps of "
        "a face always look alike, so switch to the controls before you believe a number. The rendered faces perform "
        "the action units of the coding manual's table: what agrees with that table is in part built into them."
        + ("" if same_model else "\n\n**Measured on another model than the one that is loaded.**")
    )
    with gr.Row():
        view = gr.Dropdown(
            [*MEASURES, MIXTURE, HEAD, DELETION, UNITS], value="cosine", label="Compare by", min_width=200
        )
        source = gr.Dropdown(
            [(words, name) for name, words in sources_of(reference).items()],
            value=WHOLE,
            label="Maps of",
            min_width=200,
        )
    table = gr.Dataframe(
        styled(reference, "cosine", WHOLE),
        interactive=False,
        wrap=True,
        max_height=640,
        elem_id="relations-table",
    )
    words = gr.Markdown(summary(reference, "cosine"), elem_id="relations-words")
    chosen = gr.HTML(f"<p>{_PICK}</p>", elem_id="relations-cell")

    def redraw(view: str, source: str) -> tuple[Any, ...]:
        return styled(reference, view, source), summary(reference, view, source)

    def choose(view: str, source: str, event: gr.SelectData) -> str:
        row, column = event.index
        if not 1 <= column <= len(reference.basics):
            return f"<p>{_PICK}</p>"
        measure = view if view in MEASURES else "cosine"
        return cell(reference, reference.compounds[row], reference.basics[column - 1], measure, kind_of(source))

    for trigger in (view.input, source.input):
        trigger(guarded(redraw), [view, source], [table, words], api_visibility="private")
    table.select(guarded(choose), [view, source], chosen, api_visibility="private")
