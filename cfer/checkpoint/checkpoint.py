"""The checkpoint as an object; `cfer.checkpoint.folder` writes and reads it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from safetensors.torch import save
from torch import Tensor, nn

from cfer.checkpoint.facts import Facts
from cfer.checkpoint.sureness import Sureness
from cfer.emotions import EXPRESSIONS, Kind
from cfer.learners import DEFAULT as DEFAULT_LEARNER
from cfer.learners.base import Head, LinearLearner
from cfer.learners.calibrated import Calibration, fold
from cfer.learners.domain import Domains
from cfer.learners.prototype_match import Matches
from cfer.network.camera import Look
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.system.files import tensor_digest
from cfer.system.provenance import digest_of_all


@dataclass(frozen=True)
class ClassInfo:
    """One class of a model.

    Attributes:
        name: As shown.
        kind: Neutral, basic, compound or taught.
        constituents: The basics it is made of, where known.
    """

    name: str
    kind: Kind
    constituents: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The basics it is made of; itself where it is made of none."""
        return self.constituents or (self.name,)

    @staticmethod
    def of(name: str) -> "ClassInfo":
        """The vocabulary's entry, or a taught class of that name."""
        known = EXPRESSIONS.get(name)
        return ClassInfo(name, known.kind, known.constituents) if known else ClassInfo(name, Kind.TAUGHT)


@dataclass(frozen=True)
class LearnerSpec:
    """Learner that a checkpoint goes on with, by name and settings.

    Attributes:
        name: In `cfer.learners.REGISTRY`.
        per_class: Its budget of exemplars a class, where it keeps any.
    """

    name: str = DEFAULT_LEARNER
    per_class: int = 62


