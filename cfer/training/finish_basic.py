"""Turn the basic phase's best weights into a checkpoint, scored once on the test part."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from cfer.checkpoint import Checkpoint, ClassInfo, Facts, LearnerSpec, PhaseFacts, load_checkpoint, save_checkpoint
from cfer.checkpoint.card import model_card
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.scores import BasicScores
from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.evaluation.head_scores import basic_scores
from cfer.features.crops import load_crops
from cfer.features.rendered import UNITS
from cfer.features.table import (
    cache_path,
    data_facts,
    extract_features,
    is_rendered,
    table_facts,
    unit_readout,
    weights_fingerprint,
)
from cfer.network.camera import Look, look_of
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.protocol.stream import basic_stream
from cfer.system.files import without_nan
from cfer.training.au_supervision import MultiTaskModel
from cfer.training.basic import BasicRun
from cfer.training.continual import ContinualConfig, held_back, new_learner
from cfer.training.initial_weights import run_weights
from cfer.training.readouts import fit_readouts
from cfer.training.step_results import finish_step

MAP_STRIDE = 16
"""Coarsest output stride of checkpoints, where the network can: what was learned at 32 looks finer from then on."""


LOOKED_AT = 500
"""Photographs of which it is kept how they look on average."""


def look_of_photographs(table: SampleTable, preprocessing: Preprocessing) -> Look:
    """Average look of a data set's training photographs: the same for all that its camera is to be compared with."""
    rows = table.part("train").samples
    crops = load_crops(table.only(rows[:: max(1, len(rows) // LOOKED_AT)]), preprocessing)
    return look_of(crops.pixels.float() / 255)


def labelled_rows(table: SampleTable) -> SampleTable:
    """All rows with a single label or a derived compound: what features are needed of."""
    return table.only(s for s in table.samples if s.label or s.compound)


def finish_basic(
    learned: FaceModel | MultiTaskModel,
    run: BasicRun,
    *,
    commands: tuple[str, ...] = (),
    progress: bool = True,
) -> Checkpoint:
    """Fit the default learner to the basic classes, calibrate, score on test, and write `out/checkpoint`.

    The head that the loop trained the backbone with stays behind: a checkpoint has its learner's head, from which
    steps and lessons go on. The readout of action units is the one that was learned or, where none was and there are
    rendered faces, one that is fitted to the features; photographs have their say in it (`unit_witnesses`), and it is
    scaled so that it answers right on rendered faces at the checkpoint's stride. That of landmarks stays if the stride
    does: where a point lies hangs on how finely the network looks; `cfer measure` fits it otherwise.

    Args:
        learned: The best weights, at the stride they were trained with.
        run: What was learned; features are cached in its folder for phase 2.
        commands: What was typed, for the card.
        progress: Whether to show bars.
    """
    table, config, out = run.table, run.config, run.out
    model = learned.with_readouts() if isinstance(learned, MultiTaskModel) else learned
    try:
        fine = model.with_stride(min(MAP_STRIDE, model.config.output_stride))
    except ValueError:  # not every timm model can: its maps stay as coarse as its features
        fine = model
    rows = labelled_rows(table)
    features = extract_features(fine, rows, config.preprocessing, cache_path(out, rows), progress=progress)
    photographs = next((labelled_rows(each) for each in run.beside if not is_rendered(each)), None)
    if rendered := [each for each in run.beside if is_rendered(each)]:
        seen = [features]
        if photographs is not None:
            cache = cache_path(out, photographs)
            seen.insert(0, extract_features(fine, photographs, config.preprocessing, cache, progress=progress))
        found = fit_readouts(fine, config.preprocessing, rendered, seen, out)
        fine = fine.with_units(UNITS, *found.units)
        features = replace(features, elsewhere=found.elsewhere, units=unit_readout(fine))
    settings = ContinualConfig(seed=config.seed)
    checks, stream = held_back(basic_stream(features), settings)
    learner = new_learner(settings, several=False)
    learner.observe(stream.step(0), torch.Generator().manual_seed(config.seed))
    result = finish_step(learner.head(), stream, checks)
    before = _checkpoint_of(run.start)
    earlier, commands = _history(before, commands)
    data = (data_facts(features), *map(table_facts, run.beside))
    facts = Facts(
        seed=config.seed,
        backbone=weights_fingerprint(fine),
        phases=(*earlier, PhaseFacts("basic", Path(run.start).name, data, asdict(config))),
        commands=commands,
        basic=BasicScores.from_dict(without_nan(basic_scores(result.head, stream))),
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
        _landmarks(learned, fine, before),
        matches=result.matches,
        sureness=result.sureness,
        look=None if photographs is None else look_of_photographs(photographs, config.preprocessing),
    )
    save_checkpoint(checkpoint, out / "checkpoint", model_card(checkpoint))
    return checkpoint


def _landmarks(learned: FaceModel | MultiTaskModel, fine: FaceModel, before: Checkpoint | None) -> dict[str, bytes]:
    """The readout of landmarks, unless features at the checkpoint's stride are others than it was learned from."""
    if isinstance(learned, MultiTaskModel):
        same = learned.face.config.output_stride == fine.config.output_stride
        return {LANDMARKS: learned.landmark_readout().to_bytes()} if same else {}
    # features are those of the start if no epoch was learned since
    if before is None or (before.facts.backbone, before.model.config) != (weights_fingerprint(fine), fine.config):
        return {}
    return {name: data for name, data in before.measured.items() if name == LANDMARKS}


def _checkpoint_of(start: str) -> Checkpoint | None:
    """The checkpoint that was the start, or that of the run that was; None for other starts."""
    folder = Path(start)
    folder = folder / "checkpoint" if run_weights(start) is not None else folder
    return load_checkpoint(folder) if start and folder.is_dir() else None


def _history(before: Checkpoint | None, commands: tuple[str, ...]) -> tuple[tuple[PhaseFacts, ...], tuple[str, ...]]:
    """Phases that shaped the backbone of a checkpoint that was the start; its commands, and those typed now."""
    if before is None:
        return (), commands
    facts = before.facts
    return tuple(p for p in facts.phases if p.name == "basic" and p.settings.get("epochs") != 0), (
        *facts.commands,
        *commands,
    )
