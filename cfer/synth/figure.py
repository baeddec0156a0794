"""A person made ready to render: shape, painted skin, brows and hair."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from cfer.synth import paint
from cfer.synth.chart import SIZE, Chart, load_chart
from cfer.synth.filters import blur, noise
from cfer.synth.hair import Strands, grow_brows, grow_hair
from cfer.synth.head import load_head
from cfer.synth.person import Person
from cfer.synth.wrinkles import WRINKLES

_WRINKLE_DEPTH = 0.07  # cm at full intensity


@dataclass(frozen=True)
class Figure:
    """Figure of a person, as in every picture of theirs.

    Attributes:
        person: Who it is.
        vertices: (V, 3) float32 the resting head, cm.
        skin: (SIZE, SIZE, 8) float32 chart: linear reflectance, gradient of the pores' relief, gloss and lips in 0..1.
        wrinkle_depth: (N,) float32 how deep each wrinkle gets at full intensity (cm), in the order of `WRINKLES`.
        age_lines: Share of every wrinkle that is always there.
        brows: The brows.
        hair: The hair, or None.
    """

    person: Person
    vertices: np.ndarray
    skin: np.ndarray
    wrinkle_depth: np.ndarray
    age_lines: float
    brows: Strands
    hair: Strands | None


@cache
def _regions() -> dict[str, np.ndarray]:
    chart = load_chart()
    points = chart.position
    lips = blur(chart.lips, 1.5)
    named = {
        "cheeks": paint.cheeks(points),
        "nose": paint.nose_tip(points),
        "chin": paint.chin(points),
        "forehead": paint.forehead(points),
        "under": paint.under_eyes(points),
        "lids": paint.lids(points),
        "rims": paint.lid_rims(points),
        "beard": paint.beard(points, lips),
        "brow": paint.brow(points),
        "scalp": paint.scalp(points) * (1 - chart.ears),
        "lips": lips,
    }
    return {name: region.astype(np.float32)[..., None] for name, region in named.items()}


@cache
def surface() -> np.ndarray:
    """Surface that every skin shares, (SIZE, SIZE, 2) float32: gloss and lips, each in 0..1."""
    return np.stack([paint.gloss(load_chart().position), _regions()["lips"][..., 0]], -1).astype(np.float32)


@lru_cache(maxsize=2)
def build_figure(seed: int) -> Figure:
    """Build the figure of `Person.sample(seed)` (about a third of a second; the last two are remembered)."""
    return make_figure(Person.sample(seed))


def make_figure(person: Person) -> Figure:
    """Build a person's figure."""
    rng = np.random.default_rng([person.seed, 2])
    chart = load_chart()
    relief = 0.006 * noise(rng, SIZE, 1.5) + 0.006 * noise(rng, SIZE, 3.3)
    pores = chart.gradient(relief) * np.float32(0.3 + 0.4 * person.age / 70)
    old = float(np.clip((person.age - 20) / 40, 0, 1))
    return Figure(
        person=person,
        vertices=load_head().build(dict(person.identity)),
        skin=np.concatenate([_paint_skin(person, chart, rng), pores, surface()], -1),
        wrinkle_depth=(_WRINKLE_DEPTH * (0.6 + 0.6 * old) * rng.uniform(0.6, 1.15, len(WRINKLES))).astype(np.float32),
        age_lines=0.35 * float(np.clip((person.age - 38) / 40, 0, 1)),
        brows=grow_brows(person),
        hair=grow_hair(person),
    )


def _paint_skin(person: Person, chart: Chart, rng: np.random.Generator) -> np.ndarray:
    regions = _regions()
    base = np.array(person.skin, np.float32)
    hair = np.array(person.hair, np.float32)
    skin = np.broadcast_to(base, (SIZE, SIZE, 3)).copy()

    def glaze(share: np.ndarray, tint: tuple[float, float, float] | np.ndarray) -> None:
        nonlocal skin
        skin *= 1 - share * (1 - np.asarray(tint, np.float32))

    red = (1.04, 0.86, 0.83)
    glaze(regions["cheeks"] * person.blush, red)
    glaze(regions["nose"] * person.blush * 0.9, red)
    glaze(regions["chin"] * 0.25, red)
    glaze(regions["forehead"] * 0.4, (1.02, 1.02, 0.97))
    glaze(regions["under"] * person.shade, (0.80, 0.73, 0.75))
    glaze(regions["lids"] * person.shade, (0.84, 0.75, 0.72))
    glaze(regions["rims"] * 0.7, (0.74, 0.58, 0.55))
    scale = SIZE / 640
    tone = (
        0.025 * noise(rng, SIZE, 18 * scale)
        + 0.018 * noise(rng, SIZE, 5 * scale)
        + 0.016 * noise(rng, SIZE, 1.6 * scale)
    )
    blood = 0.020 * noise(rng, SIZE, 9 * scale) + 0.012 * noise(rng, SIZE, 3 * scale)
    skin *= (1 + tone)[..., None]
    skin *= np.stack([1 + 0.4 * blood, 1 - blood, 1 - blood], -1)
    if person.spots:
        dots = np.zeros((SIZE, SIZE), np.float32)
        dots[tuple(rng.integers(0, SIZE, (2, person.spots)))] = rng.uniform(0.3, 1, person.spots)
        glaze(np.clip(blur(dots, 1.3 * scale) * 16, 0, 0.5)[..., None], (0.62, 0.5, 0.42))
    if person.stubble:
        grain = np.clip(0.5 + 0.5 * noise(rng, SIZE, 0.9 * scale), 0, 1)[..., None]
        share = np.clip(regions["beard"] * person.stubble * (0.5 + 0.55 * grain), 0, 0.8)
        glaze(share, np.array([0.44, 0.45, 0.48]) + 0.25 * np.minimum(1, hair / base.mean()))
    full = np.array([0.40, 0.10, 0.10], np.float32) * (0.45 + base.mean())
    lip = base * np.array([0.93, 0.66, 0.62], np.float32) * (1 - person.lips) + full * person.lips
    share = regions["lips"] * 0.85
    skin = skin * (1 - share) + lip * share * (1 + 0.05 * noise(rng, SIZE, 2 * scale))[..., None]
    share = np.clip(regions["brow"] * 0.42 * person.brow_density, 0, 1)
    skin = skin * (1 - share) + np.array(person.brows, np.float32) * share
    share = regions["scalp"] * (0.2 if person.hair_style == "bald" else 0.88)
    skin = skin * (1 - share) + (hair * 0.8 + 0.05 * base) * share
    return np.clip(skin, 0.004, 0.95).astype(np.float32)
