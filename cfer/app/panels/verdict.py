"""The answer about one face: a sentence, the doubts, and what the answer is made of. HTML, everything escaped."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cfer.app.panels.maps import picture_uri, thumbnail
from cfer.app.texts import Speech
from cfer.emotions import PRESENT
from cfer.explain.composition import Composition, UnitShare
from cfer.faces.quality import ENOUGH_PX
from cfer.reading.reader import FaceReading, Reader

CERTAIN = 0.9
"""Probability from which on an answer is called almost certain."""
CLEAR = 0.6
"""Intensity from which on a muscle is said to speak against "neutral"."""
SLIGHT = 0.1
"""A muscle that speaks for an answer by less than this share of what the first one does is not named."""
FILLED = 0.45
"""A picture of whose width a face takes less is no face crop; framed by the detector it takes .86 (`framing.json`)."""
BARS = 5
TILTED, TURNED, DARK, BRIGHT, FLAT, STRANGE, WEAK = 20, 30, 45, 215, 18, 0.99, 0.5


def verdict_panel(reader: Reader, face: FaceReading, say: Speech) -> str:
    """The face, one sentence and the doubts."""
    crop = f'<img class="cfer-face" src="{picture_uri(thumbnail(face.crop))}" alt="">'
    lines = "".join(f"<p>{line}</p>" for line in sentences(reader, face, say))
    if reader.neutral_faces:
        lines += f'<p class="cfer-note">{say.html("own_note")}</p>'
    doubts = "".join(f"<li>{say.html(d.key, **d.values)}</li>" for d in doubts_about(reader, face, say))
    doubts = f'<ul class="cfer-doubts">{doubts}</ul>' if doubts else ""
    title = say.html(answer_key(face), name=say.name(face.top))
    head = f'<div class="cfer-answer">{crop}<div><h2>{title}</h2>{lines}</div></div>'
    return f'<section class="cfer-verdict" aria-live="polite">{head}{doubts}</section>'


def answer_key(face: FaceReading) -> str:
    """The key of the answer's sentence: another one where no face is seen in what was said to be one."""
    return "answer" if face.quality is None or face.quality.seen else "answer_unseen"


def sentences(reader: Reader, face: FaceReading, say: Speech) -> list[str]:
    """Sentences of how sure the answer is, what it blends and which muscles are at work."""
    ranked = sorted(face.probabilities.items(), key=lambda item: -item[1])
    (top, p), (second, q) = ranked[:2]
    key = "certain" if p >= CERTAIN else "fairly" if p >= 0.7 else "rather" if p >= 0.5 else "unsure"
    known = {"name": say.name(top), "p": say.percent(p), "second": say.name(second), "q": say.percent(q)}
    sure = say.html(key, **known)
    parts = reader.constituents(top)
    blend = say.html("made_of", parts=say.both(parts)) if len(parts) == 2 else ""
    working = units_at_work(face, say)
    quiet = "no_units" if top == "neutral" else "weak_units"
    units = say.html("shown_units", units=working) if working else say.html(quiet)
    return [f"{sure} {blend}".strip(), units if face.units else ""]


def units_at_work(face: FaceReading, say: Speech, least: float = PRESENT) -> str:
    """The muscles that are clearly at work, strongest first."""
    strong = sorted((u for u in face.units if u.intensity >= least), key=lambda u: -u.intensity)
    return ", ".join(say.unit(u.number, u.name) for u in strong)


@dataclass(frozen=True)
class Doubt:
    """Reason to read an answer with care.

    Attributes:
        key: Of its sentence.
        values: What stands in the sentence's places, in the language of whoever asks.
    """

    key: str
    values: Mapping[str, Any]


def doubts_about(reader: Reader, face: FaceReading, say: Speech) -> list[Doubt]:
    """Reasons to read the answer with care."""
    found: list[Doubt] = []

    def doubt(key: str, **values: Any) -> None:
        found.append(Doubt(key, values))

    quality = face.quality
    if quality is not None:
        width = round(quality.width)
        if not quality.seen:
            doubt("doubt_no_face")
        elif (filled := quality.width / (face.box[2] - face.box[0])) < FILLED:
            doubt("doubt_cropped", share=say.percent(filled))
        if face.tiny:
            doubt("doubt_tiny", pixels=width)
        elif width < ENOUGH_PX:
            doubt("doubt_small", pixels=width, enough=ENOUGH_PX)
        if abs(quality.tilted or 0) > TILTED:
            doubt("doubt_tilted", degrees=round(abs(quality.tilted or 0)))
        if abs(quality.turned or 0) > TURNED:
            doubt("doubt_turned", degrees=10 * round(abs(quality.turned or 0) / 10))
        if quality.brightness < DARK:
            doubt("doubt_dark", value=round(quality.brightness))
        elif quality.brightness > BRIGHT:
            doubt("doubt_bright", value=round(quality.brightness))
        elif quality.contrast < FLAT:
            doubt("doubt_flat")
    if (face.strangeness or 0.0) >= STRANGE:
        doubt("doubt_strange", share=f"{100 * (face.strangeness or 0):.0f} %")
    if face.top == "neutral" and (units := units_at_work(face, say, CLEAR)):
        doubt("doubt_neutral_units", units=units)
    if face.probabilities[face.top] < CERTAIN and (weak := weak_point(reader, face.top)):
        count, share, other = weak
        taken = say("doubt_weak_taken", other=say.name(other)) if other else ""
        doubt("doubt_weak", count=count, name=say.name(face.top), share=say.percent(share), taken=taken)
    return found


