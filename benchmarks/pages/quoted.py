"""Write docs/batches.md, method.md, photographs.md, synthetic-faces.md, and README's table of what the page says.

python -m benchmarks.pages.quoted
"""

import json
from pathlib import Path
from string import Template

from benchmarks.common.earlier import note
from benchmarks.common.results import ROOT, read_result
from benchmarks.pages.tables import table
from cfer.app.panels.map_kinds import title
from cfer.app.texts import Speech
from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.emotions import BASICS, UNIT_NAMES, prototype
from cfer.measure.strengths import CLEAR, FALSE_ALARMS
from cfer.training.domain_offsets import NEUTRAL_ODDS

READERS = {
    "cfer default checkpoint": "this project's first default checkpoint (14 classes, from photographs alone), "
    "asked for the seven",
    "cfer basic phase": "its basic phase (FER+ alone)",
    "cfer basic phase, prior taken out": "the same, FER+'s class frequencies taken out",
    "face-api": "face-api, by others",
}
"""Readers of rendered faces by their names in the result, and what they are called in the page."""


def interval(values: list[float], times: float = 1, digits: int = 2, unit: str = "") -> str:
    """A value with its interval, and its unit behind the value."""
    value, low, high = (f"{times * v:.{digits}f}" for v in values)
    return f"{value}{unit} ({low} to {high})"


def batches() -> dict[str, str]:
    """Figures of docs/batches.md."""
    found = read_result("batches")
    fer = found["the package fer"]
    return {
        "earlier": note("batches.json"),
        "processes": {2: "two"}.get(found["processes"], str(found["processes"])),
        "pictures": f"{found['pictures']:,}",
        "faces": f"{found['faces']:,}",
        "command": f"{found['pictures_a_second']['command']['once_started']:.0f}",
        "ratio": f"{found['ratio']['once_started']:.1f}",
        "ratio_in_all": f"{found['ratio']['in_all']:.1f}",
        "fer": f"{fer['pictures_a_second']:.0f}",
        "fer_found": f"{100 * fer['faces_found'] / found['pictures']:.0f}",
    }


def method() -> dict[str, str]:
    """Figures of docs/method.md."""
    maps = read_result("unit_maps")["class maps"]
    names = {"own": "own", "mean_map": "mean of all faces", "random": "random head"}
    beyond = "more than" if maps["own"][1] > maps["mean of all faces"][2] else "no more than"
    return {name: interval(maps[key]) for name, key in names.items()} | {"odds": f"{NEUTRAL_ODDS:g}", "beyond": beyond}


def synthetic_faces() -> dict[str, str]:
    """Figures of docs/synthetic-faces.md."""
    read, learn, speed = (read_result(f"synth_{name}") for name in ("read", "learn", "speed"))
    rows = (
        (words, f"{100 * read[key]['mean_recall']:.1f}", *(f"{100 * read[key]['recall'][name]:.0f}" for name in BASICS))
        for key, words in READERS.items()
    )
    first, last = read["people"]
    return {
        "earlier": note("synth_read.json", "synth_learn.json", "synth_speed.json", "synth_ceiling.json"),
        "readers_table": table(("reader", "mean", *BASICS), rows),
        "people": str(last - first + 1),
        "first": str(first),
        "last": str(last),
        "read": str(read["pictures"]),
        "learners": str(learn["train"]["people"]),
        "others": str(learn["test"]["people"]),
        "accuracy": interval([learn["accuracy_22"], *learn["interval_95_over_people"]], 100, 1, " %"),
        "auc": f"{learn['unit_presence_auc_mean']:.3f}",
        "hardest": ", ".join(sorted(learn["recall"], key=learn["recall"].__getitem__)[:4]),
        "a_second": f"{speed['pictures_a_core_second']:.1f}",
        "a_person": f"{speed['cpu_seconds_a_person']:.1f}",
        "memory": str(speed["peak_memory_mb"]),
        "ceiling": f"{100 * read_result('synth_ceiling')['accuracy_22']:.1f}",
    }


def photographs() -> dict[str, str]:
    """Figures of docs/photographs.md."""
    checkpoint = load_checkpoint()
    return (
        _read(checkpoint)
        | _says(checkpoint)
        | _maps()
        | _phase1()
        | _units()
        | _faint()
        | _own()
        | _strengths(checkpoint)
        | _adapted()
    )


