"""Lessons of 1, 3 and 5 pictures: a class taught to a model that knows all others, tested on other people.

    python -m benchmarks.lessons.measure --run runs/evaluate [--photographs FOLDER] [--keep renders|photographs]

It writes results/lessons.json; --keep keeps what that says of either, by the same checkpoint.

*Renders*: RUN/faces holds the people that `cfer evaluate` renders. A learner is fitted to all classes but one of the
15 compounds on the training people of a fold, as `cfer train continual` does it; the class is then taught from drawn
pictures, and everything is scored over all classes on people whom nothing saw. The first fold is for choosing; the
other folds report ("renders"). *Photographs*: FOLDER has a samples.csv with labels of the basics and people; each of
the six is taken out and taught under an invented name, so that the head knows nothing of it but its pictures (the
backbone learned it with the others); intervals are over draws. The people outside the test part are for choosing,
each asked about once by a head that did not learn from them; the test part reports.

"choice": of a grid of limits the one with the highest harmonic mean where lessons of 1, of 3 and of 5 pictures each
cost the old classes no more than `COSTLY`, by the upper end of the interval, and the old class that loses most less
than `COLLISION` on average, on rendered people and on photographs; the harmonic mean is the mean of both.

"promised_loss": what the lesson says that the old classes lost, from check features; "lost": what they lost on the test
people; "most_hurt": the loss of the class that lost most; "lesson_ahead": by how much the harmonic mean of a lesson by
default is higher on the same draws; "shots": share of the taught pictures recognised. What stands beside lessons is in
benchmarks/lessons/lesson_ways.py.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.results import read_result, write_result
from benchmarks.lessons.lesson_ways import COUNTS, GRID, compared, limited, paper_base, without
from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import fold_split, split
from cfer.emotions import BASICS, COMPOUNDS
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.features.table import FeatureTable, cache_path, extract_features
from cfer.lessons.effect import COLLISION, COSTLY
from cfer.lessons.record import DEFAULT_EAGER, EAGER
from cfer.synth.dataset import MANIFEST

FOLDS, USED, DRAWS = 10, 5, 5
PHOTOGRAPH_FOLDS, CHOICE_DRAWS, PHOTOGRAPH_DRAWS = 5, 4, 20
INVENTED = "taught"


class Table:
    """Scores by name, each with the group that it belongs to."""

    def __init__(self) -> None:
        """Start empty."""
        self.draws: list[tuple[dict[str, dict[str, float]], int]] = []

    def add(self, found: dict[str, dict[str, float]], group: int) -> None:
        """Add one draw's scores."""
        self.draws.append((found, group))

    def means(self) -> dict[str, Any]:
        """Means with intervals over the groups; "lesson_ahead" is over the draws that both were given."""
        found = {}
        for name in dict.fromkeys(name for scores, _ in self.draws for name in scores):
            mine = [(scores, group) for scores, group in self.draws if name in scores]
            groups = [group for _, group in mine]
            found[name] = summary([scores[name] for scores, _ in mine], groups)
            default = f"{DEFAULT_EAGER}, {name.rpartition(', ')[2]}"
            if name != default and all(default in scores for scores, _ in mine):
                ahead = [{"lesson_ahead": s[default]["harmonic"] - s[name]["harmonic"]} for s, _ in mine]
                found[name] |= summary(ahead, groups)
        return found


def summary(rows: list[dict[str, float]], groups: list[int]) -> dict[str, Any]:
    """Means with intervals over groups of rows."""
    found = {}
    for key in rows[0]:
        values = np.array([row[key] for row in rows])
        interval = bootstrap_interval(values, np.array(groups))
        found[key] = [round(v, 4) for v in (float(values.mean()), *interval)]
    return found


def chosen(grids: Mapping[str, dict[str, Any]]) -> str | None:
    """The limit with the highest harmonic mean among those that cost little and never collide on average."""

    def fair(limit: str) -> bool:
        rows = [grid[limit] for grid in grids.values()]
        cheap = all(row[f"lost, {count}"][2] <= COSTLY for row in rows for count in COUNTS)
        return cheap and all(row["most_hurt"][0] < COLLISION for row in rows)

    def harmonic(limit: str) -> float:
        return sum(grid[limit]["harmonic"][0] for grid in grids.values())

    return max(filter(fair, map(str, GRID)), key=harmonic, default=None)


