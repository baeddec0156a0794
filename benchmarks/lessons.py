"""Lessons of 1, 3 and 5 pictures: a class taught to a model that knows all others, tested on other people.

    python -m benchmarks.lessons --run runs/evaluate [--photographs FOLDER] [--keep renders|photographs]

It writes benchmarks/lessons.json; --keep keeps what that says of either, by the same checkpoint.

*Renders*: RUN/faces holds the people that `cfer evaluate` renders. A learner is fitted to all classes but one of the 15
compounds on the training people of a fold, as `cfer train continual` does it; the class is then taught from drawn
pictures, and everything is scored over all classes on people whom nothing saw. The first fold is for choosing; the
other folds report ("renders"). *Photographs*: FOLDER has a samples.csv with labels of the basics and people; each of
the six is taken out and taught under an invented name, so that nothing is known of it but its pictures; intervals are
over draws. The people outside the test part are for choosing, each asked about once by a model that did not learn from
them; the test part reports.

"choice": of a grid of limits the one with the highest harmonic mean where lessons of 1, of 3 and of 5 pictures each
cost the old classes no more than `COSTLY`, by the upper end of the interval, and the old class that loses most less
than `COLLISION` on average, on rendered people and on photographs; the harmonic mean is the mean of both.

"promised_loss": what the lesson says that the old classes lost, from check features; "lost": what they lost on the test
people; "most_hurt": the loss of the class that lost most; "lesson_ahead": by how much the harmonic mean of a lesson by
default is higher on the same draws. "shots": share of the taught pictures recognised. Beside
lessons stand the same learner's plain step (the few-shot phase without a placement), nearest means, the few-shot phase
of Maiden & Nakisa (distillation from the model before and their exemplar memory, repaired as `cfer evaluate` has it; it
learned the old classes all at once, which forgets nothing), and a head that is trained anew on 20 exemplars a class and
the new pictures, as Teachable Machine does it.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import fold_split, split
from cfer.emotions import BASICS, COMPOUNDS
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.evaluation.metrics import harmonic_mean
from cfer.evaluation.stream import Features, make_stream, stream_label
from cfer.features.table import FeatureTable, cache_path, extract_features
from cfer.files import write_json
from cfer.learners import REGISTRY
from cfer.learners.base import Head, LinearLearner, Step
from cfer.lessons.effect import COLLISION, COSTLY
from cfer.lessons.lesson import observed, taught, teach
from cfer.lessons.placement import Limit, place, placed
from cfer.lessons.record import DEFAULT_EAGER, EAGER, Lesson
from cfer.synth.dataset import MANIFEST
from cfer.training.continual import ContinualConfig, finish_step, held_back, new_learner

FOLDS, USED, DRAWS = 10, 5, 5
PHOTOGRAPH_FOLDS, CHOICE_DRAWS, PHOTOGRAPH_DRAWS = 5, 4, 20
EXEMPLARS = 20
COUNTS = (1, 3, 5)
GRID = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
"""What a class may claim of any one old class; of all together it may claim a tenth of that."""
INVENTED = "taught"
PLAIN, NEAREST, RETRAINED, PAPER = "plain step", "nearest mean", "head trained anew", "the paper's few-shot phase"
PAPER_LEARNER = "predictive-replay"


def without(
    base: Checkpoint, features: FeatureTable, others: tuple[str, ...], new: str, first: int
) -> tuple[Checkpoint, Features, Features]:
    """A checkpoint that knows all classes but one, and training and test features with that one as the last class.

    Args:
        base: Whose backbone made the features.
        features: Rows with splits.
        others: The classes that are known.
        new: The class that is not.
        first: How many of the others make the first step.
    """
    config = ContinualConfig()
    whole = make_stream(features, (*others, new), first, stream_label)
    seen = range(len(others))
    train, validation, test = (part.of(seen) for part in (whole.train, whole.validation, whole.test))
    known_only = replace(whole, classes=others, train=train, validation=validation, test=test)
    checks, stream = held_back(known_only, config)
    learner = new_learner(config, several=False)
    for number in range(len(stream)):
        learner.observe(stream.step(number), torch.Generator().manual_seed(number))
    result = finish_step(learner.head(), stream)
    known = replace(
        base,
        model=base.model.with_head(stream.classes, *result.head),
        classes=tuple(ClassInfo.of(n) for n in stream.classes),
        learner=learner,
        calibration=result.calibration,
        offsets=torch.zeros(seen.stop),
        checks=checks,
        heads=(result.head,) * len(stream),
        measured={},
        domains=None,  # one kind of pictures alone is learned from here
    )
    return known, whole.train, whole.test


def paper_base(features: FeatureTable, others: tuple[str, ...]) -> LinearLearner:
    """The paper's learner with all classes but one, learned together."""
    learner = REGISTRY[PAPER_LEARNER].make()
    assert isinstance(learner, LinearLearner)
    learner.observe(make_stream(features, others, len(others), stream_label).step(0), torch.Generator().manual_seed(0))
    return learner


