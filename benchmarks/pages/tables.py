"""Tables of docs/benchmark.md, from committed results."""

from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]


def percent(score: Sequence[float]) -> str:
    """A score with its interval."""
    value, low, high = (100 * v for v in score)
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def points(score: Sequence[float]) -> str:
    """A difference with its interval."""
    value, low, high = (100 * v for v in score)
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def named(row: Row) -> str:
    """Method and budget."""
    return f"{row['method']}, {row['memory']} a class" if row["memory"] else row["method"]


def methods(rows: list[Row], shots: int | None, forward: dict[str, float], by: str, *, uneven: bool = False) -> str:
    """All methods at one number of shots, best first, with what they cost.

    Args:
        rows: Of a report.
        shots: Pictures of each new class.
        forward: Relative cost of answering, by method.
        by: Score to sort by.
        uneven: Whether classes differ in frequency, so that mean recall says something that accuracy does not.
    """
    mine = sorted((r for r in rows if r["shots"] == shots), key=lambda r: -r["scores"][by][0])
    recall = ("average_recall",) if uneven else ()
    shown = ("average_incremental", *recall, "base", "new", "harmonic", "forgetting", "first_loss")
    words = (name.replace("_", " ").replace("first loss", "lost in the first lesson") for name in shown)
    return table(
        ["method", *words, "MB kept", "s a run", "forward"],
        (
            [
                named(r),
                *(percent(r["scores"][k]) for k in shown),
                f"{r['bytes'] / 1e6:.2f}",
                f"{r['seconds']:.1f}",
                f"{forward[r['method']]:.1f}",
            ]
            for r in mine
        ),
    )


def leads(rows: list[Row], shots: int | None) -> str:
    """By how much the default leads each other method."""
    mine = sorted((r for r in rows if r["shots"] == shots and "lead" in r), key=lambda r: r["lead"]["harmonic"][0])
    return table(
        ["lead over", "average incremental", "harmonic"],
        ([named(r), *(points(r["lead"][k]) for k in ("average_incremental", "harmonic"))] for r in mine),
    )


def shots_and_budgets(rows: list[Row], chosen: Sequence[tuple[str, int]]) -> str:
    """Harmonic mean and average incremental accuracy by shots, of some methods and budgets."""
    found = {(r["method"], r["memory"], r["shots"]): r["scores"] for r in rows}
    numbers = (0, 1, 3, 5, None)

    def cell(method: str, memory: int, shots: int | None) -> str:
        scores = found.get((method, memory, shots))
        if scores is None:
            return ""
        return f"{100 * scores['harmonic'][0]:.1f} / {100 * scores['average_incremental'][0]:.1f}"

    return table(
        ["harmonic / average incremental", *("all" if n is None else str(n) for n in numbers)],
        (
            [f"{method}, {memory} a class" if memory else method, *(cell(method, memory, n) for n in numbers)]
            for method, memory in chosen
        ),
    )


def by_class(names: list[str], columns: dict[str, Row]) -> str:
    """Recall of every class after the last step."""
    first = next(iter(columns.values()))
    order = sorted(range(len(names)), key=lambda k: -first["recall"][k])
    return table(
        ["class", *columns],
        ([names[k], *(f"{100 * row['recall'][k]:.0f}" for row in columns.values())] for k in order),
    )


def one_shot_protocol(found: dict[str, Any]) -> str:
    """The paper's figure beside what the same model scores over all classes."""
    return table(
        ["", "the paper's figure", "base classes", "new class", "harmonic"],
        (
            [
                name,
                "{:.1f} ({:.0f} to {:.0f})".format(*(100 * v for v in row["reported"])) if "reported" in row else "",
                *(percent(row[k]) for k in ("base", "new", "harmonic")),
            ]
            for name, row in found["methods"].items()
        ),
    )


def peers(found: dict[str, Any]) -> str:
    """Ours and avalanche's."""
    return table(
        ["method", "ours", "avalanche", "difference", "what differs"],
        (
            [
                name,
                *(f"{100 * v:.1f}" for v in row["average_incremental"]),
                points(row["ours_less_theirs"]),
                row["differs"],
            ]
            for name, row in found["methods"].items()
        ),
    )


def ablations(variants: dict[str, Any]) -> str:
    """What is gained or lost without a part."""

    def cell(row: dict[str, Any], shots: str, score: str) -> str:
        return f"{100 * row[shots]['scores'][score]:.1f}" if row is whole else points(row[shots]["less"][score])

    whole = variants["as it is"]
    return table(
        [
            "",
            "zero-shot harmonic",
            "one-shot harmonic",
            "one shot: lost in the first lesson",
            "all: average incremental",
        ],
        (
            [
                name,
                cell(row, "0", "harmonic"),
                cell(row, "1", "harmonic"),
                cell(row, "1", "first_loss"),
                cell(row, "all", "average_incremental"),
            ]
            for name, row in variants.items()
        ),
    )


def tuned(found: dict[str, Any]) -> str:
    """What was tried for each setting, the chosen value in bold."""

    def cells(rows: list[dict[str, Any]], score: str) -> str:
        told = [(f"{row['value']:g}: {100 * row[score]:.1f}", row["chosen"]) for row in rows if score in row]
        return ", ".join(f"**{cell}**" if chosen else cell for cell, chosen in told)

    settings: dict[str, list[dict[str, Any]]] = {}
    for tried in found["tried"]:
        flat = tried | {f"ferplus_{name}": value for name, value in tried.get("ferplus", {}).items()}
        settings.setdefault(tried["setting"], []).append(flat)
    heads = {
        "zero_shot_harmonic": "no picture: harmonic",
        "one_shot_harmonic": "one: harmonic",
        "all_harmonic": "all: harmonic",
        "ferplus_one_shot_harmonic": "FER+, one: harmonic",
        "ferplus_one_shot_average_incremental": "FER+, one: average incremental",
    }
    return table(
        ["setting", *heads.values()],
        ([name, *(cells(rows, score) for score in heads)] for name, rows in settings.items()),
    )
