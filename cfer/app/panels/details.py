"""Details below the maps: muscle by muscle, part by part, and the numbers of a relation. HTML, everything escaped."""

import html

import torch
from torch import Tensor

from cfer.app.panels.map_kinds import unit_parts
from cfer.app.panels.maps import Panel, panels
from cfer.app.texts import Speech
from cfer.emotions import UNIT_NAMES
from cfer.explain.regions import Shares, densest
from cfer.explain.report import amounts
from cfer.reading.reader import FaceReading, Reader


def muscles(reader: Reader, face: FaceReading, name: str, say: Speech) -> str:
    """Maps of what speaks for a class by muscle; empty for neutral, and for a model that reads no muscles."""
    parts = unit_parts(reader, face, name)
    if not parts:
        return ""
    shown = []
    for number, raw in [*parts, ("sum", torch.stack([raw for _, raw in parts]).sum(0))]:
        known = {"rest": say("unit_rest"), "beyond": say("unit_beyond"), "sum": say("unit_sum", name=say.name(name))}
        named = isinstance(number, int)
        title = f"{say.sight(number, UNIT_NAMES.get(number, ''))} (AU{number})" if named else known[number]
        pros, cons = amounts(raw)
        shown.append(Panel(title, raw, notes=(say("unit_speaks", evidence=f"{pros - cons:+.1f}"),)))
    note = html.escape(say("by_muscle_note", name=say.name(name)))
    return _fold("by_muscle", f"<p>{note}</p>{panels(face.crop, shown, say, small=True, legend=False)}", say)


def regions(face: FaceReading, name: str, raw: Tensor, method: str, say: Speech) -> str:
    """Bars of a map's evidence by part of the face; empty without landmarks."""
    found = face.explanation_of(name, method, raw).regions
    if found is None:
        return ""
    rows = sorted(zip(found.regions, found.speaks_for, strict=True), key=lambda row: -_known(row[1]))
    most = max((_known(density) for _, density in rows), default=0.0) or 1.0
    bars = "".join(
        f'<li><span>{html.escape(say.name(region))}</span><span class="bar">'
        f'<i class="c0" style="width:{100 * _known(density) / most:.1f}%"></i></span><b>{_known(density):.1f}</b></li>'
        for region, density in rows
    )
    title = html.escape(say("region_title", name=say.name(name)))
    return _fold("by_region", f'<div class="cfer-bars wide"><p>{title}</p><ul>{bars}</ul></div>', say)


def densest_words(found: Shares | None, name: str, say: Speech) -> str:
    """The two parts of the face with the densest evidence, in words; empty where nothing stands out."""
    best = densest(found) if found else ()
    said = [say("region_density", region=say.name(region), density=f"{density:.1f}") for density, region in best]
    return say("densest", name=say.name(name), where=f" {say('and')} ".join(said)) if said else ""


def _known(value: float) -> float:
    return 0.0 if value != value else value


def _fold(title: str, content: str, say: Speech) -> str:
    return f'<details class="cfer-fold"><summary>{html.escape(say(title))}</summary>{content}</details>'
