"""The answer about one face: a sentence, the doubts, and what the answer is made of. HTML, everything escaped."""

import html
import re
from collections.abc import Mapping

from cfer.app.panels.maps import picture_uri, thumbnail
from cfer.app.texts import Html, Speech
from cfer.emotions import PRESENT, UNIT_NAMES
from cfer.explain.composition import Composition, Piece
from cfer.reading.answer import FAMILY, LABEL, UNSURE
from cfer.reading.doubts import Doubt, doubts_about
from cfer.reading.reader import FaceReading, Reader

SLIGHT = 0.1
"""A muscle that speaks for an answer by less than this share of what the first one does is not named."""
BARS = 5
HARDLY = 0.1
"""Probability of a kind of expressions below which its bars are folded away."""


def verdict_panel(reader: Reader, face: FaceReading, say: Speech) -> str:
    """The face, one sentence and the doubts."""
    crop = f'<img class="cfer-face" src="{picture_uri(thumbnail(face.crop))}" alt="">'
    lines = "".join(f"<p>{line}</p>" for line in sentences(reader, face, say))
    if reader.neutral_faces:
        lines += f'<p class="cfer-note">{say.html("own_note")}</p>'
    doubts = "".join(f"<li>{html.escape(doubt_words(d, say))}</li>" for d in doubts_about(face))
    doubts = f'<ul class="cfer-doubts">{doubts}</ul>' if doubts else ""
    head = f'<div class="cfer-answer">{crop}<div><h2>{answer_title(face, say)}</h2>{lines}</div></div>'
    return f'<section class="cfer-verdict" aria-live="polite">{head}{doubts}</section>'


def answer_title(face: FaceReading, say: Speech) -> str:
    """The answer as HTML: the label, or its family; another sentence where no face is seen in a crop."""
    answer = face.answer
    name = say.adjective(answer.label) if answer.basis == LABEL else say.either(answer.family)
    if answer.basis == FAMILY and len(answer.family) == 1:
        name = say("alone_or_blended", name=name)
    return say.html("answer" if face.quality is None or face.quality.seen else "answer_unseen", name=name)


def plain_title(face: FaceReading, say: Speech) -> str:
    """The same as plain text."""
    return html.unescape(re.sub("<[^>]*>", "", answer_title(face, say)))


def sentences(reader: Reader, face: FaceReading, say: Speech) -> list[str]:
    """Sentences of how sure the answer is, what it blends and which muscles are at work, as HTML."""
    (_, p), (second, q) = sorted(face.probabilities.items(), key=lambda item: -item[1])[:2]
    answer = face.answer
    count, share = reader.checkpoint.sureness.hits.get(answer.kind, {}).get(answer.sureness, (0, 0.0))
    measured = count and answer.sureness != UNSURE
    # rounded down: 98 of 100 are no 10 of 10
    often = say("of_ten", n=int(10 * share), kind=say(f"kind_{answer.kind}")) if measured else ""
    known = {"name": say.name(answer.label), "p": say.percent(p), "second": say.name(second), "q": say.percent(q)}
    narrow = "family_one" if len(answer.family) == 1 else "family"
    key = narrow if answer.basis == FAMILY else answer.sureness
    sure = say.html(key, often=often, share=say.percent(answer.family_probability), **known)
    parts = reader.constituents(answer.label)
    blend = say.html("made_of", parts=say.both(parts)) if len(parts) == 2 and answer.basis == LABEL else ""
    working = units_at_work(face, say)
    quiet = "no_units" if answer.label == "neutral" else "weak_units"
    units = say.html("shown_units", units=working) if working else say.html(quiet)
    return [f"{sure} {blend}".strip(), *([units] if face.units else [])]


def units_at_work(face: FaceReading, say: Speech) -> Html:
    """The muscles that are clearly at work, strongest first."""
    strong = sorted((u for u in face.units if u.intensity >= PRESENT), key=lambda u: -u.intensity)
    return Html(", ".join(say.muscle(u.number, u.name) for u in strong))


def doubt_words(doubt: Doubt, say: Speech) -> str:
    """The sentence of a doubt."""
    said = dict(doubt.values)
    if "share" in said:
        strange = doubt.key == "doubt_strange"  # close to all, which whole percents would round to
        said["share"] = f"{100 * said['share']:.0f} %" if strange else say.percent(said["share"])
    if "units" in said:
        said["units"] = ", ".join(say.sight(number, UNIT_NAMES.get(number, f"AU{number}")) for number in said["units"])
    if "kind" in said:
        said["kind"] = say(f"kind_{said['kind']}")
    return say(doubt.key, **said)