def _read(checkpoint: Checkpoint) -> dict[str, str]:
    read, unseen = read_result("photographs"), read_result("unseen_faces")
    words = {"checkpoint": "default checkpoint", "teacher (teachers.npz)": "face-api, the teacher"}
    shown = [name for name in BASICS if name != "fearful"]
    rows = (
        (
            words.get(name, name),
            interval(row["mean recall without fearful"]),
            *(f"{row['recall'][each]:.2f}" for each in shown),
        )
        for name, row in read["readers"].items()
    )
    test = checkpoint.facts.after_basic.test if checkpoint.facts.after_basic else None
    assert test is not None
    assert test.accuracy is not None
    assert test.macro_recall is not None
    return {
        "read_pictures": f"{read['pictures']:,}",
        "read_people": str(read["people"]),
        "readers_table": table(("reader", "mean of six", *shown), rows),
        "read_seven": interval(read["readers"]["checkpoint"]["mean recall"]),
        "fer_accuracy": _share(test.accuracy),
        "fer_recall": _share(test.macro_recall),
        "unseen_people": str(unseen["people"]),
        "unseen": interval([unseen["accuracy"], *unseen["accuracy_interval"]], 100, 1, " %"),
        "odds": f"{NEUTRAL_ODDS:g}",
    }


WORDS = {"certain": "almost certain", "fairly": "fairly sure", "rather": "leans", "unsure": "not sure"}
SETS = {
    "FER+ with compounds": "FER+ with compounds",
    "photographs": "press portraits, basics",
    "rendered, poor camera": "rendered, poor camera, all 22",
}
"""Sets of `benchmarks/photographs/says.py` and what they are called, the worst first."""


def says_table() -> str:
    """What the page says, held against labels, the worst rows first."""
    found = read_result("says")

    def cell(values: list[float] | None) -> str:
        return "-" if values is None else f"{100 * values[0]:.0f} % ({100 * values[1]:.0f} to {100 * values[2]:.0f})"

    sets = [found[name] for name in SETS]
    rows: list[tuple[str, ...]] = [("all answers: label right", *(cell(each["right"]) for each in sets))]
    for word, said in reversed(WORDS.items()):
        words = [each["by word"][word] for each in sets]
        rows.append((f'"{said}"', *(f"{cell(w['right'])}, {w['answers']} answers" for w in words)))
    for key, said in (("right with a doubt", "with a doubt"), ("right without", "without a doubt")):
        rows.append((said, *(cell(each["doubted"][key]) for each in sets)))
    rows.append(("all answers: family right", *(cell(each["family right"]) for each in sets)))
    rows.append(("answered as a family: right", *(cell(each["answered as a family"]["right"]) for each in sets)))
    return table(("label right, of", *SETS.values()), rows)


def _says(checkpoint: Checkpoint) -> dict[str, str]:
    found = read_result("says")
    errors = [f"{found[name]['calibration']['probability']:.2f}" for name in SETS]
    return {
        "factor": f"{checkpoint.sureness.photographs:g}",
        "says_table": says_table(),
        "says_ece": f"{', '.join(errors[:-1])} and {errors[-1]}",
    }


def _maps() -> dict[str, str]:
    found = read_result("photograph_maps")
    speech = Speech()
    rows = (
        (title(key, speech), *(interval(row[each]) for each in ("ratio", "mean_map", "other_class")))
        for key, row in found["methods"].items()
    )
    return {
        "maps_photographs": str(sum(found["photographs"].values())),
        "maps_people": str(found["people"]),
        "maps_table": table(("maps", "evidence there", "mean map of others", "other basics' maps"), rows),
    }


def _phase1() -> dict[str, str]:
    found = read_result("phase1")
    before, after = found["before"], found["after"]
    rows: list[tuple[str, ...]] = []
    for name in ("photographs", "FER+"):
        for key in ("units", "least unit", "mean recall", "discriminant"):
            rows.append((f"{name}: {key}", *(f"{row[name][key]:.3f}" for row in (before, after))))
    rows.append(("rendered: all classes", *(f"{row['rendered']['all classes']:.3f}" for row in (before, after))))
    for kind in ("photographs", "rendered"):
        rows.append((f"whole-face maps, {kind}", *(interval(row["maps"][kind]) for row in (before, after))))
    return {
        "phase1_table": table(("", "before", "after"), rows),
        "maps_before": interval(before["maps"]["photographs"]),
    }


def readme(text: str) -> str:
    """The README with its table of what the page says."""
    begin, end = "<!-- says -->\n", "<!-- /says -->"
    return f"{text[: text.index(begin) + len(begin)]}{says_table()}\n{text[text.index(end) :]}"


