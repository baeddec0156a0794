"""The Relations tab: fifteen compounds against six basics over many faces, and what would look the same by chance."""

import html
import io
from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np
import torch
from PIL import Image

from cfer.app.panels.maps import Panel, panels, thumbnails
from cfer.app.server.safety import guarded
from cfer.app.server.visitors import Visitor
from cfer.app.texts import Speech, labels
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.reference import ELSEWHERE, MEAN_FACE, PERMUTED, RANDOM_HEAD, SHUFFLED, Reference, source
from cfer.explain.similarity import MEASURES
from cfer.reading.draw import colour, luminance

_CONTROLS = {
    RANDOM_HEAD: "random_head",
    PERMUTED: "permuted",
    "shuffled last quarter": "quarter",
    "shuffled last half": "half",
    SHUFFLED: "shuffled",
    ELSEWHERE: "elsewhere",
    MEAN_FACE: "mean_face",
}
SOURCES = {kind: f"of_{key}" for kind, key in ((GRAD_CAM, "model"), (INTEGRATED_GRADIENTS, "change"))}
SOURCES |= {
    source(kind, name): f"of_{before}{key}"
    for kind, before in ((GRAD_CAM, ""), (INTEGRATED_GRADIENTS, "change_"))
    for name, key in _CONTROLS.items()
}
"""What maps may be of, by the key of its words; a checkpoint may lack some."""
HEAD, DELETION, UNITS = "rows of the head", "loss by deletion", "shared action units (FACS)"
MIXTURE = "shares of a mixture"


def sources_of(reference: Reference) -> dict[str, str]:
    """Maps that a checkpoint's relations are of, by the keys of their words."""
    return {name: key for name, key in SOURCES.items() if name in reference.sources}


def matrix(reference: Reference, view: str, source: str) -> np.ndarray:
    """The (R, 6) numbers of a view; only the maps' likeness has controls."""
    others: dict[str, Callable[[], np.ndarray]] = {
        HEAD: reference.heads,
        MIXTURE: reference.mixture,
        DELETION: reference.deletion,
        UNITS: reference.units,
    }
    return others[view]() if view in others else reference.matrix(view, source)


def method_of(source: str) -> str:
    """Whose maps a source is about."""
    return INTEGRATED_GRADIENTS if source.startswith(INTEGRATED_GRADIENTS) else GRAD_CAM


def bounds(reference: Reference, view: str, source: str) -> tuple[float, float]:
    """Lowest and highest number of a view over all sources of a kind: one colour scale for a model and its controls."""
    alike = (
        [other for other in sources_of(reference) if method_of(other) == method_of(source)]
        if view in MEASURES
        else [source]
    )
    values = [matrix(reference, view, other) for other in alike]
    return float(np.nanmin(values)), float(np.nanmax(values))


def matrix_table(
    reference: Reference, view: str, source: str, say: Speech, chosen: tuple[int, int] | None = None
) -> str:
    """The matrix as HTML: a button a cell, coloured from low to high, a row's constituents underlined."""
    values = matrix(reference, view, source)
    low, high = bounds(reference, view, source)
    span = max(high - low, 1e-9)
    heads = "".join(f'<th scope="col">{html.escape(say.name(name))}</th>' for name in reference.basics)
    rows = []
    for row, compound in enumerate(reference.compounds):
        own = reference.rows[compound].constituents
        cells = []
        for column, basic in enumerate(reference.basics):
            value = values[row, column]
            height = 0.0 if np.isnan(value) else (value - low) / span
            shade = colour(np.array([[height]]))[0, 0]
            ink = "#000" if luminance(shade) > 0.179 else "#fff"  # whichever has more contrast (WCAG)
            said = say("no_number") if np.isnan(value) else f"{value:.2f}"
            pressed = "true" if chosen == (row, column) else "false"
            label = html.escape(f"{say.name(compound)}, {say.name(basic)}: {said}", quote=True)
            mark = ' class="own"' if basic in own else ""
            stop = 0 if (row, column) == (chosen or (0, 0)) else -1  # the arrow keys go on from there (maps.js)
            cells.append(
                f'<td><button type="button" data-row="{row}" data-column="{column}" aria-label="{label}" '
                f'aria-pressed="{pressed}" tabindex="{stop}"{mark} '
                f'style="background:rgb({shade[0]},{shade[1]},{shade[2]});color:{ink}">'
                f"{html.escape(said)}</button></td>"
            )
        rows.append(f'<tr><th scope="row">{html.escape(say.name(compound))}</th>{"".join(cells)}</tr>')
    return f'<div class="cfer-matrix"><table><tr><td></td>{heads}</tr>{"".join(rows)}</table></div>'


def summary(reference: Reference, view: str, source: str, say: Speech) -> str:
    """Summary of a view over all compounds, with its intervals and controls."""
    if view in MEASURES:
        rows = []
        for key, words in sources_of(reference).items():
            gap = reference.overall[key][view]
            rows.append(f"| {say(words)} | {gap[0]:+.3f} | {gap[1]:+.3f} ... {gap[2]:+.3f} |")
        head = "| {} | {} | {} |".format(*(say(f"summary_{name}") for name in ("of", "gap", "interval")))
        table = "\n".join([head, "| --- | --- | --- |", *rows])
        said = say("summary_measure", people=reference.people_changed) + f"\n\n{table}"
        name = f"{view}, {method_of(source)}"
    else:
        keys = {HEAD: "head", DELETION: "deletion", MIXTURE: "mixture", UNITS: "units"}
        said = say(f"summary_{keys[view]}", random=f"{reference.deletion_random[0]:.2f}")
        name = {HEAD: "head rows", DELETION: "deletion", MIXTURE: "mixture"}.get(view, "")
    found = reference.agreement.get(name)
    if found and source in (GRAD_CAM, INTEGRATED_GRADIENTS):
        value, low, high = (f"{v:.2f}" for v in found.spearman)
        chance = f"{found.permuted_constituents_p:.3f}"
        said += "\n\n" + say("summary_agreement", value=value, low=low, high=high, chance=chance)
    return said


