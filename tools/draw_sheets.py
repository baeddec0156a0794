"""Draw the contact sheets of docs/synthetic-faces.md.

    python tools/draw_sheets.py

12 people in the seven basic classes, 6 people in the fifteen compounds, and what is known of three pictures.
"""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw, ImageFont

from cfer.emotions import BASICS, COMPOUNDS
from cfer.synth.dataset import Plan, Shot, take
from cfer.synth.truth import Region, Truth

DOCS = Path(__file__).parent.parent / "docs"
FIRST = 300
_COLOURS = np.array(
    [
        *([40, 40, 40], [229, 180, 145], [200, 80, 90], [90, 60, 40]),
        *([90, 160, 255], [250, 250, 250], [120, 30, 40], [60, 50, 90]),
    ],
    np.uint8,
)


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A picture with a line of text in its corner."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    pen.rectangle((0, 0, pen.textlength(text, font) + 6, 17), fill=(0, 0, 0))
    pen.text((3, 1), text, fill=(255, 255, 255), font=font)
    return np.asarray(image)


def sheet(people: int, classes: tuple[str, ...], size: int) -> Image.Image:
    """A row a person, a column a class."""
    taken = {shot: take(shot, size)[0] for shot in Plan(people, 1, FIRST, classes, size).shots()}
    rows = [
        np.concatenate([captioned(taken[Shot(p, c, 0)], c) for c in classes], 1) for p in range(FIRST, FIRST + people)
    ]
    return Image.fromarray(np.concatenate(rows))


def truth_row(shot: Shot, size: int, columns: int) -> np.ndarray:
    """A picture, its parts, its landmarks and the displacement of its units."""
    picture, truth = take(shot, size)
    dots = Image.fromarray(picture)
    pen = ImageDraw.Draw(dots)
    for (x, y), seen in zip(truth.landmarks, truth.visible, strict=True):
        pen.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=(0, 255, 80) if seen else (255, 60, 60))
    tiles = [
        captioned(picture, shot.expression),
        captioned(_COLOURS[truth.regions], "parts"),
        captioned(np.asarray(dots), "68 landmarks"),
        *(captioned(_heat(picture, truth, u), f"AU{u} {truth.units[u]:.2f}") for u in truth.units),
    ]
    tiles += [np.zeros_like(picture)] * (columns - len(tiles))
    return np.concatenate(tiles[:columns], 1)


def _heat(picture: np.ndarray, truth: Truth, unit: int) -> np.ndarray:
    field = truth.displacement[unit] / max(truth.displacement[unit].max(), 1e-6)
    heat = colormaps["inferno"](field)[..., :3] * 255
    share = (0.75 * field * (truth.regions != Region.BACKGROUND))[..., None]
    return (picture * 0.55 * (1 - share) + heat * share).astype(np.uint8)


def main() -> None:
    """Draw all."""
    DOCS.mkdir(exist_ok=True)
    sheet(12, BASICS, 160).save(DOCS / "synthetic-basic.jpg", quality=85)
    sheet(6, COMPOUNDS, 160).save(DOCS / "synthetic-compound.jpg", quality=85)
    shots = (Shot(301, "fearfully surprised", 0), Shot(304, "happily disgusted", 1), Shot(302, "sadly angry", 0))
    rows = np.concatenate([truth_row(shot, 192, 9) for shot in shots])
    Image.fromarray(rows).save(DOCS / "synthetic-truth.jpg", quality=85)


if __name__ == "__main__":
    main()
