"""Fit linear heads by gradient descent: the one loop that all rehearsal learners share."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class HeadFit:
    """Settings of the loop, the same for every learner; rate and decay were chosen on rendered people no report uses.

    Attributes:
        epochs: Passes over the rows, and more where those are too few for `least`.
        least: Fewest steps of the optimiser.
        batch_size: Rows a step.
        learning_rate: Adam's.
        weight_decay: Decoupled, on the weight.
    """

    epochs: int = 20
    least: int = 300
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1.0


def widen(weight: Tensor, bias: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A head with `count` more rows, drawn as Glorot & Bengio (2010) do, with offset 0."""
    old, width = weight.shape
    limit = (6 / (width + old + count)) ** 0.5
    rows = (torch.rand(count, width, generator=generator) * 2 - 1) * limit
    return torch.cat([weight, rows]), torch.cat([bias, torch.zeros(count)])


def fit_head(
    weight: Tensor,
    bias: Tensor,
    x: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    generator: torch.Generator,
    settings: HeadFit = HeadFit(),
) -> tuple[Tensor, Tensor]:
    """Minimise a loss over rows in random batches.

    Args:
        weight: (K, C) to start from; left as it is.
        bias: (K,).
        x: (N, C).
        loss: From a batch's logits (B, K) and its rows' numbers (B,).
        generator: Of the order.
        settings: Of the loop.

    Returns:
        The new weight and bias.
    """
    weight, bias = weight.detach().clone().requires_grad_(), bias.detach().clone().requires_grad_()
    groups = [{"params": [weight]}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, settings.learning_rate, weight_decay=settings.weight_decay)
    with torch.enable_grad():
        batches = math.ceil(len(x) / settings.batch_size)
        for _ in range(max(settings.epochs, math.ceil(settings.least / batches))):
            for index in torch.randperm(len(x), generator=generator).split(settings.batch_size):
                value = loss(F.linear(x[index], weight, bias), index)
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
    return weight.detach(), bias.detach()
