"""HTML of the map panels. Every text that goes in is escaped."""

import base64
import html
import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cfer.draw import evidence_words, overlay_parts, percent, shared_scale
from cfer.explain.report import amounts
from cfer.reader import FaceReading

FAINT = 0.2
"""Share of the common scale below which a map can hardly be seen."""


def picture_uri(image: Image.Image) -> str:
    """A picture as the value of an `src`: PNG where it is transparent, JPEG otherwise."""
    buffer, form = io.BytesIO(), "PNG" if image.mode == "RGBA" else "JPEG"
    image.save(buffer, form, **({} if form == "PNG" else {"quality": 88}))
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def map_panels(face: FaceReading, names: list[str], raws: list[Tensor], *, one_scale: bool) -> str:
    """Maps of some classes over the same face, by the same model, side by side.

    Args:
        face: A reading.
        names: Classes, in order.
        raws: Their maps (h, w), signed.
        one_scale: Whether the maps share one colour scale; otherwise each is stretched to its own maximum.
    """
    together = shared_scale(raws)
    figures = []
    for place, (name, raw) in enumerate(zip(names, raws, strict=True)):
        twin = any(torch.equal(raw, other) for i, other in enumerate(raws) if i != place and names[i] != name)
        scale = together if one_scale else shared_scale([raw])
        picture, heat = overlay_parts(face.crop, raw, scale)
        probability = face.probabilities[name]
        note = evidence_words(raw, probability, twin)
        if one_scale and 0 < float(raw.max()) < FAINT * together:
            note = "; ".join(filter(None, (note, "faint beside the others on this scale")))
        label = html.escape(name)
        said = html.escape(f"Where the evidence for {name} lies. {note}".strip(), quote=True)
        figures.append(
            f'<figure><div class="cfer-stack"><img src="{picture_uri(picture)}" alt="{said}">'
            f'<img class="cfer-heat" src="{picture_uri(heat)}" alt=""></div>'
            f"<figcaption><b>{label}</b> {html.escape(percent(probability))}"
            f'<span class="cfer-note">{html.escape(_amounts(raw))}</span>'
            f'<span class="cfer-note">{html.escape(note)}</span></figcaption></figure>'
        )
    scale_words = "one scale for all maps" if one_scale else "each map on its own scale"
    legend = f'<div class="cfer-scale">little evidence <i></i> most evidence, {scale_words}</div>'
    return f'<div class="cfer-maps">{"".join(figures)}</div>{legend}'


def _amounts(raw: Tensor) -> str:
    speaks_for, against = amounts(raw)
    return f"evidence for {speaks_for:.1f}, against {against:.1f}"


def thumbnails(crops: list[np.ndarray]) -> str:
    """Small pictures of face crops, numbered for those who cannot see them."""
    images = (Image.fromarray(crop).resize((112, 112)) for crop in crops)
    shown = "".join(f'<img src="{picture_uri(image)}" alt="face {i}">' for i, image in enumerate(images, 1))
    return f'<div class="cfer-thumbnails">The faces it learned from: {shown}</div>'
