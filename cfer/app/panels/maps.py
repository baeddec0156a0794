"""HTML of the map panels. Every text that goes in is escaped.

A panel carries the raw numbers of its map; `assets/maps.js` draws them in the browser, so that scale, colours, opacity,
contrast and the difference of maps answer without asking the model again.
"""

import base64
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.app.texts import Speech
from cfer.reading.reader import FaceReading

UNLIKELY = 0.05
"""Probability below which a map's class is said to be unlikely."""


@dataclass(frozen=True)
class Panel:
    """One map to be drawn over a face.

    Attributes:
        title: Above all else in the caption.
        raw: The map (h, w), signed.
        beside: After the title: a probability, say.
        notes: Further lines.
    """

    title: str
    raw: Tensor
    beside: str = ""
    notes: tuple[str, ...] = ()


def picture_uri(image: Image.Image) -> str:
    """A picture as the value of an `src`: PNG where it is transparent, JPEG otherwise."""
    buffer, form = io.BytesIO(), "PNG" if image.mode == "RGBA" else "JPEG"
    image.save(buffer, form, **({} if form == "PNG" else {"quality": 88}))
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def thumbnail(crop: np.ndarray, side: int = 112) -> Image.Image:
    """A small picture of a face crop."""
    return Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC)


def panels(face: np.ndarray, shown: Sequence[Panel], say: Speech, *, small: bool = False, legend: bool = True) -> str:
    """Maps over the same face crop (S, S, 3) side by side; the browser draws them."""
    picture = picture_uri(thumbnail(face, 112 if small else 256))
    figures = "".join(_figure(picture, panel, say) for panel in shown)
    kind = "cfer-maps small" if small else "cfer-maps"
    said = _legend(say) if legend else ""
    return f'<div class="{kind}">{figures}</div>{said}'


def _figure(picture: str, panel: Panel, say: Speech) -> str:
    values = json.dumps([[float(f"{v:.4g}") for v in row] for row in panel.raw.tolist()], separators=(",", ":"))
    alt = html.escape(" ".join([say("map_alt", name=panel.title), *panel.notes]), quote=True)
    notes = "".join(f'<span class="cfer-note">{html.escape(note)}</span>' for note in panel.notes if note)
    return (
        f'<figure><div class="cfer-stack"><img src="{picture}" alt="">'
        f'<canvas class="cfer-heat" role="img" aria-label="{alt}" data-map="{values}"></canvas></div>'
        f"<figcaption><b>{html.escape(panel.title)}</b> {html.escape(panel.beside)}"
        f'<span class="cfer-strength" title="{html.escape(say("strength_title"), quote=True)}">'
        f"<small>{html.escape(say('strength'))}</small><span><i></i></span></span>"
        f"{notes}</figcaption></figure>"
    )


def _legend(say: Speech) -> str:
    none, most, against = (html.escape(say(key)) for key in ("legend_none", "legend_most", "legend_against"))
    return (
        f'<div class="cfer-scale"><span class="against">{against}</span><span class="none">{none}</span><i></i>'
        f"<span>{most}</span></div>"
    )


def class_panels(
    face: FaceReading, names: Sequence[str], raws: Sequence[Tensor], say: Speech, constituents: Sequence[str] = ()
) -> list[Panel]:
    """Panels of some classes' maps on one face, with what has to be said of each.

    Beside a constituent of the answer stands its share among the basics: its probability among all classes is small
    because the blend has it.
    """
    found = []
    for place, (name, raw) in enumerate(zip(names, raws, strict=True)):
        twin = any(torch.equal(raw, other) for i, other in enumerate(raws) if i != place and names[i] != name)
        chance = face.probabilities[name]
        note, beside = "", say.percent(chance)
        if name in constituents:
            note, beside = say("constituent", p=say.percent(face.basics[name])), ""
        elif chance < UNLIKELY:
            note, beside = say("disbelieved", p=say.percent(chance)), ""
        if not bool((raw > 0).any()):
            note = say("no_evidence")
        elif twin:
            note = say("same_map")
        found.append(Panel(say.name(name), raw, beside, (note,) if note else ()))
    return found


def toolbar(say: Speech) -> str:
    """Controls of the drawing; the browser answers them alone."""

    def radio(group: str, choices: Sequence[str]) -> str:
        legend = html.escape(say(group))
        inputs = "".join(
            f'<label><input type="radio" name="cfer-{group}" data-cfer="{group}" value="{choice}"'
            f"{' checked' if i == 0 else ''}>{html.escape(say(f'{group}_{choice}'))}</label>"
            for i, choice in enumerate(choices)
        )
        return f"<fieldset><legend>{legend}</legend>{inputs}</fieldset>"

    def slider(name: str, value: float, low: float, high: float) -> str:
        label = html.escape(say(name))
        return (
            f'<label class="slide">{label}<input type="range" data-cfer="{name}" min="{low}" max="{high}" step="0.05" '
            f'value="{value}"></label>'
        )

    palettes = "".join(f"<option>{name}</option>" for name in ("viridis", "inferno", "orange"))
    return (
        f'<div class="cfer-tools">{radio("show", ("for", "both", "difference"))}{radio("scale", ("own", "common"))}'
        f"{slider('opacity', 0.75, 0, 1)}{slider('contrast', 0.5, 0, 1)}"
        f'<label class="slide">{html.escape(say("colours"))}<select data-cfer="colours">{palettes}</select></label>'
        "</div>"
    )


def thumbnails(crops: Sequence[np.ndarray], title: str) -> str:
    """Small pictures of face crops, numbered for those who cannot see them."""
    shown = "".join(f'<img src="{picture_uri(thumbnail(crop))}" alt="{i}">' for i, crop in enumerate(crops, 1))
    return f'<div class="cfer-thumbnails">{html.escape(title)} {shown}</div>'
