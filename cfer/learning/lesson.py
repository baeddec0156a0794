"""Phase 3: teach a class from one to a few pictures, scored over all classes.

A lesson is one closed-form step. The new class's mean is its pictures' mean drawn towards a guess (the midpoint of its
constituents where they are named, the mean of all classes otherwise), its discriminant uses the basic phase's
covariance, and its offset is set on the exemplars of the old classes so that at most a given share of them is claimed
by the newcomer: what a lesson may cost is decided beforehand. What it did cost is measured on validation
features, which nothing but the calibration was fitted to.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo, Head, Memory
from cfer.emotions import EXPRESSIONS, Kind
from cfer.learning.learners.closed_form import discriminants, shrink
from cfer.learning.metrics import harmonic_mean

PULL = 8.0
"""Weight of the constituents' midpoint, in pictures; chosen on validation pictures by `benchmarks/lessons.py`."""

BLIND_PULL = 2.0
"""Weight of the mean of all classes where no constituents are known; chosen likewise."""

FALSE_ALARMS = 0.05
"""Share of the old classes' exemplars that a new class may claim: what a lesson may cost. A policy, not a fit."""

MAX_NAME = 40


class LessonError(ValueError):
    """A lesson that cannot be given. The message is meant for the person who asked for it."""


@dataclass(frozen=True)
class LessonReport:
    """What a lesson did.

    Attributes:
        name: The new class.
        shots: Pictures it was taught from.
        old: The old classes' names.
        before: Recall of each on the check features before the lesson.
        after: The same afterwards, with the new class among the possible answers.
        lost: Of each, the share of its check features now called the new class.
        new_recall: Share of further pictures of the new class that are recognised among all classes; None if there
            were none to measure with.
        new_measured: How many such pictures.
        nearest: Old classes by cosine of their discriminant with the new one's, centred; nearest first.
    """

    name: str
    shots: int
    old: tuple[str, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    lost: tuple[float, ...]
    new_recall: float | None
    new_measured: int
    nearest: tuple[tuple[str, float], ...]

    @property
    def old_before(self) -> float:
        """Mean recall of the old classes before."""
        return sum(self.before) / len(self.before)

    @property
    def old_after(self) -> float:
        """Mean recall of the old classes afterwards."""
        return sum(self.after) / len(self.after)

    @property
    def harmonic(self) -> float | None:
        """Harmonic mean of the old classes' recall afterwards and the new one's; None if that was not measured."""
        return None if self.new_recall is None else harmonic_mean(self.old_after, self.new_recall)


def clean_name(name: str, taken: tuple[str, ...]) -> str:
    """A name that can be taught.

    Raises:
        LessonError: Empty, too long, unprintable or taken.
    """
    name = " ".join(name.split()).lower()
    if not name:
        raise LessonError("Give the new expression a name.")
    if len(name) > MAX_NAME:
        raise LessonError(f"The name is too long: at most {MAX_NAME} letters.")
    if not name.isprintable() or any(c in name for c in "<>&\"'`\\/{}"):
        raise LessonError("Use letters, digits, spaces and hyphens for the name.")
    if name in taken:
        raise LessonError(f"The model knows {name!r} already. Choose another name.")
    return name


def constituents_for(name: str, chosen: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
    """The parts a class is taught with: those chosen, or the vocabulary's where the model knows both.

    Raises:
        LessonError: A chosen part is not known to the model.
    """
    for part in chosen:
        if part not in known:
            raise LessonError(f"{part!r} is not a class of this model.")
    if chosen:
        return chosen
    entry = EXPRESSIONS.get(name)
    return entry.constituents if entry and all(p in known for p in entry.constituents) else ()


def new_mean(memory: Memory, shots: Tensor, parts: tuple[int, ...], pull: float) -> Tensor:
    """Posterior mean (C,) of a class from its shots (n, C) and a guess worth `pull` pictures."""
    guess = memory.means[list(parts)].mean(0) if parts else memory.means.mean(0)
    return (shots.sum(0) + pull * guess) / (len(shots) + pull)


@torch.no_grad()
def new_row(checkpoint: Checkpoint, mean: Tensor, false_alarms: float) -> tuple[Tensor, Tensor]:
    """Discriminant (C,) and offset () of a new class beside the checkpoint's head.

    The offset is the largest at which no more than `false_alarms` of the exemplars, balanced over the old classes,
    would be given to the new class.
    """
    memory, head = checkpoint.memory, checkpoint.model.head
    covariance = shrink(memory.covariance, float(checkpoint.facts["shrinkage"]))
    rows, _ = discriminants(torch.cat([memory.means, mean[None]]), covariance)  # (K + 1, C)
    centre, old_centre = rows[:-1].mean(0), head.weight.mean(0)
    # bring the closed-form row to the scale of whatever head is there (for a closed-form head: its temperature)
    spread = (memory.exemplar_x @ (rows[:-1] - centre).T).norm()
    gain = (memory.exemplar_x @ (head.weight - old_centre).T).norm() / spread
    weight = old_centre + gain * (rows[-1] - centre)  # (C,)
    old = F.linear(memory.exemplar_x, head.weight, head.bias).max(1).values  # (M,)
    margin = old - memory.exemplar_x @ weight  # the offset above which an exemplar changes sides
    share = 1 / torch.bincount(memory.exemplar_y).float()[memory.exemplar_y]
    order = margin.argsort()
    taken = (share[order] / share.sum()).cumsum(0)
    within = int((taken <= false_alarms).sum())
    return weight, margin[order[min(within, len(order) - 1)]] - 1e-4


@torch.no_grad()
def teach(
    checkpoint: Checkpoint,
    name: str,
    shots: Tensor,
    *,
    held_out: Tensor | None = None,
    parts: tuple[str, ...] = (),
    pull: float | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> tuple[Checkpoint, LessonReport]:
    """Teach one class; the checkpoint given is left as it was.

    Args:
        checkpoint: A model with its memory.
        name: Of the new class.
        shots: (n, C) features of its pictures, n >= 1.
        held_out: (m, C) features of further pictures of the class, to measure with. Without them, and with at least
            two shots, each shot is measured by a lesson from the others.
        parts: Constituents, if the person knows them.
        pull: Weight of the guess; by default `PULL` with constituents and `BLIND_PULL` without.
        false_alarms: See `FALSE_ALARMS`.

    Raises:
        LessonError: The name or a part will not do, or there is no picture.
    """
    name = clean_name(name, checkpoint.names)
    parts = constituents_for(name, parts, checkpoint.names)
    if not len(shots):
        raise LessonError("A lesson needs at least one picture.")
    pull = (PULL if parts else BLIND_PULL) if pull is None else pull
    index = tuple(checkpoint.names.index(p) for p in parts)
    memory, old_head = checkpoint.memory, checkpoint.model.head
    mean = new_mean(memory, shots, index, pull)
    weight, bias = new_row(checkpoint, mean, false_alarms)
    head = Head(torch.cat([old_head.weight.detach(), weight[None]]), torch.cat([old_head.bias.detach(), bias[None]]))
    new = len(checkpoint.names)
    if held_out is not None and len(held_out):
        right = [bool(k == new) for k in F.linear(held_out, head.weight, head.bias).argmax(1)]
    elif len(shots) > 1:
        right = []
        for i in range(len(shots)):
            rest = torch.cat([shots[:i], shots[i + 1 :]])
            w, b = new_row(checkpoint, new_mean(memory, rest, index, pull), false_alarms)
            others = F.linear(shots[i], old_head.weight, old_head.bias).max()
            right.append(bool(shots[i] @ w + b > others))
    else:
        right = []

    before = F.linear(memory.check_x, old_head.weight, old_head.bias).argmax(1)
    after = F.linear(memory.check_x, head.weight, head.bias).argmax(1)
    measured = [k for k in range(new) if bool((memory.check_y == k).any())]

    def share(condition: Tensor) -> tuple[float, ...]:
        return tuple(float(condition[memory.check_y == k].float().mean()) for k in measured)

    centre = head.weight.mean(0)
    alike = F.cosine_similarity(head.weight[:new] - centre, head.weight[new] - centre)
    report = LessonReport(
        name=name,
        shots=len(shots),
        old=tuple(checkpoint.names[k] for k in measured),
        before=share(before == memory.check_y),
        after=share(after == memory.check_y),
        lost=share(after == new),
        new_recall=sum(right) / len(right) if right else None,
        new_measured=len(right),
        nearest=tuple((checkpoint.names[k], float(alike[k])) for k in alike.argsort(descending=True).tolist()),
    )
    kind = EXPRESSIONS[name].kind if name in EXPRESSIONS else Kind.TAUGHT
    grown = replace(
        memory,
        means=torch.cat([memory.means, mean[None]]),
        counts=torch.cat([memory.counts, torch.tensor([float(len(shots))])]),
        exemplar_x=torch.cat([memory.exemplar_x, shots]),
        exemplar_y=torch.cat([memory.exemplar_y, torch.full((len(shots),), new)]),
    )
    return checkpoint.with_head((*checkpoint.classes, ClassInfo(name, kind, parts)), head, grown), report
