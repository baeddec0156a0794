"""Write down what an evaluation found: a tidy table, a report with intervals, and a page to read."""

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from cfer.evaluation.person_scores import (
    SCORES,
    Score,
    confusion,
    lead,
    recency_bias,
    resample,
    scores,
    step_accuracy,
    summarise,
)
from cfer.evaluation.person_scores import tally as gather
from cfer.evaluation.run import Outcome
from cfer.learners import REGISTRY
from cfer.protocol.protocol import Setting

SHOWN = ("average_incremental", "last", "base", "new", "harmonic", "forgetting", "first_loss")


def write_table(outcomes: Iterable[Outcome], path: Path) -> None:
    """One row for each setting, fold and order: the tidy table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["method", "shots", "memory", "fold", "order", "seconds", "bytes", *SCORES])
        for outcome in outcomes:
            everybody = gather([outcome])
            for order in range(len(outcome.classes)):
                one = replace(everybody, right=everybody.right[:, [order]], arrival=everybody.arrival[[order]])
                found = scores(one, np.ones((1, len(one.people))))
                setting = outcome.setting
                about = [
                    setting.method,
                    "all" if setting.shots is None else setting.shots,
                    setting.memory,
                    outcome.fold,
                    order,
                ]
                cost = [round(float(outcome.seconds[order]), 3), int(outcome.kept[order])]
                writer.writerow([*about, *cost, *(round(float(found[name][0]), 5) for name in SCORES)])


def describe(outcomes: list[Outcome], ours: str, draws: int = 1000) -> dict[str, Any]:
    """Everything that is reported of a run, from its predictions: plain JSON data.

    Args:
        outcomes: All settings', in blocks of one setting.
        ours: The method whose lead over every other one is measured, at the same shots.
        draws: How often people are drawn again, for the intervals.
    """
    blocks = {setting: list(group) for setting, group in groupby(outcomes, key=lambda o: o.setting)}
    tallies = {setting: gather(group) for setting, group in blocks.items()}
    drawn = {setting: resample(tallied, draws) for setting, tallied in tallies.items()}
    rows = []
    for setting, group in blocks.items():
        tallied = tallies[setting]
        row: dict[str, Any] = {
            **asdict(setting),
            "scores": {k: _rounded(v) for k, v in summarise(drawn[setting]).items()},
            "step_accuracy": [round(v, 4) for v in step_accuracy(tallied)],
            "recency_bias": round(recency_bias(group), 4),
            "confusion": confusion(group).tolist(),
            "seconds": round(float(np.median(np.concatenate([o.seconds for o in group]))), 3),
            "bytes": int(max(o.kept.max() for o in group)),
        }
        mine = [s for s in blocks if s.method == ours and s.shots == setting.shots]
        if mine and setting.method != ours:
            row["lead"] = {k: _rounded(v) for k, v in lead(drawn[mine[0]], drawn[setting]).items()}
        rows.append(row)
    first = tallies[next(iter(blocks))]
    return {
        "classes": list(first.names),
        "base": first.base,
        "people": len(first.people),
        "pictures": int(first.total.sum()),
        "orders": first.right.shape[1],
        "ours": ours,
        "scores": SCORES,
        "settings": rows,
    }


def _rounded(score: Score) -> list[float]:
    return [round(score.value, 4), round(score.low, 4), round(score.high, 4)]


def as_markdown(report: dict[str, Any]) -> str:
    """Tables for people, one for each number of shots, best first."""
    lines = [
        f"{len(report['classes'])} classes ({report['base']} at once, then one a step), {report['people']} people, "
        f"{report['pictures']:,} test pictures, {report['orders']} class orders. Percent; 95 % intervals over people.",
        "",
    ]
    shots = sorted({row["shots"] for row in report["settings"]}, key=lambda s: 10**9 if s is None else s)
    for number in shots:
        rows = [r for r in report["settings"] if r["shots"] == number]
        rows.sort(key=lambda r: -r["scores"]["average_incremental" if number is None else "harmonic"][0])
        lines += [f"### {'All pictures' if number is None else f'{number} a new class'}", ""]
        heads = ["method", "exemplars", *(name.replace("_", " ") for name in SHOWN), "kB kept", "s"]
        lines += ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
        for row in rows:
            cells = [row["method"], str(row["memory"] or "-")]
            cells += [_cell(row["scores"][name]) for name in SHOWN]
            cells += [f"{row['bytes'] / 1000:,.0f}", f"{row['seconds']:.1f}"]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(score: list[float]) -> str:
    value, low, high = (100 * v for v in score)
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def write_report(outcomes: list[Outcome], ours: str, out: Path) -> dict[str, Any]:
    """Write `table.csv`, `report.json` and `report.md` into a run's folder."""
    report = describe(outcomes, ours)
    write_table(outcomes, out / "table.csv")
    (out / "report.json").write_text(json.dumps(report) + "\n", encoding="utf-8")
    (out / "report.md").write_text(as_markdown(report), encoding="utf-8")
    return report


def settings_for(methods: Iterable[str], shots: Iterable[int | None], memories: Iterable[int]) -> tuple[Setting, ...]:
    """All combinations that make sense.

    A method that keeps no exemplars is run once for each number of shots; one that learns from pictures alone is not
    asked to learn from none, nor one that lives on exemplars to do without.

    Raises:
        ValueError: Nothing is left.
    """
    budgets = list(memories)
    settings = tuple(
        Setting(method, number, memory)
        for number in shots
        for method in methods
        if number != 0 or REGISTRY[method].zero_shot
        for memory in (budgets if REGISTRY[method].memory else [0])
        if memory or not REGISTRY[method].requires_memory
    )
    if not settings:
        able = ", ".join(name for name, m in REGISTRY.items() if m.zero_shot)
        keep = ", ".join(name for name, m in REGISTRY.items() if m.requires_memory)
        raise ValueError(f"Without a picture of a class only {able} can learn it, and {keep} need exemplars.")
    return settings
