"""Phase 1: learn neutral and the six basic expressions from votes; beside them action units and teachers' answers.

Units, and what they move, are learned from rendered faces; photographs bring what other networks say of them.

No compound expression takes part, by name or by label. The loop reads from top to bottom. All randomness of a step
comes from a generator seeded by (seed, step), so a run that is killed at any moment goes on from its last saved step
with the same numbers.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
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
from cfer.features.rendered import joined_crops, load_rendered
from cfer.files import check_run_config, load_tensors, moved_into_place, save_tensors, write_json_lines
from cfer.learners.losses import log_prior, logit_adjusted
from cfer.model import FaceModel, Preprocessing, check_convolutional, evaluating
from cfer.start import load_start
from cfer.training.au_supervision import MultiTaskModel
from cfer.training.augment import random_views
from cfer.training.batches import load_photographs, mixed_loss
from cfer.training.config import BasicConfig
from cfer.training.run_state import flatten_optimizer, restore_optimizer


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
    rendered: Sequence[SampleTable] = (),
    taught: SampleTable | None = None,
    progress: bool = True,
    save_seconds: float = 60.0,
) -> FaceModel | MultiTaskModel:
    """Run or resume the loop; return the best epoch's averaged weights by validation, with all heads that were learned.

    With no epochs the start is returned as it is.

    Args:
        table: With a split on each row.
        config: Settings; a folder with other settings is refused.
        start: See `cfer.model.load_start`.
        out: The run's folder: `config.json`, `state.safetensors`, `best.safetensors`, `metrics.jsonl`.
        rendered: Faces with ground truth to learn action units from; all of them are learned from.
        taught: Photographs with teachers' answers, whole and with a split on each row.
        progress: Whether to show a bar with the remaining time.
        save_seconds: Least time between two saved states within an epoch.

    Raises:
        ValueError: The folder holds another run, or a part has no picture.
    """
    accelerator = Accelerator(mixed_precision=config.precision)
    with accelerator.main_process_first():
        model = check_basic(table, config, start)
        facts: dict[str, Any] = {"start": Path(start).name, "data": table.name}
        facts |= {"rendered": sum(map(len, rendered)), "taught": len(taught or ())}
        check_run_config(out, asdict(config) | facts)
    if not config.epochs:
        return model.eval()
    crops = load_crops(has_target(table.part("train")), config.preprocessing, progress=progress)
    validation = load_crops(has_majority(table.part("validation")), config.preprocessing, progress=progress)
    if not len(crops.table) or not len(validation.table):
        raise ValueError("No picture for training, or none for validation, can be read.")
    loaded = [load_rendered(each, config.preprocessing, progress=progress) for each in rendered]
    faces = joined_crops(loaded) if loaded else None
    photographs = load_photographs(taught, config.preprocessing, progress=progress) if taught else None
    targets = vote_targets(crops.table)
    prior = log_prior(targets).to(accelerator.device)

    freeze(model, config.frozen_groups)
    model = model.to(memory_format=torch.channels_last)
    learner = MultiTaskModel(model) if faces or photographs else model
    trained = [p for p in learner.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, config.learning_rate, weight_decay=config.weight_decay)
    wrapped, optimizer = accelerator.prepare(learner, optimizer)
    network = torch.compile(wrapped) if config.compiled else wrapped
    # decay step / (step + 10) at first, so that the random start is soon forgotten
    average = ModelEmaV3(learner, config.average, use_warmup=True, warmup_gamma=10, warmup_power=1)
    averaged_face = average.module.face if isinstance(learner, MultiTaskModel) else average.module

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
        if faces is None and photographs is None:
            logits = network(config.preprocessing.normalise(views).to(accelerator.device))  # (B, 7)
            loss = logit_adjusted(logits, wanted, prior, config.prior_strength)
        else:
            loss = mixed_loss(network, views, wanted, prior, faces, photographs, config, generator)
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
        step += 1
        loss_sum += float(loss.detach())
        average.update(learner, step)
        bar.update()
        if step % steps_per_epoch == 0:
            counts = score_logits(predict_logits(averaged_face, validation, config.preprocessing), validation.table)
            row = _epoch_row(step // steps_per_epoch, loss_sum / steps_per_epoch, counts)
            history, loss_sum = [*history, row], 0.0
            if accelerator.is_main_process:
                if row["score"] >= max(r["score"] for r in history):
                    best_weights = {k: v.cpu().contiguous() for k, v in average.module.state_dict().items()}
                    with moved_into_place(best_path) as partial:
                        save_file(best_weights, str(partial))
                write_json_lines(out / "metrics.jsonl", history)
            bar.set_postfix(accuracy=f"{row['accuracy']:.3f}", macro=f"{row['macro_recall']:.3f}")
            save()
            saved = time.monotonic()
        elif time.monotonic() - saved > save_seconds:
            save()
            saved = time.monotonic()
    bar.close()
    accelerator.wait_for_everyone()
    face = FaceModel(config.backbone, BASICS)
    best = MultiTaskModel(face) if isinstance(learner, MultiTaskModel) else face
    best.load_state_dict(load_file(str(best_path)), strict=True)
    return best.eval()


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
