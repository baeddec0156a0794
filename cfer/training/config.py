"""Settings of the basic phase."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from pydantic import TypeAdapter

from cfer.network.backbone import BackboneConfig
from cfer.network.preprocessing import Preprocessing
from cfer.training.augment import Augmentation


@dataclass(frozen=True)
class BasicConfig:
    """Settings of the basic phase.

    Attributes:
        backbone: Network and stride while learning.
        preprocessing: How crops become input.
        augmentation: Ranges of the random views of pictures with votes or labels.
        close: The same of faces that the detector framed: rendered ones and photographs.
        epochs: Passes over the training pictures.
        batch_size: Pictures with votes or labels a step, over all processes together.
        rendered_batch: Rendered pictures a step beside them, where there are any.
        photograph_batch: Photographs with teachers' answers a step beside them, where there are any.
        learning_rate: AdamW's peak; linear warm-up, then a cosine to zero.
        head_rate: By how much faster than the backbone its heads learn.
        weight_decay: AdamW's.
        warmup: Share of the steps.
        frozen_groups: How many of timm's layer groups (stem first) keep their start and their batch statistics.
        average: Decay of the running average of the weights, which is what is validated and kept.
        prior_strength: The logit adjustment's tau.
        fixed_statistics: Whether batch norms keep the start's statistics: those of a batch that mixes votes at 48
            pixels, renders and photographs fit none of them.
        expected_units: Weight of the loss of the units that labels and votes let expect, beside that of exact units.
        photograph_maps: Weight of evidence in photographs that lies away from where the expression's units show.
        compiled: Whether torch compiles the network first: a third faster here, and needs a C++ compiler.
        precision: "no" for 32 bits throughout, "bf16" for passes in bfloat16 (weights and losses stay at 32 bits).
        seed: Decides initial head, order and views.
    """

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    augmentation: Augmentation = field(default_factory=Augmentation)
    close: Augmentation = field(default_factory=lambda: replace(Augmentation(), zoom=(0.65, 1.05)))
    epochs: int = 8
    batch_size: int = 64
    rendered_batch: int = 40
    photograph_batch: int = 20
    learning_rate: float = 6e-4
    head_rate: float = 1.0
    weight_decay: float = 0.02
    warmup: float = 0.05
    frozen_groups: int = 3
    average: float = 0.998
    prior_strength: float = 1.0
    fixed_statistics: bool = False
    expected_units: float = 0.0
    photograph_maps: float = 0.0
    compiled: bool = False
    precision: str = "no"
    seed: int = 0

    @classmethod
    def from_plain(cls, facts: Mapping[str, Any]) -> Self:
        """Settings out of a run's `config.json`; what else stands there is passed over."""
        kept = {f.name: facts[f.name] for f in fields(cls)}
        return TypeAdapter(cls).validate_python(kept)
