"""Scores that a checkpoint says of itself, typed. A score that could not be measured is None."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter

Score = float | None
Counts = tuple[tuple[int, ...], ...]
"""(K, K): rows are true classes, columns predicted ones."""


class _FromDict:
    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Scores from plain data.

        Raises:
            pydantic.ValidationError: Something is missing, or of another kind.
        """
        return TypeAdapter(cls).validate_python(content)


@dataclass(frozen=True)
class HeadScores(_FromDict):
    """Scores of a head on some pictures, over all its classes; see `cfer.evaluation.head_scores`.

    Attributes:
        pictures: How many.
        accuracy: 0 to 1.
        accuracy_interval: 95 %, bootstrap over people, or over groups of identical pictures.
        macro_recall: Mean recall over the classes.
        calibration_error: Expected calibration error.
        recall: Of every class that has pictures.
        counts: By true and predicted class.
        name: The data set's, where there are several.
    """

    pictures: int
    accuracy: Score
    accuracy_interval: tuple[Score, Score]
    macro_recall: Score
    calibration_error: Score
    recall: Mapping[str, float]
    counts: Counts
    name: str = ""


@dataclass(frozen=True)
class BasicScores(_FromDict):
    """Scores on the seven basic classes alone.

    Attributes:
        classes: Their names.
        train_counts: Training pictures of each.
        validation: Where every choice was made.
        test: On the test part.
    """

    classes: tuple[str, ...]
    train_counts: tuple[int, ...]
    validation: HeadScores
    test: HeadScores


@dataclass(frozen=True)
class StepScores(_FromDict):
    """Scores over the steps of a run; see `cfer.evaluation.metrics.StreamScores`."""

    step_accuracy: tuple[Score, ...]
    step_macro: tuple[Score, ...]
    average_incremental: Score
    last: Score
    base_recall: Score
    new_recall: Score
    harmonic: Score
    forgetting: Score
    backward_transfer: Score


@dataclass(frozen=True)
class ContinualScores(_FromDict):
    """Scores of a continual run: over its steps, and of its last head.

    Attributes:
        classes: Names in the order in which they were learned.
        scores: Over the steps, by part.
        last_interval: 95 % interval of the accuracy after the last step.
        calibration_error: Expected calibration error of the last head.
        test_recall: Of every class.
        test_counts: By true and predicted class.
        train_counts: Training pictures of each class.
        data_sets: On each data set's test part.
        basics_alone: The last head asked for the seven basics alone; None where that was not measured.
    """

    classes: tuple[str, ...]
    scores: Mapping[str, StepScores]
    last_interval: tuple[Score, Score]
    calibration_error: Score
    test_recall: Mapping[str, Score]
    test_counts: Counts
    train_counts: tuple[int, ...]
    data_sets: tuple[HeadScores, ...] = ()
    basics_alone: BasicScores | None = None
