"""What a head scores on features."""

from typing import Any

import numpy as np
import torch.nn.functional as F

from cfer.checkpoint import Head
from cfer.emotions import BASICS
from cfer.learning.features import FeatureTable
from cfer.learning.metrics import (
    accuracy,
    bootstrap_interval,
    count_table,
    expected_calibration_error,
    macro_recall,
    recalls,
)
from cfer.learning.stream import Features, Stream, make_stream, stream_label


def score_head(head: Head, features: Features) -> np.ndarray:
    """Count table (K, K) of a head on features."""
    predicted = F.linear(features.x, head.weight, head.bias).argmax(1)
    return count_table(features.y.numpy(), predicted.numpy(), len(head.bias))


def set_scores(head: Head, classes: tuple[str, ...], table: FeatureTable) -> dict[str, Any]:
    """Scores of one data set's test part over all classes of a head.

    Args:
        head: Calibrated.
        classes: In the order of its rows.
        table: Features with splits.
    """
    test = make_stream(table, classes, len(BASICS), stream_label).test
    counts = score_head(head, test)
    logits = F.linear(test.x, head.weight, head.bias)
    right = (logits.argmax(1) == test.y).double().numpy()
    return {
        "name": table.table.name,
        "pictures": int(counts.sum()),
        "accuracy": accuracy(counts),
        "accuracy_interval": bootstrap_interval(right, test.groups.numpy()),
        "macro_recall": macro_recall(counts),
        "calibration_error": expected_calibration_error(logits.softmax(1).numpy(), test.y.numpy()),
        "recall": {n: float(r) for n, r in zip(classes, recalls(counts), strict=True) if r == r},
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
    for name in ("validation", "test"):
        part: Features = getattr(stream, name)
        logits = F.linear(part.x, seven.weight, seven.bias)
        counts = score_head(seven, part)
        right = (logits.argmax(1) == part.y).double().numpy()
        out[name] = {
            "pictures": int(counts.sum()),
            "accuracy": accuracy(counts),
            "accuracy_interval": bootstrap_interval(right, part.groups.numpy()),
            "macro_recall": macro_recall(counts),
            "recall": {n: float(r) for n, r in zip(BASICS, recalls(counts), strict=True)},
            "calibration_error": expected_calibration_error(logits.softmax(1).numpy(), part.y.numpy()),
            "counts": counts.tolist(),
        }
    return out
