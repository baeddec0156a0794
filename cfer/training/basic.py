"""Phase 1: learn neutral and the six basic expressions from votes; beside them action units and teachers' answers.

Units, and what they move, are learned from rendered faces; photographs bring what other networks say of them.

No compound expression takes part, by name or by label.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.features.table import weights_fingerprint
from cfer.network.face_model import FaceModel, check_convolutional
from cfer.system.files import check_run_config, tensor_digest, write_json
from cfer.system.provenance import code_digest, digest_of_all
from cfer.training.au_supervision import MultiTaskModel
from cfer.training.config import BasicConfig
from cfer.training.initial_weights import load_start, start_heads, with_start_units
from cfer.training.loop import learn, learned
from cfer.training.training_set import (
    FILE,
    Material,
    has_majority,
    has_target,
    load_material,
    load_saved_material,
    material_origin,
    save_material,
    vote_targets,
)

LEARNED = "learned_pictures.json"
"""In a run's folder: what the network was trained on."""


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
    train = has_target(table.part("train"))
    if bare := [name for name, part in _checked(table).items() if not len(part)]:
        raise ValueError(f"The basic phase needs pictures of the basic expressions for {' and for '.join(bare)}.")
    if absent := [name for name, share in zip(BASICS, vote_targets(train).sum(0).tolist(), strict=True) if not share]:
        raise ValueError(f"There is no training picture of: {', '.join(absent)}. The basic phase needs all seven.")
    return model


def _checked(table: SampleTable) -> dict[str, SampleTable]:
    """Pictures that each part must have some of."""
    held = {part: has_majority(table.part(part)) for part in ("validation", "test")}
    return {"training": has_target(table.part("train")), **held}


def learn_basic(
    table: SampleTable,
    config: BasicConfig,
    start: str,
    out: Path,
    *,
    rendered: Sequence[SampleTable] = (),
    photographs: SampleTable | None = None,
    progress: bool = True,
    save_seconds: float = 60.0,
) -> FaceModel | MultiTaskModel:
    """Run or resume phase 1; return the best epoch's averaged weights by validation, with all heads that were learned.

    With no epochs the start is returned as it is, with its readout of action units if it is a checkpoint that has one.

    Args:
        table: With a split on each row.
        config: Settings; a folder with other settings is refused.
        start: See `cfer.training.initial_weights.load_start`.
        out: The run's folder: `config.json`, and what `cfer.training.loop.learn` writes.
        rendered: Faces with ground truth to learn action units from; all of them are learned from.
        photographs: Photographs with teachers' answers, whole and with a split on each row.
        progress: Whether to show a bar with the remaining time.
        save_seconds: Least time between two saved states within an epoch.

    Raises:
        ValueError: The folder holds another run, or a part has no picture.
    """
    accelerator = Accelerator(mixed_precision=config.precision)
    with accelerator.main_process_first():
        model = _begun(table, config, start, out, rendered, photographs)
    if not config.epochs:
        return with_start_units(model, start).eval()
    if done := learned(config, out):
        return done
    material = _material(table, config, out, rendered, photographs, progress)
    heads = start_heads(start)
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
    photographs: SampleTable | None = None,
    progress: bool = True,
) -> Path:
    """Read the pictures of a run and keep them in its folder; arguments and errors as for `learn_basic`.

    Returns:
        The file; whoever has it and the start needs no pictures to run the loop.
    """
    _begun(table, config, start, out, rendered, photographs)
    path = out / FILE
    origin = material_origin(table, rendered, photographs)
    save_material(_material(table, config, out, rendered, photographs, progress), path, origin)
    return path


def _begun(
    table: SampleTable,
    config: BasicConfig,
    start: str,
    out: Path,
    rendered: Sequence[SampleTable],
    photographs: SampleTable | None,
) -> FaceModel:
    """The network with its start; the folder belongs to this run from here on."""
    model = check_basic(table, config, start)
    check_run_config(out, asdict(config) | run_origin(model, start, table, rendered, photographs))
    known = {*learned_pictures(table, rendered, photographs), *pictures_learned_by_start(start)}
    write_json(out / LEARNED, sorted(known), indent=None)
    return model


def run_origin(
    model: FaceModel, start: str, table: SampleTable, rendered: Sequence[SampleTable], photographs: SampleTable | None
) -> dict[str, Any]:
    """Origin of a run beside its settings, plain data; `model` has its start."""
    heads = start_heads(start)
    return {
        "start": Path(start).name,
        "start weights": weights_fingerprint(model),
        "start heads": digest_of_all((name, tensor_digest(value)) for name, value in sorted(heads.items())),
        **material_origin(table, rendered, photographs),
        "code": code_digest(__name__),
    }


def learned_pictures(
    table: SampleTable, rendered: Sequence[SampleTable] = (), photographs: SampleTable | None = None
) -> list[str]:
    """Digests of all pictures that a run is trained on, so that no later phase tests on them."""
    sets = [has_target(table.part("train")), *rendered, *([photographs.part("train")] if photographs else [])]
    return sorted({s.content for each in sets for s in each.samples if s.content})


def pictures_learned_by(run: Path) -> list[str] | None:
    """Pictures that a run learned from, with what its start had learned; None where nobody knows.

    Raises:
        ValueError: The file is damaged.
    """
    path = run / LEARNED
    if not path.is_file():
        return None
    try:
        return [str(each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged. Run `cfer train basic` in {run} again; it writes it anew.") from error


def pictures_learned_by_start(start: str) -> list[str]:
    """As `pictures_learned_by`, of what a run started from, as far as its folder says so."""
    if start in ("random", "pretrained"):
        return []
    return next((found for run in (Path(start), Path(start).parent) if (found := pictures_learned_by(run))), [])


def _material(
    table: SampleTable,
    config: BasicConfig,
    out: Path,
    rendered: Sequence[SampleTable],
    photographs: SampleTable | None,
    progress: bool,
) -> Material:
    """Training set kept in the run's folder, if it was made from these pictures, or what is read now."""
    origin = material_origin(table, rendered, photographs)
    if (out / FILE).is_file() and (kept := load_saved_material(out / FILE, origin)):
        return kept
    return load_material(table, config.preprocessing, rendered, photographs, progress=progress)
