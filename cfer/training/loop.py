"""The loop of phase 1: from what was read to the best epoch's averaged weights.

It reads from top to bottom. All randomness of a step comes from a generator seeded by (seed, step), so a run that is
killed at any moment goes on from its last saved step with the same numbers.
"""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from timm.models import group_parameters
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from tqdm import tqdm

from cfer.emotions import BASICS
from cfer.evaluation.metrics import accuracy, count_table, recalls
from cfer.evaluation.unit_scores import unit_aucs
from cfer.features.rendered import UNITS
from cfer.learners.losses import log_prior, logit_adjusted
from cfer.network.face_model import FaceModel
from cfer.network.modes import evaluating
from cfer.network.preprocessing import Preprocessing
from cfer.system.draws import generator_of
from cfer.system.files import load_tensors, moved_into_place, save_tensors, write_json_lines
from cfer.training.au_supervision import MultiTaskModel
from cfer.training.augment import random_views
from cfer.training.batches import at, mixed_loss, taken
from cfer.training.config import BasicConfig
from cfer.training.run_state import flatten_optimizer, restore_optimizer
from cfer.training.training_set import Labelled, Material

METRICS, STATE, BEST = "metrics.jsonl", "state.safetensors", "best.safetensors"
LEAST = 10
"""A class with fewer pictures in a part does not count in that part's mean recall."""
SCORE = {"accuracy": 0.25, "macro_recall": 0.25, "units": 0.5}
"""What chooses an epoch, and its weights: expressions as they are frequent, expressions alike, and action units."""


def freeze(model: FaceModel, groups: int) -> None:
    """Keep the first layer groups of the backbone as they are: no gradients, batch norm in evaluation mode."""
    names = group_parameters(model.backbone, model.backbone.group_matcher(coarse=True))
    frozen = {name for group in sorted(names)[:groups] for name in names[group]}
    for name, parameter in model.backbone.named_parameters():
        parameter.requires_grad_(name not in frozen)


def train_mode(model: FaceModel, *, fixed_statistics: bool = False) -> None:
    """Training mode, but for the batch norms of frozen layers, or for all of them."""
    model.train()
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        frozen = bool(own) and not any(p.requires_grad for p in own)
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and (fixed_statistics or frozen):
            module.eval()


@torch.inference_mode()
def predict_features(model: FaceModel, pixels: Tensor, preprocessing: Preprocessing, batch_size: int = 128) -> Tensor:
    """Pooled features (N, C) of crops (N, C, d, d) in uint8, plain view; the model's mode is left as it was."""
    device = next(model.parameters()).device
    with evaluating(model):
        chunks = (chunk.to(device).float() / 255 for chunk in pixels.split(batch_size))
        return torch.cat([model.pool(model.features(preprocessing.enlarge(chunk))).cpu() for chunk in chunks])


def _scored(network: nn.Module, part: Labelled, preprocessing: Preprocessing) -> dict[str, float]:
    """Accuracy and mean recall of a part's pictures, and, if the network reads them, how units do; see `unit_aucs`."""
    face = network.face if isinstance(network, MultiTaskModel) else network
    assert isinstance(face, FaceModel)
    features = predict_features(face, part.pixels, preprocessing)
    device = next(face.parameters()).device
    with torch.inference_mode():
        predicted = face.head(features.to(device)).argmax(1).cpu()
    counts = count_table(part.true.numpy(), predicted.numpy(), len(BASICS))
    many = counts.sum(1) >= min(LEAST, counts.sum(1).max())
    found = {"accuracy": accuracy(counts), "macro_recall": float(np.nanmean(recalls(counts)[many]))}
    if isinstance(network, MultiTaskModel):
        with torch.inference_mode():
            readings = network.units(features.to(device)).cpu()
        if units := unit_aucs(readings, [BASICS[k] for k in part.true.tolist()], UNITS):
            found["units"] = float(np.mean(list(units.values())))
    return found


def learned(config: BasicConfig, out: Path) -> FaceModel | MultiTaskModel | None:
    """The best weights of a run that is done; None if it is not.

    Raises:
        ValueError: It was done, and its weights are gone or damaged.
    """
    metrics, best = out / METRICS, out / BEST
    try:
        rows = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):  # missing or cut off: the state knows how far the run came
        return None
    if len(rows) < config.epochs:
        return None
    try:
        weights = load_file(str(best))
    except (OSError, SafetensorError) as error:
        raise ValueError(
            f"{best} is gone or damaged, and the run that made it is over. Empty the folder, or choose another --out."
        ) from error
    face = FaceModel(config.backbone, BASICS)
    network = MultiTaskModel(face) if any(name.startswith("face.") for name in weights) else face
    network.load_state_dict(weights, strict=True)
    return network.eval()


