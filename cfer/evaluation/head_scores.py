"""Scoring of a head on features."""

from typing import Any

import numpy as np
import torch.nn.functional as F

from cfer.emotions import BASICS
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.evaluation.metrics import (
    accuracy,
    count_table,
    expected_calibration_error,
    macro_recall,
    recalls,
)
from cfer.learners.base import Head
from cfer.protocol.stream import Features, Stream


def score_head(head: Head, features: Features) -> np.ndarray:
    """Count table (K, K) of a head on features."""
    predicted = F.linear(features.x, *head).argmax(1)
    return count_table(features.y.numpy(), predicted.numpy(), len(head.bias))


def score_summary(head: Head, features: Features, classes: tuple[str, ...]) -> dict[str, Any]:
    """Scores of a head on some features, over all classes of the head.

    Args:
        head: Calibrated.
        features: With labels and groups.
        classes: Names of the head's rows, in order.
    """
    counts = score_head(head, features)
    logits = F.linear(features.x, *head)
    right = (logits.argmax(1) == features.y).double().numpy()
    return {
        "pictures": int(counts.sum()),
        "accuracy": accuracy(counts),
        "accuracy_interval": bootstrap_interval(right, features.groups.numpy()),
        "macro_recall": macro_recall(counts),
        "calibration_error": expected_calibration_error(logits.softmax(1).numpy(), features.y.numpy()),
        "recall": {n: float(r) for n, r in zip(classes, recalls(counts), strict=True) if r == r},
        "counts": counts.tolist(),
    }


def basic_scores(head: Head, stream: Stream) -> dict[str, Any]:
    """Scores on the seven basics alone, validation and test, for any head whose first seven rows are the basics.

    Further rows take no part: the answer is the likeliest of the seven. That is FER+'s usual test, whatever else a
    model has learned since.

    Args:
        head: Calibrated.
        stream: From `basic_stream`.
    """
    seven = Head(head.weight[: len(BASICS)], head.bias[: len(BASICS)])
    counts_seen = stream.train_counts(len(BASICS))
    out: dict[str, Any] = {"classes": list(BASICS), "train_counts": [int(n) for n in counts_seen]}
    return out | {name: score_summary(seven, getattr(stream, name), BASICS) for name in ("validation", "test")}
