"""Base of every learner: an estimator that is fed one step after another and whose fitted state can be saved.

As in scikit-learn, settings go into the constructor and what is learned is the fitted state. `observe` learns a step
and solves whatever systems the answers need; `head` and `logits` only read. A learner that is restored from its state
goes on as if it had never been saved.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, NamedTuple, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.system.provenance import digest_of_all


class Head(NamedTuple):
    """A linear head on pooled features.

    Attributes:
        weight: (K, C), a row a class.
        bias: (K,).
    """

    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class SideInformation:
    """Knowledge of a step beside its pictures; a method says in its docstring what of it it uses.

    Attributes:
        constituents: For each new class the indices of its constituents, as far as they are known and seen.
        neutral: Index of the neutral class, if it has been seen.
        sources: Number (N,) of the data set that a row is from; None where there is only one.
        derived: Whether (N,) a row's label was derived from a split vote; None where none was.
        trust: Weight (S,) of each data set's labels; None where all count alike.
        readout: Rows (U, C) that read action units off the features, if there are any.
        prototypes: For each new class the share (U,) of people, 0 to 1, who show each unit; NaN for one that no
            published prototype describes. None without a readout.
        elsewhere: Rows (R, C) whose products sum to the mean product of features with themselves at places of rendered
            faces where nothing moved: what no class should take for evidence. None where it was not measured.
    """

    constituents: tuple[tuple[int, ...], ...] = ()
    neutral: int | None = None
    sources: Tensor | None = None
    derived: Tensor | None = None
    trust: Tensor | None = None
    readout: Tensor | None = None
    prototypes: Tensor | None = None
    elsewhere: Tensor | None = None


@dataclass(frozen=True)
class Step:
    """One class-incremental step: the pictures of the new classes, and nothing of the old ones.

    Attributes:
        number: Place in the stream; 0 is the basic phase.
        new: Indices of the classes that arrive.
        seen: How many classes there are from now on.
        x: Features (N, C) of the new classes' training pictures.
        y: Their classes (N,), indices.
        side: What is known beside them.
        lesson: Whether a visitor teaches: what is known of old classes, and of how classes scatter, stays as it is, and
            the class is placed beside them afterwards (`cfer.lessons.placement`).
    """

    number: int
    new: range
    seen: int
    x: Tensor
    y: Tensor
    side: SideInformation = SideInformation()
    lesson: bool = False


class Learner(ABC):
    """A class-incremental learner over fixed, pooled features.

    Attributes:
        takes_sources: Whether it can learn several data sets at once, each counting alike; others refuse.
        fitted: Everything that was learned, as named tensors. Tensors are never changed in place, so that a copy of a
            learner costs nothing and going back to one is an undo.
    """

    takes_sources: ClassVar[bool] = False

    def __init__(self) -> None:
        """Start with nothing learned."""
        self.fitted: dict[str, Tensor] = {}

    def observe(self, step: Step, generator: torch.Generator) -> None:
        """Learn a step's new classes; old indices never move.

        Args:
            step: Its rows are the new classes' alone.
            generator: The only source of whatever is drawn.

        Raises:
            ValueError: The step's rows come from several data sets and this method does not know how to weigh them.
        """
        if step.side.sources is not None and not self.takes_sources:
            raise ValueError(f"{type(self).__name__} learns from one data set at a time; these rows are from several.")
        self.learn(step, generator)
        self.solve()

    @abstractmethod
    def learn(self, step: Step, generator: torch.Generator) -> None:
        """Set `fitted` anew from what it was and a step."""

    def solve(self) -> None:  # noqa: B027 - most have nothing to solve
        """Work out from `fitted` alone what answering needs; called after every step and after restoring."""

    @abstractmethod
    def logits(self, x: Tensor) -> Tensor:
        """Scores (B, K) of features (B, C) over the classes seen, balanced: no class prior in them."""

    def state(self) -> dict[str, Tensor]:
        """The fitted state: named tensors that `from_state` takes."""
        return dict(self.fitted)

    def from_state(self, state: Mapping[str, Tensor]) -> Self:
        """A learner with these settings and that fitted state; this one is left as it is."""
        other = copy.copy(self)
        other.fitted = dict(state)
        other.solve()
        return other

    def copy(self) -> Self:
        """The same learner at the same place; what either learns afterwards is its own."""
        other = copy.copy(self)
        other.fitted = dict(self.fitted)
        return other


def behaviour(learner: Learner) -> str:
    """A digest of what a learner is: its settings and the code of its classes, whatever it has learned."""

    def plain(value: Any) -> Any:
        if isinstance(value, Learner):
            own = {k: plain(v) for k, v in sorted(vars(value).items()) if k not in _LEARNED}
            return [_code_of(kind) for kind in type(value).__mro__[:-1]], own
        if is_dataclass(value) and not isinstance(value, type):
            return type(value).__name__, {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        if callable(value):
            return getattr(value, "__qualname__", repr(type(value)))
        return repr(value)

    return digest_of_all([plain(learner)])


_LEARNED = {"fitted", "_head"}


def _code_of(kind: type) -> tuple[str, list[Any]]:
    """A class's name, and what its own functions do."""
    functions = {name: getattr(f, "__wrapped__", getattr(f, "__func__", f)) for name, f in vars(kind).items()}
    codes = {name: f.__code__ for name, f in functions.items() if hasattr(f, "__code__")}
    return kind.__qualname__, [
        (name, code.co_code.hex(), [c for c in code.co_consts if not hasattr(c, "co_code")], code.co_names)
        for name, code in sorted(codes.items())
    ]