def learn(
    model: FaceModel,
    material: Material,
    config: BasicConfig,
    out: Path,
    *,
    heads: Mapping[str, Tensor] | None = None,
    accelerator: Accelerator | None = None,
    progress: bool = True,
    save_seconds: float = 60.0,
) -> FaceModel | MultiTaskModel:
    """Run or resume the loop; return the best epoch's averaged weights by validation, with all heads that were learned.

    Args:
        model: With its start; learned in place.
        material: What to learn from.
        config: Settings.
        out: The run's folder: `state.safetensors`, `best.safetensors`, `metrics.jsonl`.
        heads: What was learned before, to go on from, by the names of `MultiTaskModel`; what it lacks starts anew.
        accelerator: Where and in which precision to compute; by the settings by default.
        progress: Whether to show a bar with the remaining time.
        save_seconds: Least time between two saved states within an epoch.
    """
    if done := learned(config, out):
        return done
    accelerator = accelerator or Accelerator(mixed_precision=config.precision)
    device = accelerator.device
    material = material.on(device)
    targets = material.targets
    prior = log_prior(targets).to(device)

    freeze(model, config.frozen_groups)
    model = model.to(memory_format=torch.channels_last)
    learner = MultiTaskModel(model) if material.faces or material.photographs else model
    own, prefix = learner.state_dict(), "face." if learner is model else ""
    known = {name.removeprefix(prefix): value for name, value in (heads or {}).items()}
    learner.load_state_dict(own | {name: value for name, value in known.items() if name in own})
    backbone = [p for p in model.backbone.parameters() if p.requires_grad]
    beside = [p for name, p in learner.named_parameters() if "backbone." not in name]
    groups = [{"params": backbone, "rate": 1.0}, {"params": beside, "rate": config.head_rate}]
    optimizer = torch.optim.AdamW(groups, config.learning_rate, weight_decay=config.weight_decay)
    wrapped, optimizer = accelerator.prepare(learner, optimizer)
    network = torch.compile(wrapped) if config.compiled else wrapped
    # decay step / (step + 10) at first, so that the random start is soon forgotten
    average = ModelEmaV3(learner, config.average, use_warmup=True, warmup_gamma=10, warmup_power=1)

    steps_per_epoch = max(1, len(material.pixels) // config.batch_size)
    total = steps_per_epoch * config.epochs
    step, history, loss_sum = 0, [], torch.zeros((), device=device)
    state_path, best_path = out / STATE, out / BEST
    if state_path.is_file():
        tensors, facts = load_tensors(state_path)
        _restore(accelerator.unwrap_model(wrapped), tensors, "model.")
        _restore(average.module, tensors, "average.")
        restore_optimizer(optimizer, tensors)
        step, history, loss_sum = facts["step"], facts["history"], loss_sum + facts["loss_sum"]

    def save() -> None:
        if accelerator.is_main_process:
            tensors = {f"model.{k}": v for k, v in accelerator.unwrap_model(wrapped).state_dict().items()}
            tensors |= {f"average.{k}": v for k, v in average.module.state_dict().items()}
            tensors |= flatten_optimizer(optimizer)
            save_tensors(state_path, tensors, {"step": step, "history": history, "loss_sum": float(loss_sum)})

    shown = progress and accelerator.is_main_process
    bar = tqdm(total=total, initial=step, desc="learning", unit="step", disable=not shown, mininterval=2)
    saved = time.monotonic()
    train_mode(model, fixed_statistics=config.fixed_statistics)
    while step < total:
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * config.learning_rate * _schedule(step / total, config.warmup)
        epoch, place = divmod(step, steps_per_epoch)
        order = torch.randperm(len(material.pixels), generator=generator_of(config.seed, 1, epoch))
        index = order[place * config.batch_size : (place + 1) * config.batch_size]
        index = index[accelerator.process_index :: accelerator.num_processes]
        generator = generator_of(config.seed, 2, step * accelerator.num_processes + accelerator.process_index)
        pixels = taken(material.pixels, index)
        views = random_views(pixels, config.preprocessing.input_px, config.augmentation, generator)
        wanted = at(targets, index).to(device)
        if material.faces is None and material.photographs is None:
            logits = network(config.preprocessing.normalise(views).to(device))  # (B, 7)
            loss = logit_adjusted(logits, wanted, prior, config.prior_strength)
        else:
            loss = mixed_loss(network, views, wanted, prior, material, config, generator)
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()
        step += 1
        loss_sum = loss_sum + loss.detach()  # read once an epoch: reading waits for the device
        average.update(learner, step)
        bar.update()
        if step % steps_per_epoch == 0:
            rows = [_scored(average.module, part, config.preprocessing) for part in material.validation]
            row = _epoch_row(step // steps_per_epoch, float(loss_sum) / steps_per_epoch, rows)
            history, loss_sum = [*history, row], torch.zeros((), device=device)
            if accelerator.is_main_process:
                if row["score"] >= max(r["score"] for r in history):
                    best_weights = {k: v.cpu().contiguous() for k, v in average.module.state_dict().items()}
                    with moved_into_place(best_path) as partial:
                        save_file(best_weights, str(partial))
                write_json_lines(out / METRICS, history)
            bar.set_postfix({name: f"{row[name]:.3f}" for name in SCORE if name in row})
            save()
            saved = time.monotonic()
        elif time.monotonic() - saved > save_seconds:
            save()
            saved = time.monotonic()
    bar.close()
    if accelerator.is_main_process:
        write_json_lines(out / METRICS, history)  # it may have been lost since
    accelerator.wait_for_everyone()
    best = learned(config, out)
    assert best is not None  # the last epoch was written just now
    return best


def _schedule(done: float, warmup: float) -> float:
    """Linear warm-up, then half a cosine: the factor of the learning rate at a share of the run."""
    if done < warmup:
        return done / warmup + 1e-3
    return 0.5 * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup)))


def _restore(model: nn.Module, tensors: dict[str, Tensor], prefix: str) -> None:
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    model.load_state_dict(state, strict=True)


def _epoch_row(epoch: int, loss: float, parts: list[dict[str, float]]) -> dict[str, Any]:
    """One line of the metrics: the first part's scores, and those of others under their place.

    The score that chooses is a mean by the weights of `SCORE`, over the parts.
    """
    weights = [[SCORE[name] for name in part] for part in parts]
    score = float(np.mean([np.average(list(part.values()), weights=w) for part, w in zip(parts, weights, strict=True)]))
    others = {"others": parts[1:]} if len(parts) > 1 else {}
    return {"epoch": epoch, "loss": loss, **parts[0], **others, "score": score}
