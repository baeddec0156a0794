"""Facts that a checkpoint says of itself: every data set, start and phase. The model card is written from this."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field

from cfer.checkpoint.scores import BasicScores, ContinualScores

_TYPED_FIRST = Field(union_mode="left_to_right")


@dataclass(frozen=True)
class DataFacts:
    """A data set that a phase learned from.

    Attributes:
        name: As reports call it.
        fingerprint: A short hash of its rows.
        pictures: How many pictures stand in each part, by the part's name.
        people: How many people are known by name; None where nobody is.
        refused: How many pictures could not be used.
        rendered: Whether the pictures are rendered faces with ground truth.
        about: Sentences about pictures, labels and origin, from the reader of the data set.
    """

    name: str
    fingerprint: str
    pictures: Mapping[str, int]
    people: int | None = None
    refused: int = 0
    rendered: bool = False
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class PhaseFacts:
    """One phase of training.

    Attributes:
        name: "basic" or "continual".
        start: Where the weights came from: "random", "pretrained", a file's or a checkpoint's name.
        data: The data sets that it learned from.
        settings: The phase's configuration, plain data.
    """

    name: str
    start: str
    data: tuple[DataFacts, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """Everything that is known of how a checkpoint came about and what it scored.

    Attributes:
        seed: Seeds the parts that data sets without parts of their own are divided into.
        backbone: A short hash of the backbone's weights.
        phases: In the order they were trained, those of the start included.
        commands: What was typed.
        basic: Scores of the head after step 0 on the seven basic classes; None if there are none. A checkpoint that was
            made elsewhere may keep them in another form.
        continual: Scores over the steps and of the last head, likewise; None before the continual phase.
        lessons: Classes that were taught afterwards, with the number of pictures of each.
        adapted: How many unlabelled faces it was adapted to a camera from; None where it was not.
        adapted_from: A digest of these faces; None likewise.
    """

    seed: int = 0
    backbone: str = ""
    phases: tuple[PhaseFacts, ...] = ()
    commands: tuple[str, ...] = ()
    basic: Annotated[BasicScores | dict[str, Any] | None, _TYPED_FIRST] = None
    continual: Annotated[ContinualScores | dict[str, Any] | None, _TYPED_FIRST] = None
    lessons: Mapping[str, int] | None = None
    adapted: int | None = None
    adapted_from: str | None = None

    @property
    def after_basic(self) -> BasicScores | None:
        """Scores after step 0; None where there are none, or they are kept in a form of another version."""
        return self.basic if isinstance(self.basic, BasicScores) else None

    @property
    def after_steps(self) -> ContinualScores | None:
        """Scores over the steps; None likewise."""
        return self.continual if isinstance(self.continual, ContinualScores) else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