def readings(face: FaceReading, say: Speech) -> str:
    """Basic reading and compound reading side by side, each among its own kind, and how likely each kind is."""
    basics = face.basics
    others = {name: p for name, p in face.probabilities.items() if name not in basics}
    whole = sum(others.values())
    columns = [_kind("basics_title", basics, 1 - whole, say, face.top, 0)]
    if whole:
        columns.append(_kind("compounds_title", {n: p / whole for n, p in others.items()}, whole, say, face.top, 1))
    return f'{_kinds(1 - whole, say) if whole else ""}<div class="cfer-strip">{"".join(columns)}</div>'


def _kind(key: str, shares: Mapping[str, float], chance: float, say: Speech, top: str, colour: int) -> str:
    """Bars of one kind; folded away where the face is hardly of that kind."""
    if chance >= HARDLY:
        return bars(say(key), shares, say, top, colour)
    summary = html.escape(say("hardly", title=say(key), p=say.percent(chance)))
    return f'<details class="cfer-fold"><summary>{summary}</summary>{bars("", shares, say, top, colour)}</details>'


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
    head = f"<h3>{html.escape(title)}</h3>" if title else ""
    return f'<div class="cfer-bars">{head}<ul>{shown}</ul>{rest}</div>'


def _bar(name: str, share: float, say: Speech, colour: int, top: bool) -> str:
    label, width = html.escape(say.name(name)), max(100 * share, 0.5)
    weight = ' class="top"' if top else ""
    return (
        f'<li{weight}><span>{label}</span><span class="bar"><i class="c{colour}" style="width:{width:.1f}%"></i></span>'
        f"<b>{say.percent(share)}</b></li>"
    )


def made_of(found: Composition | None, face: FaceReading, say: Speech) -> str:
    """Reasons for an answer: whose muscles, which muscles, what lies beyond them; nothing for a neutral face."""
    if found is None:
        return "" if face.units else f'<div class="cfer-bars"><p>{html.escape(say("no_composition"))}</p></div>'
    title, pieces = say.html("made_title", name=say.name(found.name)), found.pieces
    cells = "".join(
        f'<i class="{_shade(piece, found)}" style="width:{100 * piece.share:.1f}%"></i>' for piece in pieces
    )
    legend = "".join(
        f'<li><i class="{_shade(piece, found)}"></i>{html.escape(piece_words(piece, say))} '
        f"<b>{say.percent(piece.share)}</b></li>"
        for piece in pieces
    )
    notes = [reasons(found, face, say)]
    if found.pair_sum is not None:
        given = {"parts": say.both(found.constituents), "share": say.percent(found.pair_sum)}
        notes.append(say.html("pair_sum", place=found.pair_place, **given))
    said = "".join(f"<p>{line}</p>" for line in notes)
    return (
        f'<div class="cfer-bars cfer-made"><h3>{title}</h3><div class="bar whole">{cells}</div>'
        f'<ul class="legend">{legend}</ul>{said}</div>'
    )


def reasons(found: Composition, face: FaceReading, say: Speech) -> Html:
    """The muscles at work that speak most for a class; then, in words, those whose absence does. HTML."""
    strengths = {u.number: u.intensity for u in face.units}
    pros = [unit for unit in found.units if unit.evidence > 0]
    best = [unit for unit in pros if unit.evidence >= SLIGHT * pros[0].evidence]
    words = {True: [], False: []}
    for unit in best:
        named = say.muscle(unit.number, unit.name)
        if unit.shown and strengths[unit.number] < PRESENT:
            named = Html(say.html("faint", unit=named))
        words[unit.shown].append(f"{named} +{unit.evidence:.1f}")
    lines = [", ".join(words[True][:3])] if words[True] else [say.html("no_muscle_speaks")]
    if words[False]:
        lines.append(say.html("absent_too", units=Html(", ".join(words[False][:2]))))
    return Html("</p><p>".join(lines))


def piece_words(piece: Piece, say: Speech) -> str:
    """Words for a piece of an answer: whose muscles, others', none's."""
    if piece.kind == "muscles":
        return say("whose_both") if len(piece.of) == 2 else say("whose", who=say.name(piece.of[0]))
    return say(f"piece_{piece.kind}")


def _shade(piece: Piece, found: Composition) -> str:
    if piece.kind != "muscles":
        return {"other": "w3", "beyond": "w4", "absent": "w5"}[piece.kind]
    return "w2" if len(piece.of) == 2 else f"w{found.constituents.index(piece.of[0])}"
