"""Phase 1: learn neutral and the six basic expressions from votes; beside them action units and teachers' answers.

Units, and what they move, are learned from rendered faces; photographs bring what other networks say of them.

No compound expression takes part, by name or by label.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.files import check_run_config
from cfer.model import FaceModel, check_convolutional
from cfer.start import load_start, run_weights
from cfer.training.au_supervision import MultiTaskModel
from cfer.training.config import BasicConfig
from cfer.training.loop import learn, learned
from cfer.training.material import (
    FILE,
    Material,
    has_majority,
    has_target,
    load_material,
    load_saved_material,
    save_material,
    vote_targets,
)


def check_basic(table: SampleTable, config: BasicConfig, start: str) -> FaceModel:
    """See that a run can begin; nothing is written.

    Returns:
        The network with its start.

    Raises:
        ValueError: The network is unknown or not convolutional, the start does not fit it, or a class or a part has no
            picture.
    """
    model = FaceModel(config.backbone, BASICS, config.seed)
    check_convolutional(model, config.preprocessing.input_px)
    load_start(model, start)
    train, validation = has_target(table.part("train")), has_majority(table.part("validation"))
    if not len(train) or not len(validation):
        raise ValueError("The basic phase needs pictures of the basic expressions for training and for validation.")
    if absent := [name for name, share in zip(BASICS, vote_targets(train).sum(0).tolist(), strict=True) if not share]:
        raise ValueError(f"There is no training picture of: {', '.join(absent)}. The basic phase needs all seven.")
    return model


def learn_basic(
    table: SampleTable,
    config: BasicConfig,
    start: str,
    out: Path,
    *,
    rendered: Sequence[SampleTable] = (),
    taught: SampleTable | None = None,
    progress: bool = True,
    save_seconds: float = 60.0,
) -> FaceModel | MultiTaskModel:
    """Run or resume phase 1; return the best epoch's averaged weights by validation, with all heads that were learned.

    With no epochs the start is returned as it is.

    Args:
        table: With a split on each row.
        config: Settings; a folder with other settings is refused.
        start: See `cfer.model.load_start`.
        out: The run's folder: `config.json`, and what `cfer.training.loop.learn` writes.
        rendered: Faces with ground truth to learn action units from; all of them are learned from.
        taught: Photographs with teachers' answers, whole and with a split on each row.
        progress: Whether to show a bar with the remaining time.
        save_seconds: Least time between two saved states within an epoch.

    Raises:
        ValueError: The folder holds another run, or a part has no picture.
    """
    accelerator = Accelerator(mixed_precision=config.precision)
    with accelerator.main_process_first():
        model = _begun(table, config, start, out, rendered, taught)
    if not config.epochs:
        return model.eval()
    if done := learned(config, out):
        return done
    material = _material(table, config, out, rendered, taught, progress)
    heads = run_weights(start)
    return learn(
        model,
        material,
        config,
        out,
        heads=heads,
        accelerator=accelerator,
        progress=progress,
        save_seconds=save_seconds,
    )


def prepare_basic(
    table: SampleTable,
    config: BasicConfig,
    start: str,
    out: Path,
    *,
    rendered: Sequence[SampleTable] = (),
    taught: SampleTable | None = None,
    progress: bool = True,
) -> Path:
    """Read the pictures of a run and keep them in its folder; arguments and errors as for `learn_basic`.

    Returns:
        The file; whoever has it and the start needs no pictures to run the loop.
    """
    _begun(table, config, start, out, rendered, taught)
    path = out / FILE
    save_material(_material(table, config, out, rendered, taught, progress), path)
    return path


def _begun(
    table: SampleTable,
    config: BasicConfig,
    start: str,
    out: Path,
    rendered: Sequence[SampleTable],
    taught: SampleTable | None,
) -> FaceModel:
    """The network with its start; the folder belongs to this run from here on."""
    model = check_basic(table, config, start)
    facts: dict[str, Any] = {"start": Path(start).name, "data": table.name}
    facts |= {"rendered": sum(map(len, rendered)), "taught": len(taught or ())}
    check_run_config(out, asdict(config) | facts)
    return model


def _material(
    table: SampleTable,
    config: BasicConfig,
    out: Path,
    rendered: Sequence[SampleTable],
    taught: SampleTable | None,
    progress: bool,
) -> Material:
    """What was kept in the run's folder, or what is read now."""
    if (out / FILE).is_file():
        return load_saved_material(out / FILE)
    return load_material(table, config.preprocessing, rendered, taught, progress=progress)
