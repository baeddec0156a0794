"""Pictures and plots from readings. Pure functions, no global state."""

from functools import cache

import numpy as np
import plotly.graph_objects as go
import torch
from PIL import Image, ImageDraw, ImageFont
from plotly.colors import sample_colorscale
from torch import Tensor

from cfer.explain.maps import positive, upsample

_COLOURS = ("#6366f1", "#0d9488", "#64748b")


@cache
def _viridis() -> np.ndarray:
    """Plotly's Viridis in 256 steps (256, 3) uint8: even in lightness, safe for colour-blind eyes."""
    steps = sample_colorscale("Viridis", np.linspace(0, 1, 256).tolist(), colortype="tuple")
    return np.rint(np.array(steps) * 255).astype(np.uint8)


def colour(values: np.ndarray) -> np.ndarray:
    """Values (H, W) in [0, 1] -> (H, W, 3) uint8 on the viridis scale."""
    return _viridis()[np.rint(np.clip(values, 0, 1) * 255).astype(int)]


def shared_scale(maps: list[Tensor]) -> float:
    """The largest positive value over some raw maps: one scale on which they may be compared; 0 if there is none."""
    return max((float(positive(m).max()) for m in maps), default=0.0)


def overlay(crop: np.ndarray, raw: Tensor, scale: float, opacity: float = 0.5, size: int = 336) -> Image.Image:
    """A map over its face.

    Where the map is zero or negative the face stays as it is; the opacity grows with the evidence, so a class without
    evidence shows the plain face rather than noise stretched to full colour.

    Args:
        crop: (S, S, 3) uint8.
        raw: (h, w), signed.
        scale: The value that gets full colour; see `shared_scale`.
        opacity: 0 to 1, at full evidence.
        size: Side of the result.
    """
    face = np.asarray(Image.fromarray(crop).resize((size, size), Image.Resampling.BICUBIC)).astype(np.float64)
    if scale <= 0:
        return Image.fromarray(face.astype(np.uint8))
    heat = upsample(positive(raw), size).numpy() / scale  # (size, size)
    alpha = (opacity * np.clip(heat, 0, 1) ** 0.5)[..., None]
    return Image.fromarray(np.rint(face * (1 - alpha) + colour(heat) * alpha).astype(np.uint8))


def overlay_parts(crop: np.ndarray, raw: Tensor, scale: float, size: int = 336) -> tuple[Image.Image, Image.Image]:
    """Face and transparent heat as two pictures, for a viewer that sets the opacity itself."""
    face = Image.fromarray(crop).resize((size, size), Image.Resampling.BICUBIC)
    heat = upsample(positive(raw), size).numpy() / scale if scale > 0 else np.zeros((size, size))
    alpha = np.rint(255 * np.clip(heat, 0, 1) ** 0.5).astype(np.uint8)
    return face, Image.fromarray(np.dstack([colour(heat), alpha]), "RGBA")


def boxed(picture: np.ndarray, boxes: list[tuple[float, float, float, float]], chosen: int) -> Image.Image:
    """A picture with its faces framed and numbered from 1, the chosen one brighter; at most 900 pixels a side."""
    image = Image.fromarray(picture)
    factor = min(1.0, 900 / max(image.size))
    if factor < 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(image)
    width = max(2, max(image.size) // 200)
    font = ImageFont.load_default(size=max(14, max(image.size) // 28))
    for number, box in enumerate(boxes):
        ink = "#facc15" if number == chosen else "#ffffff"
        x0, y0, x1, y1 = (round(v * factor) for v in box)
        pen.rectangle((x0, y0, x1, y1), outline=ink, width=width)
        pen.text(
            (x0 + width + 2, y0 + width), str(number + 1), fill=ink, font=font, stroke_width=2, stroke_fill="black"
        )
    return image


def percent(probability: float) -> str:
    """A probability in whole percents, a small one in words."""
    return "< 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def probability_bars(probabilities: dict[str, float], title: str, colour_index: int = 0) -> go.Figure:
    """Bars of some classes, all on the scale from 0 to 100 %, in the order given."""
    names = list(probabilities)[::-1]
    values = [100 * probabilities[n] for n in names]
    bars = go.Bar(
        x=values,
        y=names,
        orientation="h",
        marker_color=_COLOURS[colour_index],
        text=[percent(v / 100) for v in values],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_layout(
        title={"text": title, "font": {"size": 14}},
        height=60 + 30 * max(3, len(names)),
        margin={"l": 10, "r": 45, "t": 36, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color="#7f8ea3",
        xaxis={"range": [0, 100], "visible": False, "fixedrange": True},
        yaxis={"automargin": True, "fixedrange": True},
    )
    return figure


def evidence_words(raw: Tensor, probability: float, twin: bool = False) -> str:
    """What to say beside a map: a caution where it has little to show.

    Args:
        raw: (h, w), signed.
        probability: The map's class's, 0 to 1.
        twin: Whether the map is the same as another one shown.
    """
    if not bool(torch.any(raw > 0)):
        return "no evidence for this expression anywhere in the face"
    if twin:
        return "the same map as its neighbour: the model does not tell them apart here"
    if probability < 0.05:
        return "the model does not believe in this expression: others have more evidence in this face"
    return ""