def weak_point(reader: Reader, name: str) -> tuple[int, float, str] | None:
    """An answer that a checkpoint's own test found weak: pictures with it, share that is right, what others are most.

    The share is that of evenly frequent classes: how often an answer is right is what somebody who gets it wants to
    know, not how often the class is recognised.
    """
    facts = reader.checkpoint.facts.after_steps
    if not facts or name not in facts.classes:
        return None
    place = facts.classes.index(name)
    shares = [row[place] / sum(row) if sum(row) else 0.0 for row in facts.test_counts]
    if not sum(shares) or (right := shares[place] / sum(shares)) >= WEAK:
        return None
    shares[place] = 0.0
    count = sum(row[place] for row in facts.test_counts)
    return count, right, facts.classes[shares.index(max(shares))] if max(shares) else ""


def readings(face: FaceReading, say: Speech) -> str:
    """Basic reading and compound reading side by side, each among its own kind, and how likely each kind is."""
    basics = face.basics
    others = {name: p for name, p in face.probabilities.items() if name not in basics}
    columns, whole = [bars(say("basics_title"), basics, say, face.top)], sum(others.values())
    if whole:
        columns.append(bars(say("compounds_title"), {n: p / whole for n, p in others.items()}, say, face.top, 1))
    return f'{_kinds(1 - whole, say) if whole else ""}<div class="cfer-strip">{"".join(columns)}</div>'


def _kinds(basic: float, say: Speech) -> str:
    """One bar: how much of the probability lies on basic expressions, how much on the others."""
    parts = ((say("kind_basic"), basic, "basic"), (say("kind_compound"), 1 - basic, "compound"))
    said = " · ".join(f"{name} {say.percent(share)}" for name, share, _ in parts)
    cells = "".join(f'<i class="{kind}" style="width:{100 * share:.1f}%"></i>' for _, share, kind in parts)
    title = html.escape(say("kinds_title"))
    return (
        f'<div class="cfer-kinds"><span>{title}</span><span class="bar">{cells}</span><b>{html.escape(said)}</b></div>'
    )


def bars(title: str, shares: Mapping[str, float], say: Speech, top: str = "", colour: int = 0, most: int = BARS) -> str:
    """The largest shares as bars, the rest folded."""
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    shown = "".join(_bar(name, share, say, colour, name == top) for name, share in ranked[:most])
    rest = "".join(_bar(name, share, say, colour, name == top) for name, share in ranked[most:])
    if rest:
        label = html.escape(say("all_expressions", count=len(ranked)))
        rest = f"<details><summary>{label}</summary><ul>{rest}</ul></details>"
    return f'<div class="cfer-bars"><h3>{html.escape(title)}</h3><ul>{shown}</ul>{rest}</div>'


def _bar(name: str, share: float, say: Speech, colour: int, top: bool) -> str:
    label, width = html.escape(say.name(name)), max(100 * share, 0.5)
    weight = ' class="top"' if top else ""
    return (
        f'<li{weight}><span>{label}</span><span class="bar"><i class="c{colour}" style="width:{width:.1f}%"></i></span>'
        f"<b>{say.percent(share)}</b></li>"
    )


def made_of(found: Composition | None, face: FaceReading, say: Speech) -> str:
    """Reasons for an answer: whose muscles, which muscles, and what lies beyond them."""
    if found is None:
        return f'<div class="cfer-bars"><p>{html.escape(say("no_composition"))}</p></div>'
    title = say.html("made_title", name=say.name(found.name))
    shares = sorted(found.shares.items(), key=lambda item: (not item[0], -item[1]))
    cells = "".join(f'<i class="w{_shade(who, found)}" style="width:{100 * share:.1f}%"></i>' for who, share in shares)
    legend = "".join(
        f'<li><i class="w{_shade(who, found)}"></i>{html.escape(whose(who, say))} <b>{say.percent(share)}</b></li>'
        for who, share in shares
    )
    strengths = {u.number: u.intensity for u in face.units}
    pros = [u for u in found.units if u.evidence > 0]
    best = [u for u in pros if u.evidence >= SLIGHT * pros[0].evidence][:3]
    top = ", ".join(f"{unit_words(u, strengths[u.number], say)} +{u.evidence:.1f}" for u in best)
    lines = [say("by_muscles", share=say.percent(found.by_muscles))]
    if found.pair_sum is not None:
        given = {"parts": say.both(found.constituents), "share": say.percent(found.pair_sum)}
        lines.append(say("pair_sum", place=found.pair_place, **given))
    notes = "".join(f"<p>{html.escape(line)}</p>" for line in [top, *lines])
    return (
        f'<div class="cfer-bars cfer-made"><h3>{title}</h3><div class="bar whole">{cells}</div>'
        f'<ul class="legend">{legend}</ul>{notes}</div>'
    )


def unit_words(unit: UnitShare, intensity: float, say: Speech) -> str:
    """A unit, that it is only faint, or that it is missing."""
    named = say.unit(unit.number, unit.name)
    if not unit.shown:
        return say("without", unit=named)
    return named if intensity >= PRESENT else say("faint", unit=named)


def whose(who: tuple[str, ...], say: Speech) -> str:
    """Whose muscles: of one constituent, of both or of neither."""
    return say("whose_both") if len(who) == 2 else say("whose", who=say.name(who[0])) if who else say("whose_other")


def _shade(who: tuple[str, ...], found: Composition) -> int:
    return 3 if not who else 2 if len(who) == 2 else found.constituents.index(who[0])
