"""Drawn faces in FER+'s own layout, and settings for a tiny network that learns them."""

import csv
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cfer.emotions import BASICS
from cfer.network.backbone import BackboneConfig
from cfer.network.preprocessing import Preprocessing
from cfer.training.augment import Augmentation
from cfer.training.config import BasicConfig

VOTE_COLUMNS = (
    *("neutral", "happiness", "surprise", "sadness", "anger"),
    *("disgust", "fear", "contempt", "unknown", "NF"),
)
FERPLUS_NAME = {
    "neutral": "neutral",
    "happy": "happiness",
    "sad": "sadness",
    "fearful": "fear",
    "angry": "anger",
    "surprised": "surprise",
    "disgusted": "disgust",
}
# mouth curve, mouth opening, brow slant, eye opening of each class
SHAPES = {
    "neutral": (0, 1, 0, 3),
    "happy": (6, 1, 0, 3),
    "sad": (-6, 1, -3, 2),
    "fearful": (-3, 4, -4, 5),
    "angry": (-3, 1, 4, 2),
    "surprised": (0, 7, -2, 5),
    "disgusted": (-6, 3, 4, 1),
}


def draw_face(parts: tuple[str, ...], rng: np.random.Generator, size: int = 48) -> Image.Image:
    """A cartoon face; with two parts it shows their mean."""
    curve, opening, slant, eyes = np.mean([SHAPES[p] for p in parts], axis=0) + rng.normal(0, 0.4, 4)
    image = Image.new("L", (size, size), int(rng.integers(20, 120)))
    pen = ImageDraw.Draw(image)
    skin, ink = int(rng.integers(150, 230)), int(rng.integers(10, 60))
    pen.ellipse((4, 1, 44, 47), fill=skin)
    for x, sign in ((16, 1), (32, -1)):
        pen.ellipse((x - 4, 19 - abs(eyes), x + 4, 19 + abs(eyes)), fill=ink)
        pen.line((x - 5, 11 - slant * sign, x + 5, 11 + slant * sign), fill=ink, width=2)
    points = [(14 + i, 36 - curve * ((i - 10) / 10) ** 2 + curve / 2) for i in range(21)]
    pen.line(points, fill=ink, width=max(1, round(abs(opening))))
    return image


def _votes(parts: tuple[str, ...]) -> dict[str, int]:
    votes = dict.fromkeys(VOTE_COLUMNS, 0)
    for part, n in zip(parts, (6, 4) if len(parts) == 2 else (10,), strict=True):
        votes[FERPLUS_NAME[part]] = n
    return votes


def write_ferplus(root: Path, per_class: dict[str, int], compounds: dict[tuple[str, str], dict[str, int]]) -> None:
    """Write drawn faces in FER+'s folder layout; the counts are pictures a class in each usage."""
    rng = np.random.default_rng(0)
    usages = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
    rows = []
    for usage, folder in usages.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        jobs = [((name,), per_class[usage]) for name in BASICS] + [(pair, n[usage]) for pair, n in compounds.items()]
        for parts, count in jobs:
            for _ in range(count):
                name = f"fer{len(rows):07d}.png"
                draw_face(parts, rng).save(root / folder / name)
                rows.append({"Usage": usage, "Image name": name, **_votes(parts)})
    with (root / "fer2013new.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["Usage", "Image name", *VOTE_COLUMNS])
        writer.writeheader()
        writer.writerows(rows)
    with (root / "duplicates.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["Image name", "duplicate_group", "fer2013_label"])
        writer.writeheader()
        writer.writerows({"Image name": r["Image name"], "duplicate_group": i} for i, r in enumerate(rows))


TINY = BasicConfig(
    backbone=BackboneConfig("test_efficientnet"),
    preprocessing=Preprocessing(input_px=64, detail_px=48),
    augmentation=Augmentation(0.05, (0.95, 1.05), 0.03, 0.1, 0.05, 0.1, 40, 0.02, 0),
    epochs=5,
    batch_size=16,
    learning_rate=4e-3,
    frozen_groups=0,
    average=0.8,
)


@contextmanager
def killed_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Kill the basic phase when it draws the views of the step after so many."""
    from cfer.training import loop

    taken, draw = [], loop.random_views

    def counted(*args, **kwargs):
        taken.append(1)
        if len(taken) > steps:
            raise KeyboardInterrupt
        return draw(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "random_views", counted)
        with pytest.raises(KeyboardInterrupt):
            yield