def on_renders(base: Checkpoint, run: Path) -> dict[str, Any]:
    """Every compound in some folds, several draws of a person."""
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(base.model, table, base.preprocessing, run / "features.safetensors")
    choice, reported = Table(), Table()
    for fold in range(USED):
        divided = replace(features, table=fold_split(features.table, FOLDS, fold, 0))
        for place_of, compound in enumerate(COMPOUNDS):
            others = (*BASICS, *(name for name in COMPOUNDS if name != compound))
            known, train, test = without(base, divided, others, compound, len(BASICS))
            mine = train.x[train.y == len(known.names)]
            theirs = paper_base(divided, others) if fold else None
            for draw in range(DRAWS):
                seed = 100 * fold + draw
                if fold:
                    reported.add(
                        compared(known, compound, mine, (train, test), seed, None if draw else theirs), place_of
                    )
                else:
                    choice.add(limited(known, compound, mine, test, seed), place_of)
            print(fold, compound, flush=True)
    return {"choice": {"renders": choice.means()}, "renders": reported.means()}


def on_photographs(base: Checkpoint, folder: Path, run: Path) -> dict[str, Any]:
    """Each of the six basics taken out and taught, on photographs of other people."""
    whole = split(read_data(folder), seed=0)
    table = whole.only(s for s in whole.samples if s.label in BASICS)
    features = extract_features(base.model, table, base.preprocessing, cache_path(run, table), progress=True)
    choice, every, each = Table(), Table(), {}
    for name in BASICS[1:]:
        others = tuple(basic for basic in BASICS if basic != name)
        renamed = replace(
            features,
            table=table.only(replace(s, label=INVENTED) if s.label == name else s for s in features.table.samples),
        )
        for number in range(PHOTOGRAPH_FOLDS):
            known, train, looked_at = without(base, without_test(renamed, number), others, INVENTED, len(others))
            if not bool((looked_at.y == len(others)).any()):
                continue  # the rarest class may be absent from a fold
            for draw in range(CHOICE_DRAWS):
                found = limited(known, INVENTED, train.x[train.y == len(others)], looked_at, draw)
                choice.add(found, CHOICE_DRAWS * number + draw)
        known, train, test = without(base, renamed, others, INVENTED, len(others))
        mine, alone = train.x[train.y == len(others)], Table()
        theirs = paper_base(renamed, others)
        for draw in range(PHOTOGRAPH_DRAWS):
            found = compared(known, INVENTED, mine, (train, test), draw, theirs if draw < 5 else None)
            every.add(found, draw)
            alone.add(found, draw)
        tested = int((test.y == len(others)).sum())
        each[name] = {"test_pictures": tested} | {
            key: {"new": means["new"], "harmonic": means["harmonic"], "lost": means["lost"]}
            for key, means in alone.means().items()
        }
        print(name, flush=True)
    return {"choice": {"photographs": choice.means()}, "photographs": every.means(), "photographs_each": each}


def without_test(features: FeatureTable, number: int) -> FeatureTable:
    """The people outside the test part, divided anew."""
    rows = [i for i, s in enumerate(features.table.samples) if s.split != "test"]
    table = features.table.only(features.table.samples[i] for i in rows)
    return replace(features, table=fold_split(table, PHOTOGRAPH_FOLDS, number), x=features.x[rows])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/evaluate"))
    parser.add_argument("--photographs", type=Path, help="a folder with samples.csv")
    parser.add_argument("--keep", choices=("renders", "photographs"), help="keep what the file says of these")
    given = parser.parse_args()
    if bool(given.photographs) == (given.keep == "photographs"):
        parser.error("Give --photographs FOLDER, or --keep photographs.")
    base = load_checkpoint()
    found: dict[str, Any] = {"folds": USED - 1, "draws": DRAWS, "compounds": len(COMPOUNDS)}
    found |= {"limits": {name: asdict(limit) for name, limit in EAGER.items()}, "default": DEFAULT_EAGER}
    parts = [on_photographs(base, given.photographs, given.run)] if given.photographs else []
    if given.keep:
        old = read_result("lessons")
        grid = {given.keep: old["choice"]["grids"][given.keep]}
        parts.append({"choice": grid} | {name: part for name, part in old.items() if name.startswith(given.keep)})
    if given.keep != "renders":
        parts.append(on_renders(base, given.run))
    grids = {kind: grid for part in parts for kind, grid in part.pop("choice").items()}
    for part in parts:
        found |= part
    choice = {"grids": grids, "chosen": chosen(grids)}
    write_result("lessons", found | {"choice": choice})
    print("chosen:", choice["chosen"])


if __name__ == "__main__":
    main()
