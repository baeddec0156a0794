"""Write docs/benchmark.md and its plots from the committed results beside this file.

python -m benchmarks.pages.benchmark
"""

from pathlib import Path
from string import Template
from typing import Any

from benchmarks.common.earlier import note
from benchmarks.common.results import ROOT, read_result
from benchmarks.pages import plots, tables
from cfer.learners import REGISTRY

TEMPLATE = Path(__file__).with_suffix(".md")
DOCS = ROOT / "docs"
PAGE = DOCS / "benchmark.md"
OURS, REPAIRED = ("compositional", 0), ("predictive-replay", 62)


def by_setting(report: dict[str, Any]) -> plots.Rows:
    """Rows by method, shots and budget."""
    return {(r["method"], r["shots"], r["memory"]): r for r in report["settings"]}


def gap(ours: dict[str, Any], theirs: dict[str, Any], score: str) -> str:
    """Difference of two rows from different feature sets, in points."""
    return f"{100 * (ours['scores'][score][0] - theirs['scores'][score][0]):+.1f}"


def draw(muscles: dict[str, Any]) -> None:
    """All plots."""
    rows = by_setting(muscles)
    curves = [OURS, ("predictive-replay", 62), ("teen", 0), ("nearest-mean", 0), ("paper-as-coded", 20)]
    rest = [("er", 20), ("fine-tuning", 0)]
    shown = {1: [*curves, *rest], None: [*curves, *rest, ("joint", 0)]}
    plots.accuracy_over_steps(rows, shown, DOCS / "benchmark-steps.png")
    plots.old_and_new(rows, DOCS / "benchmark-old-new.png")
    plots.confusions(rows, muscles["classes"], (1, None), DOCS / "benchmark-confusion.png")


def fields() -> dict[str, str]:
    """Everything that the page's text is filled with."""
    found, speed = read_result("continual"), read_result("continual_speed")
    muscles, votes, ferplus = (found[name] for name in ("muscles", "votes", "ferplus"))
    rows, plain, photographs = by_setting(muscles), by_setting(votes), by_setting(ferplus)
    forward = speed["forward"]
    zero, one = rows["compositional", 0, 0], rows["compositional", 1, 0]
    quoted = ("continual", "one_shot_protocol", "peers_avalanche", "ablations", "tune_composition")
    values = {
        "stale": note(*(f"{name}.json" for name in quoted)),
        "people": str(muscles["people"]),
        "pictures": f"{muscles['pictures']:,}",
        "classes": str(len(muscles["classes"])),
        "base": str(muscles["base"]),
        "orders": str(muscles["orders"]),
        "fer_pictures": f"{ferplus['pictures']:,}",
        "fer_classes": str(len(ferplus["classes"])),
        "fer_orders": str(ferplus["orders"]),
        "one_table": tables.methods(muscles["settings"], 1, forward, "harmonic"),
        "all_table": tables.methods(muscles["settings"], None, forward, "average_incremental"),
        "one_leads": tables.leads(muscles["settings"], 1),
        "all_leads": tables.leads(muscles["settings"], None),
        "votes_one": tables.methods(votes["settings"], 1, forward, "harmonic"),
        "votes_all": tables.methods(votes["settings"], None, forward, "average_incremental"),
        "fer_one": tables.methods(ferplus["settings"], 1, forward, "harmonic", uneven=True),
        "fer_all": tables.methods(ferplus["settings"], None, forward, "average_incremental", uneven=True),
        "shots_table": tables.shots_and_budgets(
            muscles["settings"],
            [OURS, *(("predictive-replay", m) for m in (62, 20, 5, 0)), ("nearest-mean", 0), ("teen", 0)],
        ),
        "class_table": tables.by_class(
            muscles["classes"],
            {
                "one shot, ours": one,
                "one shot, repaired paper": rows["predictive-replay", 1, 62],
                "no picture, ours": zero,
                "all, ours": rows["compositional", None, 0],
            },
        ),
        "one_shot_protocol": tables.one_shot_protocol(read_result("one_shot_protocol")),
        "peers": tables.peers(read_result("peers_avalanche")),
        "ablations": tables.ablations(read_result("ablations")["variants"]),
        "fer_ablations": tables.ablations(read_result("ablations")["ferplus"]),
        "zero_new": tables.percent(zero["scores"]["new"]),
        "zero_harmonic": tables.percent(zero["scores"]["harmonic"]),
        "chance": f"{100 / len(muscles['classes']):.1f}",
        "one_harmonic": tables.percent(one["scores"]["harmonic"]),
        "one_loss": tables.percent(one["scores"]["first_loss"]),
        "tuned": tables.tuned(read_result("tune_composition")),
        "values": tables.table(["method", "values of its settings"], ([n, m.values] for n, m in REGISTRY.items())),
        "did_not_pay": did_not_pay(rows),
        "seconds": f"{speed['default']['seconds']:.1f}",
        "grid_minutes": f"{speed['closed_form_grid']['seconds'] / 60:.1f}",
    }
    for shots, word in ((1, "one"), (None, "all")):
        ours, theirs = rows["compositional", shots, 0], rows["predictive-replay", shots, 62]
        lead = theirs["lead"]
        own = plain["predictive-replay", shots, 62]
        pictures = photographs["predictive-replay", shots, 62]["lead"]
        for score in ("average_incremental", "harmonic"):
            values[f"{word}_{score}_lead"] = tables.points(lead[score])
            values[f"{word}_{score}_equal"] = tables.points(own["lead"][score])
            values[f"{word}_{score}_votes"] = gap(ours, own, score)
            values[f"{word}_{score}_fer"] = tables.points(pictures[score])
        values[f"{word}_bytes"] = f"{ours['bytes'] / 1e6:.1f} against {theirs['bytes'] / 1e6:.1f} MB"
    return values


