"""The vocabulary: neutral, 6 basic and 15 compound expressions, their parts, and other people's names for them.

FACS prototypes with the share of people who show each optional unit: Du, Tao & Martinez, "Compound facial
expressions of emotion", PNAS 111(15), 2014, Table 1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """Sort of class that an expression is."""

    NEUTRAL = "neutral"
    BASIC = "basic"
    COMPOUND = "compound"
    TAUGHT = "taught"


@dataclass(frozen=True)
class Expression:
    """One class of the vocabulary.

    Attributes:
        name: The project's name for it, lower case.
        kind: Neutral, basic or compound.
        constituents: For a compound, its two basics, the leading one first; otherwise empty.
        required: FACS action units that more than 70 % of people show.
        optional: Further action units, each with the share of people (0 to 1) who show it.
    """

    name: str
    kind: Kind
    constituents: tuple[str, ...] = ()
    required: tuple[int, ...] = ()
    optional: Mapping[int, float] = field(default_factory=dict, hash=False)


def _expression(kind: Kind, name: str, parts: str, required: str, optional: str) -> Expression:
    shares = {int(unit): int(percent) / 100 for unit, percent in re.findall(r"(\d+):(\d+)", optional)}
    constituents = tuple(parts.split("+")) if parts else ()
    return Expression(name, kind, constituents, tuple(map(int, required.split())), MappingProxyType(shares))


# kind, name, constituents, required units, optional units as unit:percent
_TABLE = (
    (Kind.NEUTRAL, "neutral", "", "", ""),
    (Kind.BASIC, "happy", "", "12 25", "6:51"),
    (Kind.BASIC, "sad", "", "4 15", "1:60 6:50 11:26 17:67"),
    (Kind.BASIC, "fearful", "", "1 4 20 25", "2:57 5:63 26:33"),
    (Kind.BASIC, "angry", "", "4 7 24", "10:26 17:52 23:29"),
    (Kind.BASIC, "surprised", "", "1 2 25 26", "5:66"),
    (Kind.BASIC, "disgusted", "", "9 10 17", "4:31 24:26"),
    (Kind.COMPOUND, "happily surprised", "happy+surprised", "1 2 12 25", "5:64 26:67"),
    (Kind.COMPOUND, "happily disgusted", "happy+disgusted", "10 12 25", "4:32 6:61 9:59"),
    (Kind.COMPOUND, "sadly fearful", "sad+fearful", "1 4 20 25", "2:46 5:24 6:34 15:30"),
    (Kind.COMPOUND, "sadly angry", "sad+angry", "4 15", "6:26 7:48 11:20 17:50"),
    (Kind.COMPOUND, "sadly surprised", "sad+surprised", "1 4 25 26", "2:27 6:31"),
    (Kind.COMPOUND, "sadly disgusted", "sad+disgusted", "4 10", "1:49 6:61 9:20 11:35 15:54 17:47 25:43"),
    (Kind.COMPOUND, "fearfully angry", "fearful+angry", "4 20 25", "5:40 7:39 10:30 11:33"),
    (Kind.COMPOUND, "fearfully surprised", "fearful+surprised", "1 2 5 20 25", "4:47 10:35 11:22 26:51"),
    (Kind.COMPOUND, "fearfully disgusted", "fearful+disgusted", "1 4 10 20 25", "2:64 5:50 6:26 9:28 15:33"),
    (Kind.COMPOUND, "angrily surprised", "angry+surprised", "4 25 26", "5:35 7:50 10:34"),
    (Kind.COMPOUND, "angrily disgusted", "angry+disgusted", "4 10 17", "7:60 9:57 24:36"),
    (Kind.COMPOUND, "disgustedly surprised", "disgusted+surprised", "1 2 5 10", "4:45 9:37 17:66 24:33"),
    (Kind.COMPOUND, "appalled", "disgusted+angry", "4 10", "6:25 9:56 17:67 24:36"),
    (Kind.COMPOUND, "hatred", "angry+disgusted", "4 10", "7:57 9:27 17:63 24:37"),
    (Kind.COMPOUND, "awed", "fearful+surprised", "1 2 5 25", "4:21 20:62 26:56"),
)

EXPRESSIONS: Mapping[str, Expression] = MappingProxyType({row[1]: _expression(*row) for row in _TABLE})
"""All 22 classes by name, in CFEE's order (01 neutral to 22 awed)."""

