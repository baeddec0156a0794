"""Continual learners, one method a file: pooled features in, scores over all classes seen out.

A learner is fed one `Step` after another and keeps whatever it needs in `state`, plain tensors that can be saved.
`REGISTRY` is the only list of methods.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from cfer.checkpoint import Head
from cfer.learning.learners.base import Learner, LinearLearner
from cfer.learning.learners.closed_form import ClosedForm
from cfer.learning.learners.compositional import Compositional
from cfer.learning.learners.fecam import FeCam
from cfer.learning.learners.icarl import ICarl
from cfer.learning.learners.logistic import Logistic
from cfer.learning.learners.nearest_mean import NearestMean
from cfer.learning.learners.predictive_replay import AS_CODED, PredictiveReplay, Switches
from cfer.learning.learners.replay import (
    AsymmetricReplay,
    DarkReplay,
    Dumb,
    ExperienceReplay,
    FineTuning,
    Joint,
    WeightAligning,
    WithoutForgetting,
)
from cfer.learning.learners.ridge import Ridge
from cfer.learning.learners.streaming_lda import StreamingLda
from cfer.learning.learners.teen import Teen


@dataclass(frozen=True)
class Method:
    """A registered method.

    Attributes:
        build: Makes a learner; takes `per_class` where `memory` says so, and `start` where `rehearses`.
        memory: Whether it keeps exemplars, so that a budget matters.
        lives_on_it: Whether it is nothing without exemplars.
        rehearses: Whether it tunes a head that may be given for step 0.
        linear: Whether it ends in a linear head.
        zero_shot: Whether it can learn a class that it gets no picture of.
    """

    build: Callable[..., Any]
    memory: bool = False
    lives_on_it: bool = False
    rehearses: bool = False
    linear: bool = True
    zero_shot: bool = False

    def make(self, per_class: int = 62, start: Head | None = None) -> Learner:
        """A fresh learner with an exemplar budget, and a head for step 0 where there is one already."""
        given: dict[str, Any] = {}
        if self.memory:
            given["per_class"] = per_class
        elif self.rehearses:
            given["per_class"] = 0
        if self.rehearses:
            given["start"] = start
        return self.build(**given)


def _paper(switches: Switches) -> Method:
    return Method(partial(PredictiveReplay, switches=switches), memory=True, rehearses=True)


REGISTRY: Mapping[str, Method] = MappingProxyType(
    {
        "compositional": Method(Compositional, zero_shot=True),
        "closed-form": Method(ClosedForm),
        "streaming-lda": Method(StreamingLda),
        "nearest-mean": Method(NearestMean),
        "teen": Method(Teen),
        "fecam": Method(FeCam, linear=False),
        "ridge": Method(Ridge, linear=False),
        "ranpac": Method(partial(Ridge, projected=2000), linear=False),
        "icarl": Method(ICarl, memory=True, lives_on_it=True),
        "predictive-replay": _paper(Switches()),
        "paper-as-coded": _paper(AS_CODED),
        "paper-no-distillation": _paper(Switches(teacher="none")),
        "paper-basic-teacher": _paper(Switches(teacher="basic")),
        "paper-random-memory": _paper(Switches(choice="random")),
        "paper-herding": _paper(Switches(choice="herding")),
        "er": Method(ExperienceReplay, memory=True, rehearses=True),
        "er-ace": Method(AsymmetricReplay, memory=True, rehearses=True),
        "der++": Method(DarkReplay, memory=True, rehearses=True),
        "wa": Method(WeightAligning, memory=True, rehearses=True),
        "gdumb": Method(Dumb, memory=True, lives_on_it=True, rehearses=True),
        "lwf": Method(WithoutForgetting, rehearses=True),
        "fine-tuning": Method(FineTuning, rehearses=True),
        "joint": Method(partial(Joint), rehearses=True),
        "logistic": Method(Logistic),
    }
)
"""Methods by name; each one's file says where it comes from."""

__all__ = ["REGISTRY", "Learner", "LinearLearner", "Method"]
