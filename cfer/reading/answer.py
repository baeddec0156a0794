"""Answers: what a face shows, how surely, and its family where only that is sure. One computation for every door."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from cfer.checkpoint.sureness import (
    PHOTOGRAPHS,
    RENDERED,
    UNSURE,
    is_photograph,
    photograph_shares,
    sharpened,
    sharpness,
    word_of,
)

if TYPE_CHECKING:
    from cfer.reading.loaded_checkpoint import LoadedCheckpoint

LABEL, FAMILY = "label", "family"
FAMILY_SURE = 0.7
"""Probability of a family from which on it is the answer where the label is not sure."""


@dataclass(frozen=True)
class Answer:
    """Answer about one face.

    Attributes:
        label: The likeliest class.
        probability: Of the label, were all classes equally frequent.
        reliability: Share of such answers, of this label and probability, that are right on held-out pictures of this
            kind, were all classes equally frequent.
        sureness: "certain", "fairly", "rather" or "unsure": its word, from a reliability of .9, .7, .5 or less on.
        kind: "photographs" or "rendered": what the face was taken for.
        family: Basic expressions that the label is made of.
        family_probability: That the face shows one of them, alone or in a blend; calibrated on its own.
        basis: "label", or "family" where the label is unsure and its family is not.
        sharpness: Factor on the logits whose softmax is the probabilities; 1 in rendered faces.
    """

    label: str
    probability: float
    reliability: float
    sureness: str
    kind: str
    family: tuple[str, ...]
    family_probability: float
    basis: str
    sharpness: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "label": self.label,
            "probability": round(self.probability, 6),
            "reliability": round(self.reliability, 4),
            "sureness": self.sureness,
            "read_as": self.kind,
            "family": list(self.family),
            "family_probability": round(self.family_probability, 6),
            "basis": self.basis,
            "sharpness": round(self.sharpness, 6),
        }


class Answers(NamedTuple):
    """Answers about B faces.

    Attributes:
        chances: Probabilities (B, K).
        answers: One a face.
    """

    chances: Tensor
    answers: list[Answer]


def answers_of(reader: "LoadedCheckpoint", logits: Tensor, features: Tensor) -> Answers:
    """Answers from logits (B, K) and features (B, C) as the camera that was learned from would give them."""
    checkpoint, sureness = reader.checkpoint, reader.checkpoint.sureness
    shares = photograph_shares(features, checkpoint.domains).to(logits)
    chances = sharpened(logits, shares, sureness.photographs)
    tops = chances.argmax(1)
    related = reader.families[tops]  # (B, K)
    wider = (sharpened(logits, shares, sureness.family) * related).sum(1)
    rows = (
        tops,
        chances.amax(1),
        wider,
        related.sum(1),
        is_photograph(shares),
        sharpness(shares, sureness.photographs),
    )
    answers = []
    for top, p, near, relatives, photographed, factor in zip(*(each.tolist() for each in rows), strict=True):
        kind, said = PHOTOGRAPHS if photographed else RENDERED, checkpoint.classes[top]
        reliability = sureness.reliability(said.name, p, kind)
        word, alone = word_of(reliability), relatives == 1
        near = p if alone else max(near, p)
        basis = FAMILY if word == UNSURE and near >= FAMILY_SURE and not alone else LABEL
        answers.append(Answer(said.name, p, reliability, word, kind, said.parts, near, basis, factor))
    return Answers(chances, answers)
