"""Turn the basic phase's best weights into a checkpoint, scored once on the test part."""

from dataclasses import asdict
from pathlib import Path

import torch.nn.functional as F

from cfer.checkpoint import Checkpoint, ClassInfo, Head, save_checkpoint
from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.learning.basic import BasicConfig
from cfer.learning.calibrate import calibrate, fold
from cfer.learning.card import model_card
from cfer.learning.continual import ContinualConfig, build_memory
from cfer.learning.features import cache_path, extract_features, fingerprint, weights_fingerprint
from cfer.learning.learners.closed_form import SHRINKAGE
from cfer.learning.scores import basic_scores
from cfer.learning.stream import basic_stream
from cfer.model import FaceModel

MAP_STRIDE = 16
"""Output stride of checkpoints: the same weights, looking four times as finely, so that maps have 7 x 7 cells."""


def labelled_rows(table: SampleTable) -> SampleTable:
    """All rows with a single label or a derived compound: what features are needed of."""
    return table.only(s for s in table.samples if s.label or s.compound)


def finish_basic(
    model: FaceModel,
    table: SampleTable,
    config: BasicConfig,
    out: Path,
    *,
    commands: tuple[str, ...] = (),
    progress: bool = True,
) -> Checkpoint:
    """Calibrate on validation, score on test, and write `out/checkpoint`.

    Args:
        model: The best weights, at the stride they were trained with.
        table: With a split on each row.
        config: Of the run.
        out: The run's folder; features are cached in it for phase 2.
        commands: What was typed, for the card.
        progress: Whether to show bars.
    """
    try:
        fine = model.with_stride(MAP_STRIDE)
    except ValueError:  # not every timm model can: its maps stay as coarse as its features
        fine = model
    rows = labelled_rows(table)
    features = extract_features(fine, rows, config.preprocessing, cache_path(out, rows), progress=progress)
    stream = basic_stream(features)
    weight, bias = fine.head.weight.detach(), fine.head.bias.detach()
    counts = stream.train_counts(len(BASICS))
    calibration = calibrate(F.linear(stream.validation.x, weight, bias), stream.validation.y, counts)
    head = Head(*fold(weight, bias, counts, calibration))
    facts = {
        "phase": "basic",
        "weights": weights_fingerprint(fine),
        "seed": config.seed,
        "training": asdict(config),
        "data": {"name": table.name, "fingerprint": fingerprint(rows), "refused": len(features.refused)},
        "learner": {"learner": "basic"},
        "shrinkage": SHRINKAGE,
        "calibration": asdict(calibration),
        "basic": basic_scores(head, stream),
        "commands": list(commands),
    }
    checkpoint = Checkpoint(
        fine.with_head(BASICS, head.weight, head.bias),
        tuple(ClassInfo.of(n) for n in BASICS),
        config.preprocessing,
        build_memory(stream, head, ContinualConfig(seed=config.seed)),
        (head,),
        facts,
    )
    save_checkpoint(checkpoint, out / "checkpoint", model_card(checkpoint))
    return checkpoint
