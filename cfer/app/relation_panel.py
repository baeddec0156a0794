"""What ties a compound to its basics on the face that is shown: sentences with their yardstick, numbers behind them."""

import html

from cfer.explain.report import MapKind, Numbers, RelationReport
from cfer.reader import FaceReading, Reader

_KINDS = {MapKind.INTEGRATED_GRADIENTS: "What differs from a neutral face", MapKind.GRAD_CAM: "The whole face"}
"""Kinds of maps in words; the first is missing where the backbone cannot be divided."""
_NO_YARDSTICK = (
    "How large a gap is by chance was not measured on this model: read these numbers with care. "
    "(`cfer measure` measures it.)"
)


def relation_panel(reader: Reader, face: FaceReading, name: str) -> str:
    """HTML about one class on one face, everything escaped; empty unless two of the six basics make it up."""
    return render(face.relation(name)) if reader.relatable(name) else ""


def render(report: RelationReport) -> str:
    """HTML of a relation, everything escaped."""
    said = [
        f"{words}: {comparison.verdict}"
        for kind, words in _KINDS.items()
        if (comparison := report.by(kind)) and comparison.verdict
    ]
    lines = "".join(f'<p class="cfer-tie">{html.escape(line)}</p>' for line in said or [_NO_YARDSTICK])
    summary = html.escape(f"Numbers: {report.compound} and the six basics")
    return f"{lines}<details><summary>{summary}</summary>{_table(report)}{_notes(report)}</details>"


def _table(report: RelationReport) -> str:
    columns: dict[str, Numbers] = {}
    for kind, words in _KINDS.items():
        if comparison := report.by(kind):
            columns[f"likeness of maps: {words.lower()}"] = comparison.likeness["cosine"]
    columns["likeness of the head's rows"] = report.head_likeness
    columns["score lost without its evidence"] = report.lost_without
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in ("basic", *columns))
    rows = []
    for place, name in enumerate(report.basics):
        cells = "".join(f"<td>{_cell(values[place])}</td>" for values in columns.values())
        shown = f"<b>{html.escape(name)}</b>" if name in report.constituents else html.escape(name)
        rows.append(f"<tr><td>{shown}</td>{cells}</tr>")
    gaps = "".join(f"<td><b>{_cell(report.gap_of(values), sign=True)}</b></td>" for values in columns.values())
    rows.append(f"<tr><td><b>constituents less others</b></td>{gaps}</tr>")
    return f'<div class="cfer-numbers"><table><tr>{heads}</tr>{"".join(rows)}</table></div>'


def _cell(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "no evidence"
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def _notes(report: RelationReport) -> str:
    first, second = report.constituents
    said = [
        "Likeness is a cosine; by chance the difference in the last row is 0. A score is a logit less the mean logit; "
        f"blurring as many cells at random costs {_cell(report.lost_without_random)}."
    ]
    if report.mixture_explained is not None:
        said.append(
            f"{first} and {second} together explain {100 * report.mixture_explained:.0f} % of the compound's "
            f"whole-face evidence: place {report.mixture_rank:g} among the 15 pairs of basics, 8 by chance."
        )
    return "".join(f'<p class="cfer-note">{html.escape(line)}</p>' for line in said)
