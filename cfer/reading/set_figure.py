"""Figure of a compound's ties over a set of faces, as SVG: mean maps on the mean face, likeness with intervals."""

import base64
import io
from html import escape

from PIL import Image

from cfer.explain.methods import METHODS
from cfer.explain.relation import SIX
from cfer.reading.draw import overlay, shared_scale
from cfer.reading.own_set import SetRelation

SIDE, GAP, LEFT, BAR = 150, 12, 150, 20
"""Sides in SVG's units: of a map, between maps, of the bars' labels, of a bar."""
WIDTH = 7 * SIDE + 6 * GAP


def set_figure(found: SetRelation) -> str:
    """An SVG document that stands alone: no font file, no style sheet, no network."""
    raws = list(found.mean_maps)
    order = [found.compound, *found.ranked]
    parts = []
    for place, name in enumerate(order):
        raw = raws[0] if place == 0 else raws[1 + SIX.index(name)]
        x, drawn = place * (SIDE + GAP), overlay(found.mean_face, raw, shared_scale([raw]))
        weight = "bold" if name == found.compound or name in found.constituents else "normal"
        middle = x + SIDE / 2
        parts.append(
            f'<image x="{x}" y="0" width="{SIDE}" height="{SIDE}" href="{_uri(drawn)}"/>'
            f'<text x="{middle}" y="{SIDE + 16}" text-anchor="middle" font-weight="{weight}">{escape(name)}</text>'
        )
    top, span = SIDE + 40, WIDTH - LEFT - 90
    for place, name in enumerate(found.ranked):
        value, y = found.likeness[name], top + place * (BAR + 6)
        shade = "#4f46e5" if name in found.constituents else "#94a3b8"
        parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        if not value.known:
            parts.append(f'<text x="{LEFT}" y="{y + 15}">no evidence for it on any face</text>')
            continue
        parts.append(
            f'<rect x="{LEFT}" y="{y}" width="{span * max(value.mean, 0):.1f}" height="{BAR}" fill="{shade}"/>'
            f'<line x1="{LEFT + span * value.low:.1f}" x2="{LEFT + span * value.high:.1f}" y1="{y + BAR / 2}" '
            f'y2="{y + BAR / 2}" stroke="#111" stroke-width="2"/>'
            f'<text x="{LEFT + span + 8}" y="{y + 15}">{value.mean:.2f} ({value.low:.2f} to {value.high:.2f})</text>'
        )
    foot = top + len(SIX) * (BAR + 6) + 18
    lines = caption(found)
    parts += [f'<text x="0" y="{foot + 18 * i}">{escape(line)}</text>' for i, line in enumerate(lines)]
    height = foot + 18 * len(lines)
    title = escape(f"{found.compound} beside the six basic expressions, {found.faces} faces")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 {WIDTH + 100} {height}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{title}</title>'
        f'<rect x="-2" y="-2" width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def caption(found: SetRelation) -> list[str]:
    """Lines that say what the figure shows."""
    gap, (low, high) = found.gap, found.chance
    said = "more than chance" if found.beyond_chance else "not more than chance shows"
    return [
        f"Mean maps of {found.compound} and of the six basics on the mean of {found.faces} faces "
        f"({found.people} people). Each map has its own scale.",
        f"Method: {METHODS[found.method].title}. Likeness: cosine of two maps' positive evidence on the same face. "
        "Lines: 95 % intervals over people.",
        f"Gap, constituents less the others: {gap.mean:+.2f} ({gap.low:+.2f} to {gap.high:+.2f}); random heads "
        f"{low:+.2f} to {high:+.2f}: {said}.",
        f"{100 * found.called:.0f} % of the faces are called {found.compound}. Model {found.model[:12]}.",
    ]


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
