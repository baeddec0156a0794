"""Pictures and plots from readings. Pure functions, no global state."""

from collections.abc import Sequence
from functools import cache
from textwrap import wrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from plotly.colors import sample_colorscale
from torch import Tensor

from cfer.explain.maps import positive, upsample


@cache
def _viridis() -> np.ndarray:
    """Plotly's Viridis in 256 steps (256, 3) uint8: even in lightness, safe for colour-blind eyes."""
    steps = sample_colorscale("Viridis", np.linspace(0, 1, 256).tolist(), colortype="tuple")
    return np.rint(np.array(steps) * 255).astype(np.uint8)


def colour(values: np.ndarray) -> np.ndarray:
    """Values (H, W) in [0, 1] -> (H, W, 3) uint8 on the viridis scale."""
    return _viridis()[np.rint(np.clip(values, 0, 1) * 255).astype(int)]


def luminance(shade: np.ndarray) -> float:
    """Relative luminance of an sRGB colour (3,) uint8, 0 to 1, after WCAG 2.2."""
    linear = np.where(shade <= 10, shade / 255 / 12.92, ((shade / 255 + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


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


def result_picture(
    crop: np.ndarray, sentence: str, titles: Sequence[str], raws: Sequence[Tensor], note: str, side: int = 300
) -> Image.Image:
    """A result as one picture to share: the sentence, the face, its maps each on its own scale, and a note.

    Args:
        crop: The face (S, S, 3) uint8.
        sentence: Above.
        titles: Of the maps.
        raws: The maps (h, w), signed.
        note: Below, small; as many lines as it needs.
        side: Of the face and of each map, in pixels.
    """
    gap = 16
    width = gap + (1 + len(raws)) * (side + gap)
    large, plain, small = (ImageFont.load_default(size=size) for size in (30, 18, 14))
    # the font has no glyph for spaces that do not break
    sentence, *titles = (text.replace("\N{NO-BREAK SPACE}", " ") for text in (sentence, *titles))
    lines = wrap(note, max(20, width // 8))
    image = Image.new("RGB", (width, side + 130 + 20 * len(lines)), "white")
    pen = ImageDraw.Draw(image)
    pen.text((gap, 16), sentence, fill="#111827", font=large)
    face = Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC)
    image.paste(face, (gap, 64))
    for place, (title, raw) in enumerate(zip(titles, raws, strict=True), 1):
        left = gap + place * (side + gap)
        image.paste(overlay(crop, raw, shared_scale([raw]), 0.75, side), (left, 64))
        pen.text((left, side + 72), title, fill="#111827", font=plain)
    for number, line in enumerate(lines):
        pen.text((gap, side + 110 + 20 * number), line, fill="#475569", font=small)
    return image


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