def did_not_pay(rows: plots.Rows) -> str:
    """What was tried for nothing, in numbers: average incremental accuracy with all pictures, or as said."""

    def points(method: str, memory: int = 0, shots: int | None = None, score: str = "average_incremental") -> str:
        return f"{100 * rows[method, shots, memory]['scores'][score][0]:.1f}"

    one = {name: points(name, shots=1, score="harmonic") for name in ("closed-form", "ridge", "ranpac", "fecam")}
    return "\n".join(
        [
            f"- *Predictive sorting.* With 20 exemplars a class the most confident pictures give "
            f"{points('predictive-replay', 20)}, random ones {points('paper-random-memory', 20)}, herding "
            f"{points('paper-herding', 20)}: the surest pictures are the most alike. With one picture there is "
            "nothing to "
            "sort among the new, and confident pictures of the old classes leave the newcomer more room: harmonic "
            f"{points('predictive-replay', 20, 1, 'harmonic')} against "
            f"{points('paper-random-memory', 20, 1, 'harmonic')}.",
            f"- *Distillation on top of replay* pays little: {points('predictive-replay', 20)} with it, "
            f"{points('paper-no-distillation', 20)} without, {points('paper-basic-teacher', 20)} with the basic model "
            "as the teacher.",
            f"- *A covariance for every class* (FeCAM, {points('fecam')}) and *random projections* (RanPAC, "
            f"{points('ranpac')}) against one shared covariance (streaming-lda, {points('streaming-lda')}).",
            "- *Second-order heads without a prior, from one picture*: harmonic "
            + ", ".join(f"{name} {value}" for name, value in one.items())
            + "; the nearest mean, which knows less, gets "
            f"{points('nearest-mean', shots=1, score='harmonic')}.",
            f"- *No memory at all*: LwF {points('lwf')}, fine-tuning {points('fine-tuning')}, the paper's method "
            f"{points('predictive-replay', 0)}.",
            f"- *With all pictures our prior hardly matters*: {points('compositional')}, and "
            f"{points('streaming-lda')} for streaming-lda, which is ours without it. Beside them ridge regression, "
            f"which keeps second moments as ours does, has {points('ridge')} (harmonic mean "
            f"{points('ridge', score='harmonic')} against {points('compositional', score='harmonic')}), and "
            f"logistic regression, which keeps all pictures, {points('logistic')}.",
        ]
    )


def page() -> str:
    """The template, filled."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(fields())


if __name__ == "__main__":
    draw(read_result("continual")["muscles"])
    PAGE.write_text(page(), encoding="utf-8")
