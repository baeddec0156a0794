"""From predictions to scores with intervals: whole people are drawn again, the same ones for every method."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.evaluation.run import UNSEEN, Outcome

SCORES: dict[str, str] = {
    "average_incremental": "mean accuracy over all seen classes, over all steps (the paper's metric)",
    "average_recall": "mean recall of all seen classes, over all steps: as above where classes are equally frequent",
    "last": "accuracy after the last step",
    "base": "mean recall of step 0's classes after the last step",
    "new": "mean recall of all later classes after the last step",
    "harmonic": "harmonic mean of base and new",
    "forgetting": "mean over old classes of best earlier recall minus last recall (Chaudhry et al., 2018)",
    "backward_transfer": "mean over old classes of last recall minus recall when learned (Lopez-Paz & Ranzato, 2017)",
    "first_new": "recall of the first new class when it has just been learned",
    "first_loss": "what step 0's classes lost in mean recall by it",
    "first_harmonic": "harmonic mean of the two groups' recall after that step",
}


@dataclass(frozen=True)
class Tally:
    """Counts of a method's right answers, person by person.

    Attributes:
        right: (P, O, T, K) pictures recognised of each person and class after each step of each order.
        total: (P, K) pictures.
        arrival: (O, K) the step at which each class came.
        people: (P,) who they are.
        base: How many classes step 0 had.
        names: The classes'.
    """

    right: np.ndarray
    total: np.ndarray
    arrival: np.ndarray
    people: np.ndarray
    base: int
    names: tuple[str, ...]


def tally(outcomes: Sequence[Outcome]) -> Tally:
    """Gather the folds of one setting."""
    first = outcomes[0]
    people = np.unique(np.concatenate([o.groups for o in outcomes]))
    orders, steps, _ = first.predicted.shape
    right = np.zeros((len(people), orders, steps, len(first.names)), np.int64)
    total = np.zeros((len(people), len(first.names)), np.int64)
    for outcome in outcomes:
        who = np.searchsorted(people, outcome.groups)
        np.add.at(total, (who, outcome.true), 1)
        hits = (outcome.predicted == outcome.true).transpose(2, 0, 1)  # (N, O, T)
        flat = right.transpose(0, 3, 1, 2)  # (P, K, O, T), a view
        np.add.at(flat, (who, outcome.true), hits)
    place = np.argsort(first.classes, axis=1)  # canonical class -> its place in the order
    return Tally(right, total, np.maximum(0, place - first.base + 1), people, first.base, first.names)


def scores(tallied: Tally, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (D,) of `SCORES` for D weightings (D, P) of the people, means over the orders."""
    draws = len(weights)
    shape = tallied.right.shape[1:]
    right = (weights @ tallied.right.reshape(len(tallied.people), -1)).reshape(draws, *shape)  # (D, O, T, K)
    total = weights @ tallied.total  # (D, K)
    orders, steps, classes = shape
    seen = tallied.arrival[:, None] <= np.arange(steps)[None, :, None]  # (O, T, K)
    asked = np.einsum("otk,dk->dot", seen, total)
    accuracy = right.sum(-1) / np.maximum(asked, 1)  # (D, O, T)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.where(seen, right / total[:, None, None], np.nan)  # (D, O, T, K)
    base, new = recall[..., : tallied.base], recall[..., tallied.base :]
    last_base, last_new = np.nanmean(base[:, :, -1], -1), np.nanmean(new[:, :, -1], -1)  # (D, O)
    first_base, before = np.nanmean(base[:, :, 1], -1), np.nanmean(base[:, :, 0], -1)
    newcomer = tallied.arrival[:, tallied.base :].argmin(1) + tallied.base  # (O,)
    first_new = recall[:, np.arange(orders), 1, newcomer]  # (D, O)
    old = tallied.arrival < steps - 1  # (O, K)
    best = np.nanmax(np.where(seen[:, :-1], recall[:, :, :-1], -1.0), axis=2)  # (D, O, K)
    learned = np.take_along_axis(recall, np.broadcast_to(tallied.arrival, (draws, orders, classes))[:, :, None], axis=2)
    last = recall[:, :, -1]

    def over_old(values: np.ndarray) -> np.ndarray:
        return np.nanmean(np.where(old, values, np.nan), axis=-1)

    values = {
        "average_incremental": accuracy.mean(-1),
        "average_recall": np.nanmean(recall, -1).mean(-1),
        "last": accuracy[:, :, -1],
        "base": last_base,
        "new": last_new,
        "harmonic": _harmonic(last_base, last_new),
        "forgetting": over_old(best - last),
        "backward_transfer": over_old(last - learned[:, :, 0]),
        "first_new": first_new,
        "first_loss": before - first_base,
        "first_harmonic": _harmonic(first_base, first_new),
    }
    return {name: np.nanmean(v, axis=1) for name, v in values.items()}