def tie_words(reference: Reference, compound: str, measure: str, kind: str, say: Speech) -> str:
    """Sentence of what all faces say about a compound's tie to its constituents."""
    parts = say.both([say.name(part) for part in reference.rows[compound].constituents])
    here, elsewhere = (f"{gap:.2f}" for gap in reference.gaps(compound, measure, kind))
    named = {"name": say.name(compound), "parts": parts, "here": here, "elsewhere": elsewhere}
    return say(f"relations_tie_{reference.tie(compound, measure, kind).value}", **named)


def cell(reference: Reference, compound: str, basic: str, measure: str, kind: str, say: Speech) -> str:
    """Mean maps of a compound and a basic on the compound's faces, with examples; HTML, everything escaped."""
    row = reference.rows[compound]
    place = reference.basics.index(basic)
    maps = [torch.from_numpy(values.astype(np.float32)) for values in reference.mean_of(compound, basic, kind)]
    faces = reference.faces[compound]
    face = np.asarray(Image.open(io.BytesIO(faces[0])).convert("RGB"))
    note = (say("relations_change"),) if kind == INTEGRATED_GRADIENTS else ()
    shown = [
        Panel(say("relations_mean", name=say.name(name)), raw, notes=note)
        for name, raw in zip((compound, basic), maps, strict=True)
    ]
    examples = [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for data in faces]
    likeness = float(reference.matrix(measure, kind)[reference.compounds.index(compound), place])
    part = say("relations_part" if basic in row.constituents else "relations_no_part")
    named = {"compound": say.name(compound), "basic": say.name(basic)}
    words = say("relations_cell", **named, part=part, likeness=f"{likeness:.2f}", measure=measure)
    return (
        f"<h3>{html.escape(words)}</h3><p>{html.escape(tie_words(reference, compound, measure, kind, say))}</p>"
        f"{panels(face, shown, say)}{thumbnails(examples, say('relations_faces', name=say.name(compound)))}"
    )


class Relations:
    """Handlers of the tab, over what `cfer measure` found."""

    def __init__(self, reference: Reference) -> None:
        """Keep the measurements."""
        self.reference = reference

    def redraw(self, view: str, source: str, chosen: tuple[int, int] | None, visitor: Visitor) -> tuple[str, str, str]:
        """The matrix, what it says, and the chosen cell: everything that a switch changes."""
        say, reference = visitor.speech, self.reference
        return (
            matrix_table(reference, view, source, say, chosen),
            summary(reference, view, source, say),
            self._cell(view, source, chosen, say),
        )

    def choose(
        self, view: str, source: str, visitor: Visitor, event: gr.EventData
    ) -> tuple[tuple[int, int], str, str, str]:
        """Show a cell beside the matrix."""
        row, column = int(event.row), int(event.column)
        inside = 0 <= row < len(self.reference.compounds) and 0 <= column < len(self.reference.basics)
        chosen = (row, column) if inside else (0, 0)
        return (chosen, *self.redraw(view, source, chosen, visitor))

    def _cell(self, view: str, source: str, chosen: tuple[int, int] | None, say: Speech) -> str:
        if chosen is None:
            return f"<p>{html.escape(say('relations_pick'))}</p>"
        measure, kind = view if view in MEASURES else "cosine", method_of(source)
        row, column = chosen
        return cell(self.reference, self.reference.compounds[row], self.reference.basics[column], measure, kind, say)


def build_relations(reference: Reference, same_model: bool, visitor: gr.State, tab: gr.Tab) -> None:
    """Lay the tab out and wire it."""
    relations = Relations(reference)
    gr.Markdown(labels("relations_question"))
    gr.Markdown(labels("relations_built_in"))
    if not same_model:
        gr.Markdown(labels("relations_other_model"))
    chosen = gr.State(None)
    with gr.Row():
        view = gr.Dropdown(
            [*MEASURES, MIXTURE, HEAD, DELETION, UNITS], value="cosine", label=labels("relations_by"), min_width=200
        )
        source = gr.Dropdown(
            [(labels(key), name) for name, key in sources_of(reference).items()],
            value=INTEGRATED_GRADIENTS if INTEGRATED_GRADIENTS in sources_of(reference) else GRAD_CAM,
            label=labels("relations_of"),
            min_width=200,
        )
    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            table = gr.HTML(elem_id="relations-table", js_on_load=_CLICK)
        with gr.Column(scale=2, min_width=300):
            shown = gr.HTML(elem_id="relations-cell")
    with gr.Accordion(labels("relations_fold"), open=False):
        words = gr.Markdown(elem_id="relations-words")
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    for trigger in (view.input, source.input, tab.select):
        trigger(guarded(relations.redraw), [view, source, chosen, visitor], [table, words, shown], **quiet)
    table.select(guarded(relations.choose), [view, source, visitor], [chosen, table, words, shown], **quiet)


_CLICK = """element.addEventListener("click", (event) => {
  const cell = event.target.closest("button[data-row]");
  if (cell) trigger("select", { row: Number(cell.dataset.row), column: Number(cell.dataset.column) });
});"""
