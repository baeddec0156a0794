"""Persons: everything about a face that does not change with its expression, sampled from a seed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from cfer.synth.head import ANCESTRIES, load_head, macro_weights

HAIR_STYLES = ("bald", "crop", "short", "medium", "long", "tied")

# Linear reflectance (RGB) of skin from light to dark, about the Fitzpatrick types.
_SKIN = np.array(
    [
        *([0.72, 0.47, 0.345], [0.63, 0.385, 0.265], [0.52, 0.30, 0.19], [0.38, 0.205, 0.12]),
        *([0.25, 0.13, 0.075], [0.155, 0.08, 0.046], [0.095, 0.05, 0.032]),
    ]
)
_HAIR = np.array(
    [[0.022, 0.017, 0.014], [0.055, 0.032, 0.019], [0.12, 0.068, 0.033], [0.28, 0.18, 0.085], [0.16, 0.06, 0.022]]
)
_GREY = np.array([0.36, 0.355, 0.35])
_IRIS = np.array(
    [[0.075, 0.035, 0.015], [0.13, 0.068, 0.026], [0.13, 0.14, 0.06], [0.075, 0.11, 0.145], [0.115, 0.13, 0.135]]
)
# How far local features may stray (standard deviation of the target's weight): enough to tell people apart, far from
# caricature.
_SPREAD = {"chin": 0.26, "forehead": 0.30, "mouth": 0.26, "nose": 0.20, "eyes": 0.18, "cheek": 0.28, "head": 0.18}
_SPREAD |= {"ears": 0.28, "eyebrows": 0.28, "neck": 0.12}
_ASYMMETRY = 0.12
# MakeHuman's average eyes are narrower than people's: 22 mm of fissure, where adults have about 30.
_CENTRE = {"eyes/eye-scale": 0.5, "eyes/eye-height1": 0.15, "eyes/eye-height2": 0.25, "eyes/eye-height3": 0.15}
_POSITIVE = {"incr", "up", "in", "forward", "convex", "compress"}
_NEGATIVE = {"decr", "down", "out", "backward", "concave", "uncompress"}


@dataclass(frozen=True)
class Person:
    """One invented person. Colours are linear RGB reflectances in 0..1.

    Attributes:
        seed: What it was sampled from.
        male: Whether the face and hair are a man's.
        age: Years, 18 to 70.
        ancestry: Shares of `cfer.synth.head.ANCESTRIES`: corners of MakeHuman's space, stereotypes by design.
        identity: Weight of each identity displacement of the head.
        skin: Colour of the skin.
        blush: How red cheeks and nose are, 0..1.
        shade: How dark the lids and the hollows under the eyes are, 0..1.
        spots: Number of moles and freckles.
        lips: How red the lips are, 0..1.
        hair: Colour of the hair.
        brows: Colour of the brows.
        brow_density: 0..1.
        hair_style: One of `HAIR_STYLES`.
        hair_length: cm.
        parting: Where the hair parts, cm to the left of the middle.
        wave: How wavy the hair is, 0..1.
        stubble: 0..1.
        iris: Colour of the iris.
        pupil: Radius of the pupil as a share of the iris.
    """

    seed: int
    male: bool
    age: float
    ancestry: tuple[float, float, float]
    identity: Mapping[str, float]
    skin: tuple[float, float, float]
    blush: float
    shade: float
    spots: int
    lips: float
    hair: tuple[float, float, float]
    brows: tuple[float, float, float]
    brow_density: float
    hair_style: str
    hair_length: float
    parting: float
    wave: float
    stubble: float
    iris: tuple[float, float, float]
    pupil: float

    @classmethod
    def sample(cls, seed: int) -> "Person":
        """Invent the person of a seed."""
        rng = np.random.default_rng([seed, 1])
        male = bool(rng.random() < 0.5)
        age = float(rng.uniform(18, 70))
        ancestry = rng.dirichlet((0.35,) * len(ANCESTRIES))
        identity = _sample_identity(rng, ancestry, male, age)
        tone = np.clip(ancestry @ np.array([0.6, 1.4, 4.7]) + rng.normal(0, 0.5), 0, len(_SKIN) - 1)
        skin = _between(_SKIN, tone) * (1 + rng.normal(0, 0.04)) * (1 + rng.normal(0, 0.012, 3))
        dark = float(np.clip(1.15 * (ancestry[1] + ancestry[2]) - 0.1, 0, 1))
        hair = _HAIR[_choose(rng, (0.28, 0.32, 0.22, 0.13, 0.05), (0.85, 0.15, 0, 0, 0), dark)]
        hair = hair * np.exp(rng.normal(0, 0.15))
        grey = np.clip((age - 42) / 28, 0, 1) * rng.random()
        hair = hair * (1 - grey) + _GREY * grey
        brows = hair * (0.55 if hair.mean() > 0.1 else 0.85)
        iris = _IRIS[_choose(rng, (0.3, 0.25, 0.15, 0.2, 0.1), (0.85, 0.15, 0, 0, 0), dark)]
        style = _sample_style(rng, male, age)
        length = rng.uniform(
            *{"crop": (0.5, 1.0), "short": (1.6, 3.2), "medium": (7, 11), "long": (18, 28)}.get(style, (4, 6))
        )
        return cls(
            seed=seed,
            male=male,
            age=age,
            ancestry=_rgb(ancestry),
            identity=MappingProxyType(identity),
            skin=_rgb(skin.clip(0.02, 0.9)),
            blush=float(rng.uniform(0.1, 0.6)),
            shade=float(rng.uniform(0.15, 0.5) * (0.6 + 0.4 * age / 60)),
            spots=int(rng.integers(5, 50)) if rng.random() < 0.5 else 0,
            lips=float(rng.uniform(0, 0.3) if male else rng.uniform(0.15, 0.8)),
            hair=_rgb(hair),
            brows=_rgb(brows),
            brow_density=float(rng.uniform(0.7, 1.0) if male else rng.uniform(0.5, 0.85)),
            hair_style=style,
            hair_length=float(length),
            parting=float(rng.uniform(-2.5, 2.5) if rng.random() < 0.7 else 0.0),
            wave=float(rng.uniform(0, 0.6) + 0.4 * ancestry[2]),
            stubble=float(rng.uniform(0.05, 0.3) if rng.random() < 0.6 else rng.uniform(0.4, 1.0)) if male else 0.0,
            iris=_rgb(iris * np.exp(rng.normal(0, 0.15))),
            pupil=float(rng.uniform(0.26, 0.40)),
        )


def _rgb(values: np.ndarray) -> tuple[float, float, float]:
    a, b, c = (float(v) for v in values)
    return a, b, c


def _between(table: np.ndarray, at: float) -> np.ndarray:
    low = min(int(at), len(table) - 2)
    return table[low] * (1 - (at - low)) + table[low + 1] * (at - low)


def _choose(rng: np.random.Generator, light: tuple[float, ...], dark: tuple[float, ...], share: float) -> int:
    chances = np.array(light) * (1 - share) + np.array(dark) * share
    return int(rng.choice(len(chances), p=chances / chances.sum()))


def _sample_style(rng: np.random.Generator, male: bool, age: float) -> str:
    if not male:
        return str(rng.choice(["long", "medium", "tied"], p=[0.4, 0.35, 0.25]))
    style = str(rng.choice(["short", "crop", "medium", "bald"], p=[0.5, 0.3, 0.05, 0.15]))
    return "short" if style == "bald" and age < 35 else style


@cache
def _features() -> dict[str, tuple[tuple[str, str, float], ...]]:
    # local targets by feature: both sides of the face and both directions together, as (target, direction, sign)
    found: dict[str, list[tuple[str, str, float]]] = {}
    for target in load_head().identity:
        group = target.split("/")[0]
        if group == "macro":
            continue
        stem, direction = target, ""
        ending = re.fullmatch(r"(.*)-([a-z]+)", target)
        if ending and ending[2] in _POSITIVE | _NEGATIVE:
            stem, direction = ending[1], ending[2]
        if group == "asym":
            stem = re.sub(r"-[lr]$", "", target)
        found.setdefault(re.sub(r"/[lr]-", "/", stem), []).append(
            (target, direction, -1.0 if direction in _NEGATIVE else 1.0)
        )
    return {stem: tuple(targets) for stem, targets in found.items()}


def _sample_identity(rng: np.random.Generator, ancestry: np.ndarray, male: bool, age: float) -> dict[str, float]:
    sex = float(np.clip((0.95 if male else 0.03) + rng.normal(0, 0.06), 0, 1))
    old = float(np.clip((age - 25) / 50, 0, 1)) * 0.8
    weights = macro_weights(_rgb(ancestry), sex, old, float(np.clip(rng.normal(-0.05, 0.35), -0.9, 0.9)))
    for feature, targets in _features().items():
        group = feature.split("/")[0]
        if group == "asym":
            target = targets[rng.integers(len(targets))][0]
            weights[target] = abs(rng.normal(0, _ASYMMETRY))
            continue
        amount = rng.normal(0, _SPREAD[group])
        if "trans" in feature:
            amount *= 0.45
        elif re.search("head-(age|fat|scale)|neck-double", feature):
            amount *= 0.6
        amount = float(np.clip(amount, -0.7, 0.7)) + _CENTRE.get(feature, 0.0)
        if not any(sign < 0 for _, _, sign in targets):
            amount = max(amount, 0.0) * 0.6  # a shape with no opposite, such as a round head
        for target, _, sign in targets:
            if amount * sign > 0:
                weights[target] = abs(amount)
    return {name: weight for name, weight in weights.items() if weight > 1e-4}
