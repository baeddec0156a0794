"""Phase 1: learn neutral and the six basic expressions from votes, and action units from rendered faces beside them.

No compound expression takes part, by name or by label. The loop reads from top to bottom. All randomness of a step
comes from a generator seeded by (seed, step), so a run that is killed at any moment goes on from its last saved step
with the same numbers.
"""

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from timm.models import group_parameters
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from tqdm import tqdm

from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.evaluation.metrics import accuracy, count_table, macro_recall
from cfer.features.crops import Crops, load_crops
from cfer.features.rendered import RenderedCrops, load_rendered
from cfer.files import check_run_config, load_tensors, save_tensors, write_json_lines
from cfer.learners.losses import log_prior, logit_adjusted
from cfer.model import BackboneConfig, FaceModel, Preprocessing, check_convolutional, evaluating
from cfer.start import load_start
from cfer.synth.landmarks import MIRRORED
from cfer.training.au_supervision import MultiTaskModel, rendered_loss
from cfer.training.augment import Augmentation, follow_points, random_frames, random_views
from cfer.training.run_state import flatten_optimizer, restore_optimizer


@dataclass(frozen=True)
class BasicConfig:
    """Settings of the basic phase.

    Attributes:
        backbone: Network and stride while learning.
        preprocessing: How crops become input.
        augmentation: Ranges of the random views.
        epochs: Passes over the training pictures.
        batch_size: Pictures with votes or labels a step, over all processes together.
        rendered_batch: Rendered pictures a step beside them, where there are any.
        learning_rate: AdamW's peak; linear warm-up, then a cosine to zero.
        weight_decay: AdamW's.
        warmup: Share of the steps.
        frozen_groups: How many of timm's layer groups (stem first) keep their start and their batch statistics.
        average: Decay of the running average of the weights, which is what is validated and kept.
        prior_strength: The logit adjustment's tau.
        compiled: Whether torch compiles the network first: a third faster here, and needs a C++ compiler.
        seed: Decides initial head, order and views.
    """

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int = 8
    batch_size: int = 64
    rendered_batch: int = 40
    learning_rate: float = 6e-4
    weight_decay: float = 0.02
    warmup: float = 0.05
    frozen_groups: int = 3
    average: float = 0.998
    prior_strength: float = 1.0
    compiled: bool = False
    seed: int = 0


def vote_targets(table: SampleTable) -> Tensor:
    """Label distributions (N, 7): the votes where there are any, the label otherwise."""
    rows = [s.votes or tuple(float(s.label == name) for name in BASICS) for s in table.samples]
    return torch.tensor(rows, dtype=torch.float32).reshape(-1, len(BASICS))


def has_target(table: SampleTable) -> SampleTable:
    """The rows that the basic phase can learn from."""
    return table.only(s for s in table.samples if s.votes or s.label in BASICS)


def has_majority(table: SampleTable) -> SampleTable:
    """The rows that have one of the seven classes as their single label: what is scored."""
    return table.only(s for s in table.samples if s.label in BASICS)


def freeze(model: FaceModel, groups: int) -> None:
    """Keep the first layer groups of the backbone as they are: no gradients, batch norm in evaluation mode."""
    names = group_parameters(model.backbone, model.backbone.group_matcher(coarse=True))
    frozen = {name for group in sorted(names)[:groups] for name in names[group]}
    for name, parameter in model.backbone.named_parameters():
        parameter.requires_grad_(name not in frozen)


def train_mode(model: FaceModel) -> None:
    """Training mode, but for the batch norms of frozen layers."""
    model.train()
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        if own and isinstance(module, nn.modules.batchnorm._BatchNorm) and not any(p.requires_grad for p in own):
            module.eval()


