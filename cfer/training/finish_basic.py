"""Turn the basic phase's best weights into a checkpoint, scored once on the test part."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint, ClassInfo, Facts, LearnerSpec, PhaseFacts, load_checkpoint, save_checkpoint
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.evaluation.card import model_card
from cfer.evaluation.head_scores import basic_scores
from cfer.evaluation.stream import basic_stream
from cfer.features.elsewhere import elsewhere_rows
from cfer.features.rendered import joined_crops, load_rendered
from cfer.features.table import (
    cache_path,
    data_facts,
    extract_features,
    fingerprint,
    is_rendered,
    table_facts,
    weights_fingerprint,
)
from cfer.files import load_tensors, save_tensors, without_nan
from cfer.model import FaceModel, Preprocessing
from cfer.training.au_supervision import MultiTaskModel
from cfer.training.config import BasicConfig
from cfer.training.continual import ContinualConfig, finish_step, held_back, new_learner

ELSEWHERE = "elsewhere.safetensors"
"""File in a run's folder, for phase 2."""
MAP_STRIDE = 16
"""Output stride of checkpoints: the same weights, looking four times as finely, so that maps have 7 x 7 cells."""


def labelled_rows(table: SampleTable) -> SampleTable:
    """All rows with a single label or a derived compound: what features are needed of."""
    return table.only(s for s in table.samples if s.label or s.compound)


def finish_basic(
    learned: FaceModel | MultiTaskModel,
    table: SampleTable,
    config: BasicConfig,
    out: Path,
    *,
    start: str = "",
    beside: Sequence[SampleTable] = (),
    commands: tuple[str, ...] = (),
    progress: bool = True,
) -> Checkpoint:
    """Fit the default learner to the basic classes, calibrate, score on test, and write `out/checkpoint`.

    The head that the loop trained the backbone with stays behind: a checkpoint has its learner's head, from which
    steps and lessons go on. The readouts of action units and landmarks stay, where they were learned.

    Args:
        learned: The best weights, at the stride they were trained with.
        table: With a split on each row.
        config: The run's.
        out: The run's folder; features are cached in it for phase 2.
        start: What the weights started from, for the card.
        beside: Rendered faces and photographs that were learned from beside it, for the card.
        commands: What was typed, for the card.
        progress: Whether to show bars.
    """
    model = learned.with_readouts() if isinstance(learned, MultiTaskModel) else learned
    try:
        fine = model.with_stride(MAP_STRIDE)
    except ValueError:  # not every timm model can: its maps stay as coarse as its features
        fine = model
    rows = labelled_rows(table)
    features = extract_features(fine, rows, config.preprocessing, cache_path(out, rows), progress=progress)
    if rendered := [each for each in beside if is_rendered(each)]:
        features = replace(features, elsewhere=kept_elsewhere(fine, config.preprocessing, rendered, out))
    settings = ContinualConfig(seed=config.seed)
    checks, stream = held_back(basic_stream(features), settings)
    learner = new_learner(settings, several=False)
    learner.observe(stream.step(0), torch.Generator().manual_seed(config.seed))
    result = finish_step(learner.head(), stream)
    earlier, commands = _history(start, commands)
    data = (data_facts(features), *map(table_facts, beside))
    facts = Facts(
        seed=config.seed,
        backbone=weights_fingerprint(fine),
        phases=(*earlier, PhaseFacts("basic", Path(start).name, data, asdict(config))),
        commands=commands,
        basic=without_nan(basic_scores(result.head, stream)),
    )
    checkpoint = Checkpoint(
        fine.with_head(BASICS, *result.head),
        tuple(ClassInfo.of(n) for n in BASICS),
        config.preprocessing,
        LearnerSpec(settings.learner, settings.exemplars),
        learner,
        result.calibration,
        torch.zeros(len(BASICS)),
        checks,
        (result.head,),
        facts,
        {LANDMARKS: learned.landmark_readout().to_bytes()} if isinstance(learned, MultiTaskModel) else {},
    )
    save_checkpoint(checkpoint, out / "checkpoint", model_card(checkpoint))
    return checkpoint


def kept_elsewhere(
    model: FaceModel, preprocessing: Preprocessing, rendered: Sequence[SampleTable], out: Path
) -> Tensor:
    """What features look like where nothing moved, from the run's folder or worked out and kept there."""
    path, key = out / ELSEWHERE, f"{' '.join(map(fingerprint, rendered))} {weights_fingerprint(model)}"
    if path.is_file():
        tensors, facts = load_tensors(path)
        if facts["key"] == key:
            return tensors["rows"]
    faces = joined_crops([load_rendered(each, preprocessing) for each in rendered])
    found = elsewhere_rows(model, preprocessing, faces)
    save_tensors(path, {"rows": found}, {"key": key})
    return found


def _history(start: str, commands: tuple[str, ...]) -> tuple[tuple[PhaseFacts, ...], tuple[str, ...]]:
    """Phases and commands of a checkpoint that was the start, and the commands that were typed now."""
    if not start or not Path(start).is_dir():
        return (), commands
    facts = load_checkpoint(start).facts
    return facts.phases, (*facts.commands, *commands)
