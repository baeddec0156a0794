"""Continual learners, one method a file: pooled features in, scores over all classes seen out.

A learner is fed one `Step` after another; its fitted state can be saved and goes on learning. `REGISTRY` is the only
list of methods: adding one is a file and a line, and the contract tests then run on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from torch import Tensor

from cfer.learners.base import Head, Learner, LinearLearner, SideInformation, Step
from cfer.learners.closed_form import ClosedForm
from cfer.learners.compositional import Compositional
from cfer.learners.fecam import FeCam
from cfer.learners.icarl import ICaRL
from cfer.learners.logistic import Logistic
from cfer.learners.nearest_mean import NearestMean
from cfer.learners.predictive_replay import AS_CODED, PredictiveReplay, Switches
from cfer.learners.replay import ER, ERACE, WA, DERpp, FineTuning, GDumb, Joint, LwF
from cfer.learners.ridge import Ridge
from cfer.learners.standardised import standardised
from cfer.learners.streaming_lda import StreamingLda
from cfer.learners.teen import Teen

DEFAULT = "compositional"
"""The method that the project's own checkpoint is made with."""


@dataclass(frozen=True)
class Method:
    """A registered method.

    Attributes:
        build: Makes the learner behind the scaler; takes `per_class` where it rehearses.
        values: Where the values of its settings come from, for the benchmark's page.
        memory: Whether it keeps exemplars, so that a budget matters.
        requires_memory: Whether it is nothing without exemplars.
        rehearses: Whether it tunes a head by gradient descent on exemplars or pictures.
        zero_shot: Whether it can learn a class that it gets no picture of.
    """

    build: Callable[..., Learner]
    values: str
    memory: bool = False
    requires_memory: bool = False
    rehearses: bool = False
    zero_shot: bool = False

    def make(self, per_class: int = 62) -> Learner:
        """A fresh learner, its features standardised, with a budget of exemplars a class where it keeps any."""
        given: dict[str, Any] = {}
        if self.memory or self.rehearses:
            given["per_class"] = per_class if self.memory else 0
        return standardised(self.build(**given))

    def from_state(self, state: Mapping[str, Tensor], per_class: int = 62) -> Learner:
        """The learner that a state was taken from, ready to go on."""
        return self.make(per_class).from_state(state)

    @property
    def takes_sources(self) -> bool:
        """True if it can learn several data sets at once."""
        return self._fresh().takes_sources

    @property
    def linear(self) -> bool:
        """True if it ends in a linear head."""
        return isinstance(self._fresh(), LinearLearner)

    def _fresh(self) -> Learner:
        return self.build(**({"per_class": 0} if self.memory or self.rehearses else {}))


_FIT = "rate and decay of the head's fit: chosen on the tuning people by hand, one pair for all that rehearse"
_NONE = "none to choose"


def _paper(switches: Switches, values: str) -> Method:
    return Method(partial(PredictiveReplay, switches=switches), values, memory=True, rehearses=True)


REGISTRY: Mapping[str, Method] = MappingProxyType(
    {
        "compositional": Method(
            Compositional,
            "share, prototype, inside, outside, unseen, shrinkage: chosen on the tuning people, unseen also on FER+ "
            "validation pictures (`benchmarks/continual/tune_composition.py`)",
            zero_shot=True,
        ),
        "closed-form": Method(ClosedForm, "shrinkage: chosen on FER+ validation pictures of the basic classes"),
        "streaming-lda": Method(StreamingLda, "shrinkage: that of closed-form, not chosen again"),
        "nearest-mean": Method(NearestMean, _NONE),
        "teen": Method(Teen, "tau 16, alpha 0.5: published"),
        "fecam": Method(FeCam, "gamma 1: published"),
        "ridge": Method(Ridge, "penalty: by folds over each run's own base pictures"),
        "ranpac": Method(
            partial(Ridge, projected=2000),
            "penalty: by folds over each run's own base pictures; 2,000 projections, published 10,000",
        ),
        "icarl": Method(ICaRL, _NONE, memory=True, requires_memory=True),
        "predictive-replay": _paper(Switches(), f"{_FIT}; T 3 published; weight 0.5 set by hand"),
        "paper-as-coded": _paper(AS_CODED, f"{_FIT}; T 3 and the weight's schedule published"),
        "paper-no-distillation": _paper(Switches(teacher="none"), _FIT),
        "paper-basic-teacher": _paper(Switches(teacher="basic"), f"{_FIT}; T 3 published; weight 0.5 set by hand"),
        "paper-random-memory": _paper(Switches(choice="random"), f"{_FIT}; T 3 published; weight 0.5 set by hand"),
        "paper-herding": _paper(Switches(choice="herding"), f"{_FIT}; T 3 published; weight 0.5 set by hand"),
        "er": Method(ER, _FIT, memory=True, rehearses=True),
        "er-ace": Method(ERACE, _FIT, memory=True, rehearses=True),
        "der++": Method(DERpp, f"{_FIT}; alpha 0.3: one of the published grid", memory=True, rehearses=True),
        "wa": Method(WA, f"{_FIT}; T 2: published", memory=True, rehearses=True),
        "gdumb": Method(GDumb, _FIT, memory=True, requires_memory=True, rehearses=True),
        "lwf": Method(LwF, f"{_FIT}; T 2, weight 1: published", rehearses=True),
        "fine-tuning": Method(FineTuning, _FIT, rehearses=True),
        "joint": Method(Joint, _FIT, rehearses=True),
        "logistic": Method(Logistic, "C 0.003: set by hand, no committed grid"),
    }
)
"""Methods by name; each one's file says where it comes from."""

__all__ = ["DEFAULT", "REGISTRY", "Head", "Learner", "LinearLearner", "Method", "SideInformation", "Step"]