@torch.inference_mode()
def predict_logits(model: FaceModel, crops: Crops, preprocessing: Preprocessing, batch_size: int = 128) -> Tensor:
    """Logits (N, K) of all crops, plain view, on the model's device; the model's mode is left as it was."""
    device = next(model.parameters()).device
    chunks = torch.arange(len(crops.pixels)).split(batch_size)
    with evaluating(model):
        return torch.cat([model(preprocessing.enlarge(crops.batch(index)).to(device)).cpu() for index in chunks])


def score_logits(logits: Tensor, table: SampleTable) -> np.ndarray:
    """Count table (7, 7) of logits (N, 7) against the rows' majority labels."""
    true = np.array([BASICS.index(s.label) for s in table.samples if s.label])
    return count_table(true, logits.argmax(1).numpy(), len(BASICS))


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
    rendered: SampleTable | None = None,
    progress: bool = True,
    save_seconds: float = 60.0,
) -> FaceModel:
    """Run or resume the loop; return the best epoch's averaged weights by validation.

    Args:
        table: With a split on each row.
        config: Settings; a folder with other settings is refused.
        start: See `cfer.model.load_start`.
        out: The run's folder: `config.json`, `state.safetensors`, `best.safetensors`, `metrics.jsonl`.
        rendered: Faces with ground truth to learn action units from; all of them are learned from.
        progress: Whether to show a bar with the remaining time.
        save_seconds: Least time between two saved states within an epoch.

    Raises:
        ValueError: The folder holds another run, or a part has no picture.
    """
    accelerator = Accelerator()
    with accelerator.main_process_first():
        model = check_basic(table, config, start)
        facts = {"start": Path(start).name, "data": table.name, "rendered": len(rendered or ())}
        check_run_config(out, asdict(config) | facts)
    crops = load_crops(has_target(table.part("train")), config.preprocessing, progress=progress)
    validation = load_crops(has_majority(table.part("validation")), config.preprocessing, progress=progress)
    if not len(crops.table) or not len(validation.table):
        raise ValueError("No picture for training, or none for validation, can be read.")
    faces = load_rendered(rendered, config.preprocessing, progress=progress) if rendered else None
    targets = vote_targets(crops.table)
    prior = log_prior(targets).to(accelerator.device)

    freeze(model, config.frozen_groups)
    model = model.to(memory_format=torch.channels_last)
    learner = MultiTaskModel(model) if faces else model
    trained = [p for p in learner.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, config.learning_rate, weight_decay=config.weight_decay)
    wrapped, optimizer = accelerator.prepare(learner, optimizer)
    network = torch.compile(wrapped) if config.compiled else wrapped
    # decay step / (step + 10) at first, so that the random start is soon forgotten
    average = ModelEmaV3(model, config.average, use_warmup=True, warmup_gamma=10, warmup_power=1)

    steps_per_epoch = max(1, len(crops.table) // config.batch_size)
    total = steps_per_epoch * config.epochs
    step, history, loss_sum = 0, [], 0.0
    state_path, best_path = out / "state.safetensors", out / "best.safetensors"
    if state_path.is_file():
        tensors, facts = load_tensors(state_path)
        _restore(accelerator.unwrap_model(wrapped), tensors, "model.")
        _restore(average.module, tensors, "average.")
        restore_optimizer(optimizer, tensors)
        step, history, loss_sum = facts["step"], facts["history"], facts["loss_sum"]

    def save() -> None:
        if accelerator.is_main_process:
            tensors = {f"model.{k}": v for k, v in accelerator.unwrap_model(wrapped).state_dict().items()}
            tensors |= {f"average.{k}": v for k, v in average.module.state_dict().items()}
            tensors |= flatten_optimizer(optimizer)
            save_tensors(state_path, tensors, {"step": step, "history": history, "loss_sum": loss_sum})

    shown = progress and accelerator.is_main_process
    bar = tqdm(total=total, initial=step, desc="learning", unit="step", disable=not shown, mininterval=2)
    saved = time.monotonic()
    train_mode(model)
    while step < total:
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step / total, config.warmup)
        epoch, place = divmod(step, steps_per_epoch)
        order = torch.randperm(len(crops.table), generator=_generator(config.seed, 1, epoch))
        index = order[place * config.batch_size : (place + 1) * config.batch_size]
        index = index[accelerator.process_index :: accelerator.num_processes]
        generator = _generator(config.seed, 2, step * accelerator.num_processes + accelerator.process_index)
        views = random_views(crops.batch(index), config.preprocessing.input_px, config.augmentation, generator)
        wanted = targets[index].to(accelerator.device)
        if faces is None:
            logits = network(config.preprocessing.normalise(views).to(accelerator.device))  # (B, 7)
            loss = logit_adjusted(logits, wanted, prior, config.prior_strength)
        else:
            more, known = rendered_views(faces, config.rendered_batch, config, generator)
            both = torch.cat([views, more])  # (B + R, 1 or 3, S, S)
            outputs = network(config.preprocessing.normalise(both).to(accelerator.device))
            loss = logit_adjusted(outputs[0][: len(views)], wanted, prior, config.prior_strength)
            loss = loss + rendered_loss(*(o[len(views) :] for o in outputs), *(k.to(loss.device) for k in known))
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
        step += 1
        loss_sum += float(loss.detach())
        average.update(model, step)
        bar.update()
        if step % steps_per_epoch == 0:
            counts = score_logits(predict_logits(average.module, validation, config.preprocessing), validation.table)
            row = _epoch_row(step // steps_per_epoch, loss_sum / steps_per_epoch, counts)
            history, loss_sum = [*history, row], 0.0
            if accelerator.is_main_process:
                if row["score"] >= max(r["score"] for r in history):
                    partial = best_path.with_suffix(".partial")
                    save_file({k: v.cpu().contiguous() for k, v in average.module.state_dict().items()}, str(partial))
                    partial.replace(best_path)
                write_json_lines(out / "metrics.jsonl", history)
            bar.set_postfix(accuracy=f"{row['accuracy']:.3f}", macro=f"{row['macro_recall']:.3f}")
            save()
            saved = time.monotonic()
        elif time.monotonic() - saved > save_seconds:
            save()
            saved = time.monotonic()
    bar.close()
    accelerator.wait_for_everyone()
    best = FaceModel(config.backbone, BASICS)
    best.load_state_dict(load_file(str(best_path)), strict=True)
    return best.eval()


def rendered_views(
    faces: RenderedCrops, count: int, config: BasicConfig, generator: torch.Generator
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """Random views (count, C, S, S) of rendered faces, and their units, landmarks and basic expressions."""
    index = torch.randint(len(faces.pixels), (count,), generator=generator)
    frames = random_frames(count, config.augmentation, generator)
    pixels = faces.pixels[index].float() / 255
    views = random_views(pixels, config.preprocessing.input_px, config.augmentation, generator, frames)
    places = follow_points(faces.landmarks[index], frames, torch.from_numpy(MIRRORED))
    return views, (faces.units[index], places, faces.basic[index])


def _generator(*numbers: int) -> torch.Generator:
    """A generator for this place in the run, independent of how the run got there."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
    return torch.Generator().manual_seed(seed)


def _schedule(done: float, warmup: float) -> float:
    """Linear warm-up, then half a cosine: the factor of the learning rate at a share of the run."""
    if done < warmup:
        return done / warmup + 1e-3
    return 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def _restore(model: nn.Module, tensors: dict[str, Tensor], prefix: str) -> None:
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    model.load_state_dict(state, strict=True)


def _epoch_row(epoch: int, loss: float, counts: np.ndarray) -> dict[str, Any]:
    """One line of the metrics. The score that chooses is the mean of accuracy and macro recall."""
    right, macro = accuracy(counts), macro_recall(counts)
    return {"epoch": epoch, "loss": loss, "accuracy": right, "macro_recall": macro, "score": (right + macro) / 2}
