"""HTML about lessons: what pictures show before, what a lesson did, which lessons there are. Everything escaped."""

import html
from collections.abc import Sequence

from cfer.app.panels.maps import thumbnails
from cfer.app.server.visitors import Visit
from cfer.app.texts import Speech
from cfer.lessons.effect import Effect, Verdict
from cfer.lessons.record import Lesson
from cfer.reading.reader import FaceReading

SURE = 0.8
ROWS = 6


def preview(faces: Sequence[FaceReading], lines: Sequence[str], say: Speech) -> str:
    """The faces that a lesson would learn from, what they are called now, and what is poor about them."""
    called: dict[str, list[float]] = {}
    for face in faces:
        called.setdefault(face.top, []).append(face.probabilities[face.top])
    said = [say("teach_called", name=say.name(name), count=len(ps)) for name, ps in called.items()]
    clash = [say.name(name) for name, ps in called.items() if max(ps) >= SURE and name != "neutral"]
    if clash:
        said.append(say("teach_will_collide", names=say.both(clash)))
    shown = thumbnails([face.crop for face in faces], say("teach_faces")) if faces else ""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    doubts = f'<ul class="cfer-doubts">{items}</ul>' if items else ""
    return f"{shown}{''.join(f'<p>{html.escape(line)}</p>' for line in said)}{doubts}"


def effect_panel(effect: Effect, say: Speech) -> str:
    """A lesson's verdict, its measures, and the classes that it cost, the worst first."""
    hurt, share = effect.most_hurt
    change = 100 * (effect.old_after - effect.old_before)
    given = {"name": effect.name, "other": say.name(hurt), "share": say.percent(share), "change": f"{change:+.1f}"}
    lost, before, after = effect.most_lost
    key = {Verdict.FINE: "lesson_fine", Verdict.COSTS: "lesson_costs", Verdict.COLLIDES: "lesson_collides"}
    lines = [say(key[effect.verdict], **given)]
    shares = {"before": say.percent(before), "after": say.percent(after)}
    if before > after and shares["before"] != shares["after"]:
        lines.append(say("lesson_lost", name=say.name(lost), **shares))
    if effect.recognised is not None:
        lines.append(say("lesson_shots", share=say.percent(effect.recognised), count=effect.shots))
    if effect.new_recall is not None:
        shares = {"share": say.percent(effect.new_recall), "harmonic": say.percent(effect.harmonic or 0)}
        lines.append(say("lesson_measured", count=effect.new_measured, **shares))
    elif effect.shots:
        lines.append(say("lesson_one"))
    else:
        lines.append(say("lesson_none"))
    near = say.both([name for name, _ in effect.nearest[:3]])
    lines += [say("lesson_near", names=near), *effect.notes]
    told = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    title = html.escape(say("lesson_title", name=effect.name))
    return f'<div class="cfer-lesson {effect.verdict.value}"><h2>{title}</h2>{told}</div>{cost_table(effect, say)}'


def cost_table(effect: Effect, say: Speech) -> str:
    """Before and after by class on the kept pictures: the mean and the new class first, then the greatest losses."""
    percent = "{:.0f} %".format
    heads = "".join(
        f"<th>{html.escape(say(key))}</th>" for key in ("cost_name", "cost_before", "cost_after", "cost_to")
    )
    new = "-" if effect.new_recall is None else percent(100 * effect.new_recall)
    rows = [
        (
            f"<b>{html.escape(say('cost_mean'))}</b>",
            percent(100 * effect.old_before),
            percent(100 * effect.old_after),
            "",
        ),
        (f"<b>{html.escape(effect.name)}</b>", "", new, ""),
    ]
    for k in effect.worst_first:
        cells = (percent(100 * value[k]) for value in (effect.before, effect.after, effect.lost))
        rows.append((html.escape(say.name(effect.old[k])), *cells))
    body = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    first, rest = body[: 2 + ROWS], body[2 + ROWS :]
    table = f"<table><tr>{heads}</tr>{''.join(f'<tr>{row}</tr>' for row in first)}</table>"
    if rest:
        more = f"<table><tr>{heads}</tr>{''.join(f'<tr>{row}</tr>' for row in rest)}</table>"
        label = html.escape(say("cost_rest", count=len(rest)))
        table += f'<details class="cfer-fold"><summary>{label}</summary>{more}</details>'
    note = html.escape(say("cost_note"))
    return f'<div class="cfer-numbers cfer-cost">{table}<p class="cfer-note">{note}</p></div>'


def teaching_words(effect: Effect, face: FaceReading, say: Speech) -> str:
    """Answer for the first picture now, and the answer before."""
    was = effect.was_called[0][0] if effect.was_called else face.top
    return say("lesson_now", was=say.name(was), now=say.name(face.top), p=say.percent(face.probabilities[face.top]))


def lesson_list(visit: Visit, say: Speech) -> str:
    """The lessons a visitor has, with what each was made from; no photograph is kept."""
    lessons, effects = visit.reader.lessons, dict(visit.effects)
    if not lessons:
        return f"<p>{html.escape(say('teach_nothing'))}</p>"
    items = "".join(f"<li>{_item(lesson, effects.get(lesson.name), say)}</li>" for lesson in lessons)
    return f'<ul class="cfer-lessons">{items}</ul><p class="cfer-note">{html.escape(say("teach_kept_features"))}</p>'


def _item(lesson: Lesson, effect: Effect | None, say: Speech) -> str:
    parts = [say("lesson_pictures", count=len(lesson.shots)), say(f"eager_{lesson.eager}")]
    if lesson.constituents:
        parts.append(say("made_of", parts=say.both(lesson.constituents)).rstrip("."))
    if lesson.units:
        parts.append(", ".join(f"AU{unit}" for unit in lesson.units))
    if len(lesson.against):
        parts.append(say("lesson_against", count=len(lesson.against)))
    if effect is not None:
        parts.append(say(f"lesson_is_{effect.verdict.value}"))
    return f"<b>{html.escape(lesson.name)}</b>: {html.escape('; '.join(parts))}"
