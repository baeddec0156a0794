"""Write docs/lessons.md from results/lessons.json.

python -m benchmarks.pages.lessons
"""

from typing import Any

from benchmarks.common.earlier import note
from benchmarks.common.results import ROOT, read_result
from benchmarks.lessons.lesson_ways import NEAREST, PAPER, PLAIN, RETRAINED

PAGE = ROOT / "docs" / "lessons.md"
ROWS = ("careful", "balanced", "eager", PLAIN, NEAREST, PAPER, RETRAINED)
WORDS = {
    PLAIN: "the learner's step without a placement",
    RETRAINED: "a head trained anew (as Teachable Machine does)",
}


def table(found: dict[str, Any]) -> str:
    """Rows by way and number of pictures."""
    lines = [
        "| way | pictures | new class | old classes lost | most hurt | harmonic mean (95 %) | "
        "a lesson is ahead, same draws | shots recognised |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count in (1, 3, 5):
        for way in ROWS:
            row = found.get(f"{way}, {count}")
            if row is None:
                continue
            mean, low, high = (100 * v for v in row["harmonic"])
            words = WORDS.get(way, way if way not in ("careful", "balanced", "eager") else f"lesson, {way}")
            ahead = ""
            if "lesson_ahead" in row:
                ahead = "{:.1f} ({:.1f} to {:.1f})".format(*(100 * v for v in row["lesson_ahead"]))
            lines.append(
                f"| {words} | {count} | {100 * row['new'][0]:.1f} % | {100 * row['lost'][0]:.1f} points | "
                f"{100 * row['most_hurt'][0]:.1f} points | {mean:.1f} ({low:.1f} to {high:.1f}) | {ahead} | "
                f"{100 * row['shots'][0]:.0f} % |"
            )
    return "\n".join(lines)


def behind(found: dict[str, Any]) -> str:
    """Where a lesson is not the best way, said; level is what the interval on the same draws does not tell apart."""
    ahead, level = [], []
    for count in (1, 3, 5):
        mine = found[f"balanced, {count}"]["harmonic"][0]
        for way in ROWS[4:]:
            row = found.get(f"{way}, {count}", {"harmonic": [0.0]})
            mean, *_, high = row.get("lesson_ahead", [mine - row["harmonic"][0]] * 2)
            if mean < 0:
                (ahead if high < 0 else level).append(f"{WORDS.get(way, way)} with {count}")
    if not ahead + level:
        return "Lessons by default are ahead of all but the learner's own step at every number of pictures."
    parts = [(ahead, "ahead of lessons by default"), (level, "level with lessons by default")]
    return "By the harmonic mean, " + "; ".join(f"{words}: {', '.join(ways)}" for ways, words in parts if ways) + "."


def losses(row: dict[str, Any]) -> str:
    """The largest loss of lessons of 1, 3 and 5 pictures, with its upper end."""
    mean, _, high = max((row[f"lost, {count}"] for count in (1, 3, 5)), key=lambda found: found[2])
    return f"{100 * mean:.2f} (to {100 * high:.2f})"


def page() -> str:
    """The page's text."""
    found = read_result("lessons")
    grids = found["choice"]["grids"]
    grid = "\n".join(
        f"| {100 * float(limit):.0f} % | {kind} | {100 * row['new'][0]:.1f} % | {losses(row)} | "
        f"{100 * row['most_hurt'][0]:.1f} | {100 * row['harmonic'][0]:.1f} |"
        for limit in grids["renders"]
        for kind, row in ((kind, rows[limit]) for kind, rows in grids.items())
    )
    chosen = found["choice"]["chosen"]
    return f"""# What lessons bring and cost

Written by `python -m benchmarks.pages.lessons` from `benchmarks/results/lessons.json`, which
`python -m benchmarks.lessons.measure` makes.

{note("lessons.json")}

A class is taught to a model that knows all others, from 1, 3 or 5 pictures, and scored over all classes on people whom
nothing saw. *New class*: share of its pictures that are recognised. *Old classes lost*: mean recall before less mean
recall afterwards. *Most hurt*: what the old class lost that lost most. *Harmonic mean*: of the old classes' recall
afterwards and the new one's. *The paper's few-shot phase* (arXiv 2308.06197, repaired) distils from the model before,
with an exemplar memory; it learned the old classes all at once and has forgotten nothing. *Without a placement* a
lesson is left at all that is unsure about its mean ([method.md](method.md)), where a placement begins.

## Rendered people

Each of the {found["compounds"]} compounds is taken out and taught, with its name and constituents known;
{found["folds"]} folds, {found["draws"]} draws each (1 for the head trained anew and the paper's phase); intervals over
compounds.

{table(found["renders"])}

{behind(found["renders"])}

## Photographs

Each of the six basics is taken out and taught under an invented name, so that the head knows nothing of it but its
pictures. The backbone does: it has learned all six from the people outside the test part, which new expressions do
not have. Means over 20 draws (5 for the head trained anew and the paper's phase), with intervals over draws. The
labels are noisy, and fearful has three test pictures.

{table(found["photographs"])}

{behind(found["photographs"])}

## How the default was chosen

On rendered people of a fold that is not reported, and on photographs of the people outside the test part, each asked
about by a head that did not learn from them (the backbone did): what a class may claim of any one old class (of all
together a tenth of it). The rule: the highest harmonic mean at which, on either, the old classes lose at most 2
points with 1, with 3 and with 5 pictures, by the upper end of the interval, and the one that is hurt most less than
15 on average. It chooses **{100 * float(chosen or 0):.0f} %**. In the table are means over lessons of 1, 3 and 5
pictures; of the loss the largest of the three, with its upper end.

| of any one | pictures | new class | old classes lost, at most | most hurt | harmonic mean |
| --- | --- | --- | --- | --- | --- |
{grid}
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