def _units() -> dict[str, str]:
    found = read_result("photograph_units")["test"]
    rows = (
        (
            name,
            *(f"{row[each]['mean']:.3f} ({row[each]['least']:.2f})" for each in ("photographs", "FER+")),
            f"{row['rendered']:.3f}",
            f"{row['within']:.2f}",
        )
        for name, row in found.items()
    )
    alone, shipped = (found[name]["photographs"]["units"] for name in ("rendered faces alone", "shipped"))
    by_unit = (
        (f"{UNIT_NAMES[int(unit)]}, AU{unit}", f"{alone[unit]:.2f}", f"{value:.2f}") for unit, value in shipped.items()
    )
    heads = ("witnesses", "photographs (least unit)", "FER+ (least unit)", "rendered, exact", "with MediaPipe, within")
    return {
        "units_earlier": note("photograph_units.json"),
        "units_table": table(heads, rows),
        "unit_by_unit": table(("unit", "rendered faces alone", "shipped"), by_unit),
    }


def _faint() -> dict[str, str]:
    found = read_result("faint")
    heads = ("neutral's logit", "neutral", "five expressions", "happy", "expressions called neutral")
    rows = (
        (moved, *(_share(row[name], 0) for name in ("neutral", "expressions", "happy", "called neutral")))
        for moved, row in found["photographs, validation"].items()
    )
    test = found["photographs, test"]
    called = {
        f"faint_{level}{ending}": _share(found[f"faint-{level}"][seen]["called neutral"], 0)
        for level in "abc"
        for ending, seen in (("", "as they are"), ("_seen", "through cameras"))
    }
    return {
        "curve": table(heads, rows),
        "test_neutral": _share(test["neutral"], 0),
        "test_expressions": _share(test["expressions"], 0),
        "test_called": _share(test["called neutral"], 0),
        **called,
    }


def _own() -> dict[str, str]:
    found = read_result("own_neutral")
    one = found["photographs"]["up to 1 neutral"]
    shipped = next(row for name, row in one.items() if name.endswith("shipped"))
    rendered = next(row for name, row in found["rendered"]["up to 1 neutral"].items() if name.endswith("shipped"))

    def gained(row: dict[str, list[float]], digits: int = 3) -> str:
        value, low, high = (f"{v:+.{digits}f}" for v in row["gained"])
        return f"{value} ({low} to {high})"

    return {
        "own_people": str(found["photographs"]["people"]),
        "own_recall": gained(shipped["recall"]),
        "own_units": gained(shipped["units"]),
        "own_all": gained(one["all of it"]["recall"]),
        "own_rendered": f"units {gained(rendered['units'])}",
    }


def _strengths(checkpoint: Checkpoint) -> dict[str, str]:
    found = json.loads(checkpoint.measured["strengths.json"])
    called, correlated = found["called"], found["units"]
    rows = []
    for unit in called["neutral"]:
        shown = max(BASICS[1:], key=lambda name: (prototype(name).get(int(unit), 0.0), called[name][unit]))
        published = prototype(shown).get(int(unit), 0.0)
        agreed = correlated.get(unit, {}).get("correlation")
        rows.append(
            (
                f"{UNIT_NAMES[int(unit)]}, AU{unit}",
                _share(called["neutral"][unit], 0),
                f"{shown}: {_share(called[shown][unit], 0)}",
                "most" if published == 1 else _share(published, 0),
                "" if agreed is None else f"{agreed:.2f}",
            )
        )
    heads = ("unit", "called present in neutral", "where it is most usual", "published share", "with MediaPipe")
    return {"strengths_table": table(heads, rows), "false_alarms": _share(FALSE_ALARMS, 0), "clear": f"{CLEAR:g}"}


def _adapted() -> dict[str, str]:
    found = read_result("adapt")
    cameras = {name: row for name, row in found.items() if isinstance(row, dict) and "change" in row}
    rows = (
        (
            f"{name}: {row['change']}",
            f"{row['mean recall without fearful']:.3f}",
            *(
                interval([row[way]["mean recall without fearful"], *row[way]["95 % of draws"]], 1, 3)
                for way in ("adapted, as they come", "adapted, class by class")
            ),
        )
        for name, row in cameras.items()
    )
    return {
        "adapt_table": table(("camera", "as it is", "adapted, as they come", "adapted, several expressions"), rows),
        "adapt_faces": str(found["pictures to adapt to"]),
        "adapt_draws": str(found["draws"]),
        "adapt_of": f", {found['mean recall without fearful']:.3f} without any change",
        "adapt_earlier": note("adapt.json"),
    }


def _share(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


PAGES = {"batches": batches, "method": method, "photographs": photographs, "synthetic-faces": synthetic_faces}
"""Pages by name, and what gives their figures."""


def page(name: str) -> str:
    """A page's text."""
    return Template((Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")).substitute(PAGES[name]())


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / "docs" / f"{name}.md").write_text(page(name), encoding="utf-8")
    path = ROOT / "README.md"
    path.write_text(readme(path.read_text(encoding="utf-8")), encoding="utf-8")
