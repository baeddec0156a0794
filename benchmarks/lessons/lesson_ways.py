"""What lessons are compared with: the ways to teach one class to a model that knows all others.

Beside a lesson stand the same learner's plain step (the few-shot phase without a placement), nearest means, the
few-shot phase of Maiden & Nakisa (distillation from the model before and their exemplar memory, repaired as `cfer
evaluate` has it; it learned the old classes all at once, which forgets nothing), and a head that is trained anew on 20
exemplars a class and the new pictures, as Teachable Machine does it.
"""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo
from cfer.evaluation.metrics import harmonic_mean
from cfer.features.table import FeatureTable
from cfer.learners import REGISTRY
from cfer.learners.base import Head, LinearLearner, Step
from cfer.lessons.lesson import observed, taught, teach
from cfer.lessons.placement import Limit, place, placed
from cfer.lessons.record import DEFAULT_EAGER, EAGER, Lesson
from cfer.protocol.stream import Features, make_stream, stream_label
from cfer.system.draws import generator_of
from cfer.training.continual import ContinualConfig, held_back, new_learner
from cfer.training.step_results import finish_step

EXEMPLARS = 20
COUNTS = (1, 3, 5)
GRID = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
"""What a class may claim of any one old class; of all together it may claim a tenth of that."""
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
    result = finish_step(learner.head(), stream, checks)
    known = replace(
        base,
        model=base.model.with_head(stream.classes, *result.head),
        classes=tuple(ClassInfo.of(n) for n in stream.classes),
        learner=learner,
        calibration=result.calibration,
        sureness=result.sureness,
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
    for shots in drawn(mine, name, seed):
        head = observed(known, record(name, shots))[1]
        for of_one in GRID:
            where = place(head, known.checks.x, known.checks.y, shots, shots[:0], Limit(of_one, of_one / 10))
            found[str(of_one)].append(scored(known, (known.head, placed(head, where)), shots, test))
    return {
        limit: {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        | {f"lost, {count}": row["lost"] for count, row in zip(COUNTS, rows, strict=True)}
        for limit, rows in found.items()
    }


def drawn(mine: Tensor, name: str, seed: int) -> list[Tensor]:
    """Each number of pictures out of a class's (N, C), the fewer among the more; other people for every class."""
    picks = torch.randperm(len(mine), generator=generator_of(seed, name))
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
    learner.observe(Step(1, range(new, new + 1), new + 1, shots, labels), generator_of(seed, "paper"))
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
    for shots in drawn(mine, name, seed):
        count = len(shots)
        for eager in EAGER if count == 1 else (DEFAULT_EAGER,):
            found[f"{eager}, {count}"] = lesson(known, name, shots, test, eager)
        found[f"{PLAIN}, {count}"] = plain(known, name, shots, test)
        found[f"{NEAREST}, {count}"] = nearest(known, shots, train, test)
        if theirs is not None:
            found[f"{PAPER}, {count}"] = paper(theirs, known, shots, test, seed)
            found[f"{RETRAINED}, {count}"] = retrained(known, shots, train, test)
    return found