class LinearLearner(Learner):
    """A learner whose answer is a linear head, which is what a checkpoint and its maps need."""

    def __init__(self) -> None:
        """Start with nothing learned."""
        super().__init__()
        self._head: Head | None = None

    @abstractmethod
    def solved_head(self) -> Head:
        """Solve for the head from `fitted`; called once a step."""

    def solve(self) -> None:
        """See `Learner.solve`."""
        self._head = self.solved_head()

    def head(self) -> Head:
        """The head as of the last step.

        Raises:
            ValueError: Nothing was learned yet.
        """
        if self._head is None:
            raise ValueError("This learner has not seen a step yet.")
        return self._head

    def logits(self, x: Tensor) -> Tensor:
        """See `Learner.logits`."""
        return F.linear(x, *self.head())


def source_weights(y: Tensor, sources: Tensor | None) -> Tensor:
    """Weights (N,) by which, in every class, each data set counts alike; their mean is 1 in every class.

    Args:
        y: Classes (N,).
        sources: Data sets (N,), or None for one.
    """
    if sources is None or not len(y):
        return torch.ones(len(y), dtype=torch.float32)
    table = torch.zeros(int(y.max()) + 1, int(sources.max()) + 1, dtype=torch.float32)
    table.index_put_((y, sources), torch.ones(len(y), dtype=torch.float32), accumulate=True)  # (K, S)
    sets = (table > 0).sum(1)
    return table.sum(1)[y] / (table[y, sources] * sets[y])


def class_means(step: Step) -> tuple[Tensor, Tensor]:
    """Mean features (new, C) of a step's classes, in double precision, each data set counting alike; counts (new,)."""
    weights = source_weights(step.y, step.side.sources).double()
    sums, counts = [], []
    for k in step.new:
        mine = step.y == k
        sums.append((step.x[mine].double() * weights[mine, None]).sum(0))
        counts.append(mine.sum())
    total = torch.stack(counts).double()
    return torch.stack(sums) / total[:, None], total


def symmetric(matrix: Tensor) -> Tensor:
    """A matrix (..., C, C) that is symmetric but for rounding, symmetric to the last bit."""
    return (matrix + matrix.transpose(-1, -2)) / 2


def kept_bytes(learner: Learner) -> int:
    """Bytes of everything that a learner keeps."""
    return sum(t.numel() * t.element_size() for t in learner.state().values())
