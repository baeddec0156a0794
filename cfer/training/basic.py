"""Phase 1: learn neutral and the six basic expressions from votes; beside them action units and teachers' answers.

Units, and what they move, are learned from rendered faces; photographs bring what other networks say of them.

No compound expression takes part, by name or by label.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True)
class BasicRun:
    """One run of phase 1: what it learns from, how, and where it is kept.

    Attributes:
        table: Pictures with votes or labels, with a split on each row.
        config: Settings; a folder with other settings is refused.
        start: See `cfer.training.initial_weights.load_start`.
        out: The run's folder: `config.json`, and what `cfer.training.loop.learn` writes.
        rendered: Faces with ground truth to learn action units from; all of them are learned from.
        photographs: Photographs with teachers' answers, whole and with a split on each row.
    """

    table: SampleTable
    config: BasicConfig
    start: str
    out: Path
    rendered: Sequence[SampleTable] = ()
    photographs: SampleTable | None = None

    @property
    def beside(self) -> tuple[SampleTable, ...]:
        """The data sets beside the first."""
        return (*self.rendered, *((self.photographs,) if self.photographs else ()))

    @property
    def made_from(self) -> dict[str, Any]:
        """Origin of what it learns from, plain data."""
        return material_origin(self.table, self.rendered, self.photographs)

    def origin(self, model: FaceModel) -> dict[str, Any]:
        """Origin of the run beside its settings, plain data; `model` has its start."""
        heads = start_heads(self.start)
        return {
            "start": Path(self.start).name,
            "start weights": weights_fingerprint(model),
            "start heads": digest_of_all((name, tensor_digest(value)) for name, value in sorted(heads.items())),
            **self.made_from,
            "code": code_digest(__name__),
        }

    def learned_pictures(self) -> list[str]:
        """Digests of all pictures that it is trained on, so that no later phase tests on them."""
        photographs = [self.photographs.part("train")] if self.photographs else []
        sets = [has_target(self.table.part("train")), *self.rendered, *photographs]
        return sorted({s.content for each in sets for s in each.samples if s.content})

    def material(self, progress: bool) -> Material:
        """Training set kept in the folder, if it was made from these pictures, or what is read now."""
        if (self.out / FILE).is_file() and (kept := load_saved_material(self.out / FILE, self.made_from)):
            return kept
        preprocessing = self.config.preprocessing
        return load_material(self.table, preprocessing, self.rendered, self.photographs, progress=progress)


def check_basic(run: BasicRun) -> FaceModel:
    """See that a run can begin; nothing is written.

    Returns:
        The network with its start.

    Raises:
        ValueError: The network is unknown or not convolutional, the start does not fit it, or a class or a part has no
            picture.
    """
    model = FaceModel(run.config.backbone, BASICS, run.config.seed)
    check_convolutional(model, run.config.preprocessing.input_px)
    load_start(model, run.start)
    train = has_target(run.table.part("train"))
    if bare := [name for name, part in _checked(run.table).items() if not len(part)]:
        raise ValueError(f"The basic phase needs pictures of the basic expressions for {' and for '.join(bare)}.")
    if absent := [name for name, share in zip(BASICS, vote_targets(train).sum(0).tolist(), strict=True) if not share]:
        raise ValueError(f"There is no training picture of: {', '.join(absent)}. The basic phase needs all seven.")
    return model


def _checked(table: SampleTable) -> dict[str, SampleTable]:
    """Pictures that each part must have some of."""
    held = {part: has_majority(table.part(part)) for part in ("validation", "test")}
    return {"training": has_target(table.part("train")), **held}


def learn_basic(run: BasicRun, *, progress: bool = True, save_seconds: float = 60.0) -> FaceModel | MultiTaskModel:
    """Run or resume phase 1; return the best epoch's averaged weights by validation, with all heads that were learned.

    With no epochs the start is returned as it is, with its readout of action units if it is a checkpoint that has one.

    Args:
        run: What to learn.
        progress: Whether to show a bar with the remaining time.
        save_seconds: Least time between two saved states within an epoch.

    Raises:
        ValueError: The folder holds another run, or a part has no picture.
    """
    accelerator = Accelerator(mixed_precision=run.config.precision)
    with accelerator.main_process_first():
        model = _begun(run)
    if not run.config.epochs:
        return with_start_units(model, run.start).eval()
    if done := learned(run.config, run.out):
        return done
    return learn(
        model,
        run.material(progress),
        run.config,
        run.out,
        heads=start_heads(run.start),
        accelerator=accelerator,
        progress=progress,
        save_seconds=save_seconds,
    )


def prepare_basic(run: BasicRun, *, progress: bool = True) -> Path:
    """Read the pictures of a run and keep them in its folder; errors as for `learn_basic`.

    Returns:
        The file; whoever has it and the start needs no pictures to run the loop.
    """
    _begun(run)
    path = run.out / FILE
    save_material(run.material(progress), path, run.made_from)
    return path


def _begun(run: BasicRun) -> FaceModel:
    """The network with its start; the folder belongs to this run from here on."""
    model = check_basic(run)
    check_run_config(run.out, asdict(run.config) | run.origin(model))
    known = {*run.learned_pictures(), *pictures_learned_by_start(run.start)}
    write_json(run.out / LEARNED, sorted(known), indent=None)
    return model


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