def _harmonic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return 2 * first * second / np.maximum(first + second, 1e-12)


@dataclass(frozen=True)
class Score:
    """A score and its interval over people."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """Scores as they are, and of people drawn again.

    Attributes:
        point: Each score's value.
        spread: (D,) values of each score, draw by draw; the same people are drawn for every method.
    """

    point: dict[str, float]
    spread: dict[str, np.ndarray]


def resample(tallied: Tally, draws: int = 1000, seed: int = 0) -> Resampled:
    """Score a setting, and score it again with people drawn with replacement."""
    point = scores(tallied, np.ones((1, len(tallied.people))))
    weights = group_draws(len(tallied.people), draws, seed)
    # A hundred draws at a time, for the memory's sake.
    parts = [scores(tallied, part) for part in np.array_split(weights, max(1, draws // 100))]
    spread = {name: np.concatenate([p[name] for p in parts]) for name in SCORES}
    return Resampled({name: float(v[0]) for name, v in point.items()}, spread)


def summarise(found: Resampled) -> dict[str, Score]:
    """All scores with 95 % intervals."""
    return {name: _score(found.point[name], found.spread[name]) for name in SCORES}


def lead(ours: Resampled, theirs: Resampled) -> dict[str, Score]:
    """By how much one setting leads another, with intervals from the same draws of people for both."""
    return {
        name: _score(ours.point[name] - theirs.point[name], ours.spread[name] - theirs.spread[name]) for name in SCORES
    }


def _score(value: float, spread: np.ndarray) -> Score:
    return Score(value, *percentiles(spread))


def step_accuracy(tallied: Tally) -> list[float]:
    """Accuracy over all seen classes after each step, mean over orders."""
    steps = tallied.right.shape[2]
    seen = tallied.arrival[:, None] <= np.arange(steps)[None, :, None]
    asked = np.einsum("otk,k->ot", seen, tallied.total.sum(0))
    return [float(v) for v in (tallied.right.sum((0, 3)) / np.maximum(asked, 1)).mean(0)]


def confusion(outcomes: Sequence[Outcome]) -> np.ndarray:
    """Counts (K, K), true by predicted, after the last step, over all folds and orders."""
    size = len(outcomes[0].names)
    table = np.zeros((size, size), np.int64)
    for outcome in outcomes:
        last = outcome.predicted[:, -1]  # (O, N)
        np.add.at(table, (np.broadcast_to(outcome.true, last.shape), last), 1)
    return table


def recency_bias(outcomes: Sequence[Outcome]) -> float:
    """Share of predictions that are the newest class, less its share of the pictures, mean over steps and orders."""
    gaps = []
    for outcome in outcomes:
        for order, arrived in enumerate(outcome.classes):
            for step in range(1, outcome.predicted.shape[1]):
                newest = arrived[outcome.base + step - 1]
                row = outcome.predicted[order, step]
                asked = row != UNSEEN
                gaps.append((row[asked] == newest).mean() - (outcome.true[asked] == newest).mean())
    return float(np.mean(gaps))
