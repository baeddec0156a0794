"""Batches of the basic phase beside pictures with votes: rendered faces, and photographs with teachers."""

from collections.abc import Callable

import torch
from torch import Tensor

from cfer.features.rendered import RenderedCrops
from cfer.features.teachers import SIDES_SWAPPED
from cfer.learners.losses import logit_adjusted
from cfer.synth.landmarks import MIRRORED
from cfer.training.au_supervision import (
    Outputs,
    RenderedTruth,
    TeacherAnswers,
    expected_units_loss,
    photograph_loss,
    photograph_map_loss,
    rendered_loss,
)
from cfer.training.augment import follow_cells, follow_points, random_frames, random_views
from cfer.training.config import BasicConfig
from cfer.training.training_set import Material, Photographs

_PARTNERS = torch.tensor(list(MIRRORED))
_OTHER_SIDE = torch.tensor(SIDES_SWAPPED)


def at(values: Tensor, index: Tensor) -> Tensor:
    """Rows of a tensor at an index that may lie on another device."""
    return values[index.to(values.device, non_blocking=True)]


def taken(pixels: Tensor, index: Tensor) -> Tensor:
    """Crops (B, C, d, d) in [0, 1] at an index (B,) of crops (N, C, d, d) in uint8."""
    return at(pixels, index).float() / 255


def mixed_loss(
    network: Callable[[Tensor], Outputs],
    views: Tensor,
    wanted: Tensor,
    prior: Tensor,
    material: Material,
    config: BasicConfig,
    generator: torch.Generator,
) -> Tensor:
    """Loss of one batch that mixes pictures with votes, rendered faces and photographs, in one pass.

    Args:
        network: The `MultiTaskModel`.
        views: (B, 1 or 3, S, S) of the pictures with votes.
        wanted: (B, 7) their votes.
        prior: (7,) logarithm of the classes' frequencies among them.
        material: Rendered faces and photographs to draw from, where there are any.
        config: Settings.
        generator: The only source of randomness.
    """
    device, parts = wanted.device, [views]
    faces, photographs = material.faces, material.photographs
    if faces is not None:
        drawn, truth = rendered_views(faces, config.rendered_batch, config, generator)
        parts.append(drawn)
    if photographs is not None:
        drawn, answers = photograph_views(photographs, config.photograph_batch, config, generator)
        parts.append(drawn)
    outputs = network(config.preprocessing.normalise(torch.cat(parts)).to(device))
    start = len(views)
    loss = logit_adjusted(outputs.logits[:start], wanted, prior, config.prior_strength)
    loss = loss + config.expected_units * expected_units_loss(outputs.levelled[:start, 0], wanted)
    if faces is not None:
        stop = start + config.rendered_batch
        loss = loss + rendered_loss(outputs.rows(start, stop), RenderedTruth(*(t.to(device) for t in truth)))
        start = stop
    if photographs is not None:
        rest = outputs.rows(start, start + config.photograph_batch)
        prior = photographs.log_prior.to(device)
        said = TeacherAnswers(*(t.to(device) for t in answers))
        loss = loss + photograph_loss(rest, said, prior)
        loss = loss + config.expected_units * expected_units_loss(rest.levelled[:, 1], said.basic)
        if config.photograph_maps:
            loss = loss + config.photograph_maps * photograph_map_loss(rest, said)
    return loss


def rendered_views(
    faces: RenderedCrops, count: int, config: BasicConfig, generator: torch.Generator
) -> tuple[Tensor, RenderedTruth]:
    """Random views (count, C, S, S) of rendered faces, and what is known of them."""
    size = config.preprocessing.input_px
    index = torch.randint(len(faces.pixels), (count,), generator=generator)
    frames = random_frames(count, config.close, generator)
    views = random_views(taken(faces.pixels, index), size, config.close, generator, frames)
    places = follow_points(faces.landmarks[index], frames, _PARTNERS)
    moved = follow_cells(at(faces.moved, index).float(), frames, -(-size // config.backbone.output_stride))
    return views, RenderedTruth(faces.units[index], places, faces.basic[index], moved)


def photograph_views(
    photographs: Photographs, count: int, config: BasicConfig, generator: torch.Generator
) -> tuple[Tensor, TeacherAnswers]:
    """Random views (count, C, S, S) of photographs, and the teachers' answers.

    Half of them are drawn class by class, because most photographs are neutral or happy. In a mirrored view left and
    right blendshapes change places.
    """
    crops, by_class = photographs.crops, photographs.by_class
    chosen = torch.multinomial(photographs.shares, count // 2, replacement=True, generator=generator)
    balanced = [by_class[k][torch.randint(len(by_class[k]), (1,), generator=generator)] for k in chosen.tolist()]
    index = torch.cat([*balanced, torch.randint(len(crops.pixels), (count - count // 2,), generator=generator)])
    frames = random_frames(count, config.close, generator)
    mirrored = torch.linalg.det(frames[:, :, :2]) < 0
    shapes = crops.blendshapes[index]
    shapes = torch.where(mirrored[:, None], shapes[:, _OTHER_SIDE], shapes)
    size = config.preprocessing.input_px
    views = random_views(taken(crops.pixels, index), size, config.close, generator, frames)
    places = follow_points(crops.landmarks[index], frames, _PARTNERS)
    return views, TeacherAnswers(crops.basic[index], shapes, places)