@dataclass(frozen=True)
class CheckFeatures:
    """Validation features that nothing was fitted to: neither the learner nor its temperature.

    They set what a lesson may cost and measure what it did cost, each on the half that the other does not use.

    Attributes:
        x: (P, C), exact in half precision.
        y: (P,) classes.
    """

    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Checkpoint:
    """A trained model, the learner whose head it has, and its history.

    Attributes:
        model: Backbone and calibrated head, in evaluation mode.
        classes: In the order of the logits.
        preprocessing: How a crop becomes input.
        spec: Which learner.
        learner: Fitted on all steps so far; `observe` on a copy goes on.
        calibration: What is folded into the learner's head.
        offsets: What lessons add (K,) to the calibrated logits.
        pulls: What they add (K, C) to the calibrated rows; None where nothing was taught.
        domains: What is added in rendered faces and in photographs; None where only one kind was learned from.
        shift: By how much (C,) the features of the camera in use lie off those that were learned from; see
            `cfer.reading.adapt`. None for a checkpoint that was not adapted.
        checks: What lessons are held to and measured with.
        heads: The calibrated head after each step; the last is the model's.
        facts: Where it came from and what it scored.
        matches: Match of action units with prototypes, added to the balanced head first; None without action units.
        sureness: How sharp its probabilities are in photographs, and which word holds from which one on.
        look: How the photographs that were learned from look on average; None where there were none.
        measured: Files of `cfer measure` by name: landmark readout, relations and their controls.
    """

    model: FaceModel
    classes: tuple[ClassInfo, ...]
    preprocessing: Preprocessing
    spec: LearnerSpec
    learner: LinearLearner
    calibration: Calibration
    offsets: Tensor
    checks: CheckFeatures
    heads: tuple[Head, ...] = ()
    facts: Facts = field(default_factory=Facts)
    measured: Mapping[str, bytes] = field(default_factory=dict)
    domains: Domains | None = None
    shift: Tensor | None = None
    pulls: Tensor | None = None
    look: Look | None = None
    matches: Matches | None = None
    sureness: Sureness = field(default_factory=Sureness)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in the order of the logits."""
        return tuple(c.name for c in self.classes)

    @property
    def head(self) -> Head:
        """The model's head: the last of `heads`, in full precision."""
        return Head(self.model.head.weight.detach(), self.model.head.bias.detach())

    @property
    def check_features(self) -> Tensor:
        """The check features (P, C) as the camera in use would give them."""
        return self.checks.x if self.shift is None else self.checks.x + self.shift

    def folded(self, head: Head) -> Head:
        """A balanced head over these classes, with all that is folded into this checkpoint's own."""
        head = self.matches.added(head) if self.matches else head
        found = fold(self.domains.added(head) if self.domains else head, self.calibration, self.offsets, self.pulls)
        return found if self.shift is None else Head(found.weight, found.bias - found.weight @ self.shift)

    def with_shift(
        self, shift: Tensor | None, faces: int | None = None, adapted_from: str | None = None
    ) -> "Checkpoint":
        """The same for features that are off by a vector (C,), or by nothing; the heads of all steps follow.

        Args:
            shift: See the attribute.
            faces: How many faces it was measured on.
            adapted_from: A digest of these.
        """
        moved = replace(self, shift=shift, facts=replace(self.facts, adapted=faces, adapted_from=adapted_from))
        head = moved.folded(moved.learner.head())
        old = torch.zeros_like(self.model.head.weight[0]) if self.shift is None else self.shift
        by = old - (torch.zeros_like(old) if shift is None else shift)
        earlier = (Head(h.weight, h.bias + h.weight @ by) for h in self.heads[:-1])
        return replace(moved, model=self.model.with_head(self.names, *head), heads=(*earlier, head))

    @property
    def camera(self) -> str:
        """Mark that tells the camera that faces are read for from others; "" for the one that was learned from."""
        if self.shift is None and self.preprocessing.camera is None:
            return ""
        off = None if self.shift is None else tensor_digest(self.shift)
        return digest_of_all([off, self.preprocessing.camera])

    def as_learned(self, features: Tensor) -> Tensor:
        """Features (..., C) as the camera that was learned from would give them."""
        return features if self.shift is None else features - self.shift

    def with_room(self, offset: float = 0.0, pull: Tensor | None = None) -> "Checkpoint":
        """The same with calibration, domains, offsets and pulls for one more class, which itself is not there yet."""
        base = sum(c.kind in {Kind.NEUTRAL, Kind.BASIC} for c in self.classes)
        pulls = self.pulls
        if pulls is not None or pull is not None:
            width = self.model.num_features
            known = self.offsets.new_zeros(len(self.offsets), width) if pulls is None else pulls
            pulls = torch.cat([known, self.offsets.new_zeros(1, width) if pull is None else pull[None]])
        return replace(
            self,
            calibration=self.calibration.with_class(),
            offsets=torch.cat([self.offsets, self.offsets.new_tensor([offset])]),
            domains=self.domains.with_class(base) if self.domains else None,
            matches=self.matches.with_class() if self.matches else None,
            pulls=pulls,
        )

    def with_class(
        self, new: ClassInfo, learner: LinearLearner, offset: float, pull: Tensor | None = None
    ) -> "Checkpoint":
        """The same backbone with one more class; this checkpoint is left as it was.

        Args:
            new: The class.
            learner: A copy of this checkpoint's that has observed it.
            offset: What is added to its calibrated logit.
            pull: What is added (C,) to its calibrated row; nothing by default.
        """
        classes, roomy = (*self.classes, new), self.with_room(offset, pull)
        head = roomy.folded(learner.head())
        return replace(
            roomy,
            model=self.model.with_head(tuple(c.name for c in classes), head.weight, head.bias),
            classes=classes,
            learner=learner,
            heads=(*self.heads, head),
        )


def model_digest(model: nn.Module) -> str:
    """SHA-256 of all weights of a model, head included, or of a part of it."""
    return hashlib.sha256(save({k: v.contiguous() for k, v in model.state_dict().items()})).hexdigest()
