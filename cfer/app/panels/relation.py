"""Panel of a compound's ties to its basics on the face shown: a sentence, and in the fold the numbers behind it."""

import html

from cfer.app.texts import Speech
from cfer.explain.reference import RELATED
from cfer.explain.report import Comparison, Numbers, RelationReport
from cfer.reading.reader import FaceReading, Reader


def relation_panel(reader: Reader, face: FaceReading, name: str, say: Speech) -> str:
    """HTML about one class on one face, everything escaped; for a class without two basics it says so."""
    if not reader.relatable(name):
        return f'<p class="cfer-note">{html.escape(say("relation_none", name=say.name(name)))}</p>'
    return render(face.relation(name), say)


def render(report: RelationReport, say: Speech) -> str:
    """HTML of a relation, everything escaped."""
    summary = html.escape(say("numbers", name=say.name(report.compound)))
    lines = f'<p class="cfer-tie">{html.escape(verdict(report, say))}</p>'
    numbers = f"{_table(report, say)}{_notes(report, say)}"
    return f'{lines}<details class="cfer-fold"><summary>{summary}</summary>{numbers}</details>'


def verdict(report: RelationReport, say: Speech) -> str:
    """One plain sentence on a tie that names who is most alike, the ranking, and whether chance gives the same."""
    comparison = report.comparisons[-1]  # what differs from a neutral face, where the model allows it
    alike = {n: v for n, v in zip(report.basics, comparison.likeness["cosine"], strict=True) if v is not None}
    ranked = sorted(alike, key=lambda name: -alike[name])
    highest = max((alike[name] for name in ranked if name not in report.constituents), default=0.0)
    above = [name for name in ranked if name in report.constituents and alike[name] > highest]
    first, second = sorted(report.constituents, key=lambda name: -alike.get(name, 0.0))
    names = {"name": say.name(report.compound), "first": say.name(first), "second": say.name(second)}
    if not ranked:
        return say("tie_nothing", **names)
    key = {2: "tie_both", 1: "tie_one", 0: "tie_none"}[len(above)]
    order = ", ".join(f"{say.name(name)} {alike[name]:.2f}" for name in ranked)
    said = say(key, winner=say.name(ranked[0]), **names)
    return f"{said} {say('tie_ranked', order=order)} {_chance(comparison, say) if above else ''}".strip()


def _chance(comparison: Comparison, say: Speech) -> str:
    if comparison.beyond_chance is None:
        return say("tie_unknown")
    return say("tie_more" if comparison.beyond_chance else "tie_within")


def _table(report: RelationReport, say: Speech) -> str:
    columns: dict[str, Numbers] = {}
    for method in RELATED:
        if comparison := report.by(method):
            columns[say(f"column_{method}")] = comparison.likeness["cosine"]
    columns[say("column_rows")] = report.head_likeness
    columns[say("column_lost")] = report.lost_without
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in (say("column_basic"), *columns))
    rows = []
    for place, name in enumerate(report.basics):
        cells = "".join(f"<td>{_cell(values[place], say)}</td>" for values in columns.values())
        label = html.escape(say.name(name))
        shown = f"<b>{label}</b>" if name in report.constituents else label
        rows.append(f"<tr><td>{shown}</td>{cells}</tr>")
    gaps = "".join(f"<td><b>{_cell(report.gap_of(values), say, sign=True)}</b></td>" for values in columns.values())
    rows.append(f"<tr><td><b>{html.escape(say('row_gap'))}</b></td>{gaps}</tr>")
    return f'<div class="cfer-numbers"><table><tr>{heads}</tr>{"".join(rows)}</table></div>'


def _cell(value: float | None, say: Speech, *, sign: bool = False) -> str:
    if value is None:
        return html.escape(say("no_number"))
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def _notes(report: RelationReport, say: Speech) -> str:
    said = [
        say("explain_likeness"),
        say("explain_rows"),
        say("explain_lost", random=_cell(report.lost_without_random, say)),
    ]
    if report.mixture_explained is not None:
        share, place = say.percent(report.mixture_explained), f"{report.mixture_rank:g}"
        said.append(say("explain_mixture", parts=say.both(report.constituents), share=share, place=place))
    return "".join(f'<p class="cfer-note">{html.escape(line)}</p>' for line in said)
