"""What a step of the basic phase sees beside pictures with votes: rendered faces, and photographs with teachers."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.features.rendered import RenderedCrops
from cfer.features.taught import TaughtCrops, load_taught
from cfer.learners.losses import logit_adjusted
from cfer.model import Preprocessing
from cfer.synth.landmarks import MIRRORED
from cfer.training.au_supervision import (
    Outputs,
    RenderedTruth,
    TeacherAnswers,
    photograph_loss,
    rendered_loss,
)
from cfer.training.augment import follow_cells, follow_points, random_frames, random_views
from cfer.training.config import BasicConfig

_PARTNERS = torch.tensor(list(MIRRORED))


@dataclass(frozen=True)
class Photographs:
    """Photographs with teachers' answers, and which of them look like which class.

    Attributes:
        crops: All of them.
        by_class: For each basic class that is any one's likeliest, the places of those pictures.
        log_prior: Logarithm (7,) of how often each class is seen as they are drawn: half of them class by class.
    """

    crops: TaughtCrops
    by_class: tuple[Tensor, ...]
    log_prior: Tensor


def load_photographs(taught: SampleTable, preprocessing: Preprocessing, *, progress: bool) -> Photographs:
    """The training part's photographs."""
    crops = load_taught(taught.part("train"), preprocessing, progress=progress)
    likeliest = crops.basic.argmax(1)
    places = [torch.nonzero(likeliest == k).squeeze(1) for k in range(len(BASICS))]
    by_class = tuple(p for p in places if len(p))
    balanced = torch.stack([crops.basic[p].mean(0) for p in by_class]).mean(0)
    return Photographs(crops, by_class, ((balanced + crops.basic.mean(0)) / 2).clamp(min=1e-4).log())


def mixed_loss(
    network: Callable[[Tensor], Outputs],
    views: Tensor,
    wanted: Tensor,
    prior: Tensor,
    faces: RenderedCrops | None,
    photographs: Photographs | None,
    config: BasicConfig,
    generator: torch.Generator,
) -> Tensor:
    """Loss of one batch that mixes pictures with votes, rendered faces and photographs, in one pass.

    Args:
        network: The `MultiTaskModel`.
        views: (B, 1 or 3, S, S) of the pictures with votes.
        wanted: (B, 7) their votes.
        prior: (7,) logarithm of the classes' frequencies among them.
        faces: Rendered faces to draw from.
        photographs: Photographs to draw from.
        config: Settings.
        generator: The only source of randomness.
    """
    device, parts = wanted.device, [views]
    if faces is not None:
        drawn, truth = rendered_views(faces, config.rendered_batch, config, generator)
        parts.append(drawn)
    if photographs is not None:
        drawn, answers = photograph_views(photographs, config.taught_batch, config, generator)
        parts.append(drawn)
    outputs = network(config.preprocessing.normalise(torch.cat(parts)).to(device))
    start = len(views)
    loss = logit_adjusted(outputs.logits[:start], wanted, prior, config.prior_strength)
    if faces is not None:
        stop = start + config.rendered_batch
        loss = loss + rendered_loss(outputs.rows(start, stop), RenderedTruth(*(t.to(device) for t in truth)))
        start = stop
    if photographs is not None:
        rest = outputs.rows(start, start + config.taught_batch)
        prior = photographs.log_prior.to(device)
        loss = loss + photograph_loss(rest, TeacherAnswers(*(t.to(device) for t in answers)), prior)
    return loss


def rendered_views(
    faces: RenderedCrops, count: int, config: BasicConfig, generator: torch.Generator
) -> tuple[Tensor, RenderedTruth]:
    """Random views (count, C, S, S) of rendered faces, and what is known of them."""
    size = config.preprocessing.input_px
    index = torch.randint(len(faces.pixels), (count,), generator=generator)
    frames = random_frames(count, config.close, generator)
    views = random_views(faces.pixels[index].float() / 255, size, config.close, generator, frames)
    places = follow_points(faces.landmarks[index], frames, _PARTNERS)
    moved = follow_cells(faces.moved[index].float(), frames, -(-size // config.backbone.output_stride))
    return views, RenderedTruth(faces.units[index], places, faces.basic[index], moved)


def photograph_views(
    photographs: Photographs, count: int, config: BasicConfig, generator: torch.Generator
) -> tuple[Tensor, TeacherAnswers]:
    """Random views (count, C, S, S) of photographs, and the teachers' answers.

    Half of them are drawn class by class, because most photographs are neutral or happy. Views are not mirrored:
    blendshapes know left from right.
    """
    crops, by_class = photographs.crops, photographs.by_class
    chosen = torch.randint(len(by_class), (count // 2,), generator=generator)
    balanced = [by_class[k][torch.randint(len(by_class[k]), (1,), generator=generator)] for k in chosen.tolist()]
    index = torch.cat([*balanced, torch.randint(len(crops.pixels), (count - count // 2,), generator=generator)])
    frames = random_frames(count, config.close, generator)
    frames[:, :, 0] *= torch.linalg.det(frames[:, :, :2]).sign()[:, None]
    views = random_views(
        crops.pixels[index].float() / 255, config.preprocessing.input_px, config.close, generator, frames
    )
    places = follow_points(crops.landmarks[index], frames, _PARTNERS)
    return views, TeacherAnswers(crops.basic[index], crops.blendshapes[index], places)