def recalls(head: Head, test: Features, classes: range) -> list[float]:
    """Recall of those of some classes that are among the test pictures."""
    predicted = F.linear(test.x, *head).argmax(1)
    return [float((predicted[test.y == k] == k).float().mean()) for k in classes if bool((test.y == k).any())]


def scored(known: Checkpoint, heads: tuple[Head, Head], shots: Tensor, test: Features) -> dict[str, float]:
    """A head before and after a lesson on people whom nothing saw."""
    new = len(known.names)
    before = recalls(heads[0], test, range(new))
    *after, own = recalls(heads[1], test, range(new + 1))
    old, still = float(np.mean(before)), float(np.mean(after))
    return {
        "before": old,
        "after": still,
        "lost": old - still,
        "most_hurt": max(b - a for b, a in zip(before, after, strict=True)),
        "new": own,
        "harmonic": harmonic_mean(still, own),
        "shots": float((F.linear(shots, *heads[1]).argmax(1) == new).float().mean()),
    }


def lesson(known: Checkpoint, name: str, shots: Tensor, test: Features, eager: str) -> dict[str, float]:
    """One lesson."""
    given = record(name, shots, eager)
    effect = teach(known, given)
    found = scored(known, (known.head, taught(known, [given]).head), shots, test)
    return found | {"promised_loss": effect.old_before - effect.old_after}


def plain(known: Checkpoint, name: str, shots: Tensor, test: Features) -> dict[str, float]:
    """The learner's step without any placement."""
    return scored(known, (known.head, observed(known, record(name, shots))[1]), shots, test)


def limited(known: Checkpoint, name: str, mine: Tensor, test: Features, seed: int) -> dict[str, dict[str, float]]:
    """Lessons with every limit of the grid, each the mean over numbers of pictures, and the loss with each number."""
    found: dict[str, list[dict[str, float]]] = {str(limit): [] for limit in GRID}
    for shots in drawn(mine, seed):
        head = observed(known, record(name, shots))[1]
        for of_one in GRID:
            where = place(head, known.checks.x, known.checks.y, shots, shots[:0], Limit(of_one, of_one / 10))
            found[str(of_one)].append(scored(known, (known.head, placed(head, where)), shots, test))
    return {
        limit: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        | {f"lost, {count}": row["lost"] for count, row in zip(COUNTS, rows, strict=True)}
        for limit, rows in found.items()
    }


def drawn(mine: Tensor, seed: int) -> list[Tensor]:
    """Each number of pictures out of a class's (N, C), the fewer among the more."""
    picks = torch.randperm(len(mine), generator=torch.Generator().manual_seed(seed))
    return [mine[picks[:count]] for count in COUNTS]


def record(name: str, shots: Tensor, eager: str = DEFAULT_EAGER) -> Lesson:
    """A lesson from features."""
    return Lesson(name, shots, shots, constituents=ClassInfo.of(name).constituents, eager=eager)


