"""A checkpoint and all that faces are held against: neutral faces, known faces, units, what `cfer measure` found."""

from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from cfer.checkpoint import DEFAULT, Checkpoint, folder_origin, load_checkpoint, model_digest
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.checkpoint.strengths import FILE as STRENGTHS
from cfer.checkpoint.strengths import StrengthScale, anatomical
from cfer.checkpoint.sureness import families
from cfer.emotions import PRESENT, Kind
from cfer.explain.attribution import attribution_layer, layer_baseline, neutral_faces
from cfer.explain.familiarity import Familiarity, familiarity_of
from cfer.explain.maps import Composed, by_units
from cfer.explain.methods import METHODS
from cfer.explain.reference import Reference
from cfer.explain.relation import SIX
from cfer.network.modes import plain_numerics
from cfer.system.forks import RenewedLock


class LoadedCheckpoint:
    """A checkpoint with what is derived from it once and shared by all faces. Immutable; threads may share it."""

    def __init__(self, checkpoint: Checkpoint | str | Path = DEFAULT) -> None:
        """Take a checkpoint or load one from a folder.

        Raises:
            CheckpointError: The folder cannot be used.
        """
        self.checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else load_checkpoint(checkpoint)
        self._origin = None if isinstance(checkpoint, Checkpoint) else folder_origin(checkpoint)
        self._loaded = self.checkpoint if self._origin else None  # as it is in its folder
        self._lock = RenewedLock()
        self._neutral: list[Tensor | None] = []

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model's weights."""
        return model_digest(self.checkpoint.model)

    @property
    @plain_numerics()
    def neutral(self) -> Tensor | None:
        """Outputs (c, h', w') of this backbone for neutral faces, or None for one that cannot be divided at a layer."""
        with self._lock:
            if not self._neutral:
                model, layer = self.checkpoint.model, attribution_layer(self.checkpoint.model)
                faces = self.checkpoint.preprocessing.uncorrected(neutral_faces())
                self._neutral.append(None if layer is None else layer_baseline(model, faces, layer))
            return self._neutral[0]

    @cached_property
    @plain_numerics()
    def neutral_features(self) -> Tensor | None:
        """Pooled features (C,) at the neutral face that maps of the change start from; None as for `neutral`."""
        model, layer = self.checkpoint.model, attribution_layer(self.checkpoint.model)
        if self.neutral is None or layer is None:
            return None
        with torch.no_grad():
            return model.pool(model.onwards(self.neutral[None], layer))[0]

    @cached_property
    @plain_numerics()
    def by_units(self) -> Composed | None:
        """The head's rows by action units, weighed by how faces differ; None for a model that reads no units."""
        known = self.checkpoint.checks.x
        return by_units(self.checkpoint.model, known) if self.checkpoint.model.units and len(known) else None

    @cached_property
    def families(self) -> Tensor:
        """Table (K, K) of which classes share a basic expression."""
        return families([each.parts for each in self.checkpoint.classes])

    @cached_property
    @plain_numerics()
    def familiarity(self) -> Familiarity | None:
        """The yardstick for faces that are unlike everything known; None for a checkpoint without check features."""
        return familiarity_of(self.checkpoint.check_features)

    @plain_numerics()
    @torch.no_grad()
    def unit_strengths(self, features: Tensor) -> Tensor:
        """Strengths of action units, (B, U) in 0 to 1, by pooled features (B, C)."""
        model, shift = self.checkpoint.model, self.checkpoint.shift
        if model.units is None:
            return features.new_zeros(len(features), 0)
        features = features if shift is None else features - shift.to(features)
        logits, scale = model.units(features), self.strength_scale
        strengths = (logits if scale is None else scale(logits, features)).sigmoid()
        return anatomical(strengths, model.action_units, PRESENT)

    @cached_property
    def strength_scale(self) -> StrengthScale | None:
        """Scale of the evidence of action units in photographs, if it was measured; the backbone alone decides it."""
        data = self.checkpoint.measured.get(STRENGTHS)
        return None if data is None else StrengthScale.from_bytes(data)

    @property
    def neutral_faces(self) -> tuple[object, ...]:
        """The neutral faces of the person that it reads for; none where it reads for everybody."""
        return ()

    @property
    def steps(self) -> int:
        """Number of steps it has learned in: step 0 is the basic phase, every class after it a step."""
        return len(self.checkpoint.heads)

    @property
    def methods(self) -> tuple[str, ...]:
        """Keys of the saliency methods that this model allows, the one that is shown by default first."""
        divided = attribution_layer(self.checkpoint.model) is not None
        return tuple(key for key, method in METHODS.items() if divided or not method.needs_layers)

    @cached_property
    def landmark_readout(self) -> LandmarkReadout | None:
        """Readout of landmarks from the features, if it was measured; it depends on the backbone alone."""
        data = self.checkpoint.measured.get(LANDMARKS)
        return None if data is None else LandmarkReadout.from_bytes(data)

    @cached_property
    def measured(self) -> Reference | None:
        """Relations over many faces, if they were measured; of this model or of the one it was taught on top of."""
        return Reference.from_files(self.checkpoint.measured)

    @property
    def reference(self) -> Reference | None:
        """`measured` where it holds for this very model: the yardstick of a single face."""
        return self.measured if self.measured and self.measured.model == self.digest else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all classes, in the model's order."""
        return self.checkpoint.names

    def constituents(self, name: str) -> tuple[str, ...]:
        """The known constituents of a class, empty for a basic one."""
        return next((c.constituents for c in self.checkpoint.classes if c.name == name), ())

    def is_basic(self, name: str) -> bool:
        """True if a class is neutral or one of the six basics."""
        return any(c.name == name and c.kind in {Kind.NEUTRAL, Kind.BASIC} for c in self.checkpoint.classes)

    def is_neutral(self, name: str) -> bool:
        """True if a class is neutral."""
        return any(c.name == name and c.kind is Kind.NEUTRAL for c in self.checkpoint.classes)

    def relatable(self, name: str) -> bool:
        """True if a class has two constituents among the six basics, all of which the model knows."""
        constituents = self.constituents(name)
        return len(constituents) == 2 and set(constituents) <= set(SIX) <= set(self.names)