BASICS: tuple[str, ...] = tuple(n for n, e in EXPRESSIONS.items() if e.kind is not Kind.COMPOUND)
"""Neutral and the six basics: the seven classes of the basic phase, in order."""

COMPOUNDS: tuple[str, ...] = tuple(n for n, e in EXPRESSIONS.items() if e.kind is Kind.COMPOUND)
"""The 15 compounds, in order."""

DERIVED: Mapping[frozenset[str], str] = MappingProxyType(
    {frozenset(EXPRESSIONS[n].constituents): n for n in COMPOUNDS if n not in {"appalled", "hatred", "awed"}}
)
"""The plain compound of two basics. Appalled, hatred and awed share their pair with a plain one and are not derived."""

PRESENT = 0.3
"""Intensity from which on an action unit counts as shown."""

UNIT_NAMES: Mapping[int, str] = MappingProxyType(
    {
        1: "inner brow raiser",
        2: "outer brow raiser",
        4: "brow lowerer",
        5: "upper lid raiser",
        6: "cheek raiser",
        7: "lid tightener",
        9: "nose wrinkler",
        10: "upper lip raiser",
        11: "nasolabial deepener",
        12: "lip corner puller",
        15: "lip corner depressor",
        17: "chin raiser",
        20: "lip stretcher",
        23: "lip tightener",
        24: "lip pressor",
        25: "lips part",
        26: "jaw drop",
    }
)
"""Action units that the prototypes name, and their usual neighbours: FACS number and name."""

# Other people's codes. RAF-CE's 12 and 13 (happily fearful, happily sad) have no counterpart in CFEE's vocabulary.
_RAF_COMPOUND = (
    *("happily surprised", "happily disgusted", "sadly fearful", "sadly angry", "sadly surprised", "sadly disgusted"),
    *("fearfully angry", "fearfully surprised", "angrily surprised", "angrily disgusted", "disgustedly surprised"),
)
_RAF_CE = (*_RAF_COMPOUND[:8], "fearfully disgusted", *_RAF_COMPOUND[8:])
CODES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cfee": {f"{i:02d}": name for i, name in enumerate(EXPRESSIONS, 1)},
        "raf-db basic": dict(
            zip("1234567", ("surprised", "fearful", "disgusted", "happy", "sad", "angry", "neutral"), strict=True)
        ),
        "raf-db compound": {str(i): name for i, name in enumerate(_RAF_COMPOUND, 1)},
        "raf-ce": {str(i): name for i, name in enumerate(_RAF_CE)},
        "ferplus": {
            "neutral": "neutral",
            "happiness": "happy",
            "surprise": "surprised",
            "sadness": "sad",
            "anger": "angry",
            "disgust": "disgusted",
            "fear": "fearful",
        },
        "affectnet": dict(
            zip("0123456", ("neutral", "happy", "sad", "surprised", "fearful", "disgusted", "angry"), strict=True)
        ),
    }
)
"""Label maps by data set: CFEE (01-22), RAF-DB basic (1-7) and compound (1-11), RAF-CE (0-13 but for two classes
that CFEE has not), FER+ (contempt is outside the vocabulary), AffectNet (0-6; contempt likewise)."""

_SYNONYMS = {
    **CODES["ferplus"],
    "happily": "happy",
    "sadly": "sad",
    "fearfully": "fearful",
    "angrily": "angry",
    "afraid": "fearful",
    "disgustedly": "disgusted",
    "surprisingly": "surprised",
    "awe": "awed",
}


def find(text: str) -> str | None:
    """The vocabulary's name for a label as people write it, or None.

    Case, underscores, hyphens and word class do not matter: "Happiness", "sadly_angry" and "anger" are understood.
    """
    words = re.sub(r"[\s_-]+", " ", text.strip().lower())
    if words in EXPRESSIONS:
        return words
    return _SYNONYMS.get(words)


def prototype(name: str) -> dict[int, float]:
    """Share of people (0 to 1) who show each unit in an expression; 1 for required ones (Du et al., PNAS 2014)."""
    expression = EXPRESSIONS[name]
    return dict.fromkeys(expression.required, 1.0) | dict(expression.optional)


def prototype_row(name: str, units: Sequence[int]) -> tuple[float, ...] | None:
    """A published prototype as one share (0 to 1) a unit; None for a class that the vocabulary has not."""
    return tuple(prototype(name).get(unit, 0.0) for unit in units) if name in EXPRESSIONS else None