def nearest(known: Checkpoint, shots: Tensor, train: Features, test: Features) -> dict[str, float]:
    """Nearest class means, the new one's from the shots."""
    means = [train.x[train.y == k].mean(0) for k in range(len(known.names))]
    heads = []
    for each in (means, [*means, shots.mean(0)]):
        weight = torch.stack(each)
        heads.append(Head(weight, -0.5 * weight.square().sum(1)))
    return scored(known, (heads[0], heads[1]), shots, test)


def paper(base: LinearLearner, known: Checkpoint, shots: Tensor, test: Features, seed: int) -> dict[str, float]:
    """The paper's few-shot phase."""
    new, learner = len(known.names), base.copy()
    labels = torch.full((len(shots),), new)
    learner.observe(Step(1, range(new, new + 1), new + 1, shots, labels), torch.Generator().manual_seed(seed))
    return scored(known, (base.head(), learner.head()), shots, test)


def retrained(known: Checkpoint, shots: Tensor, train: Features, test: Features) -> dict[str, float]:
    """A head trained from nothing on some exemplars a class and the shots, every class counting alike."""
    kept = [train.x[train.y == k][:EXEMPLARS] for k in range(len(known.names))]
    heads = []
    for each in (kept, [*kept, shots]):
        x = torch.cat(each)
        y = torch.cat([torch.full((len(rows),), k) for k, rows in enumerate(each)])
        middle, scale = x.mean(0), x.std(0) + 1e-6
        fitted = LogisticRegression(C=0.01, class_weight="balanced", max_iter=200)
        fitted.fit(((x - middle) / scale).numpy(), y.numpy())
        weight = torch.from_numpy(fitted.coef_).float() / scale
        bias = torch.from_numpy(fitted.intercept_).float() - weight @ middle
        heads.append(Head(weight, bias))
    return scored(known, (heads[0], heads[1]), shots, test)


def compared(
    known: Checkpoint,
    name: str,
    mine: Tensor,
    parts: tuple[Features, Features],
    seed: int,
    theirs: LinearLearner | None,
) -> dict[str, dict[str, float]]:
    """Lessons and what stands beside them, from pictures drawn of the new class (N, C).

    What is trained by gradient descent takes long and is done only where the paper's learner is given.
    """
    train, test = parts
    found = {}
    for shots in drawn(mine, seed):
        count = len(shots)
        for eager in EAGER if count == 1 else (DEFAULT_EAGER,):
            found[f"{eager}, {count}"] = lesson(known, name, shots, test, eager)
        found[f"{PLAIN}, {count}"] = plain(known, name, shots, test)
        found[f"{NEAREST}, {count}"] = nearest(known, shots, train, test)
        if theirs is not None:
            found[f"{PAPER}, {count}"] = paper(theirs, known, shots, test, seed)
            found[f"{RETRAINED}, {count}"] = retrained(known, shots, train, test)
    return found


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
    base, out = load_checkpoint(), Path(__file__).with_suffix(".json")
    found: dict[str, Any] = {"folds": USED - 1, "draws": DRAWS, "compounds": len(COMPOUNDS)}
    found |= {"limits": {name: asdict(limit) for name, limit in EAGER.items()}, "default": DEFAULT_EAGER}
    parts = [on_photographs(base, given.photographs, given.run)] if given.photographs else []
    if given.keep:
        old = json.loads(out.read_text(encoding="utf-8"))
        grid = {given.keep: old["choice"]["grids"][given.keep]}
        parts.append({"choice": grid} | {name: part for name, part in old.items() if name.startswith(given.keep)})
    if given.keep != "renders":
        parts.append(on_renders(base, given.run))
    grids = {kind: grid for part in parts for kind, grid in part.pop("choice").items()}
    for part in parts:
        found |= part
    choice = {"grids": grids, "chosen": chosen(grids)}
    write_json(out, found | {"choice": choice})
    print("chosen:", choice["chosen"])


if __name__ == "__main__":
    main()
