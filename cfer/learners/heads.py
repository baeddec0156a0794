"""Fit linear heads by gradient descent: the one loop that all rehearsal learners share."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head


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


def widen(head: Head, count: int, generator: torch.Generator) -> Head:
    """A head with `count` more rows, drawn as Glorot & Bengio (2010) do, with offset 0."""
    old, width = head.weight.shape
    limit = (6 / (width + old + count)) ** 0.5
    rows = (torch.rand(count, width, generator=generator) * 2 - 1) * limit
    return Head(torch.cat([head.weight, rows]), torch.cat([head.bias, head.bias.new_zeros(count)]))


def fit_head(
    head: Head,
    x: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    generator: torch.Generator,
    settings: HeadFit = HeadFit(),
) -> Head:
    """Minimise a loss over rows in random batches.

    Args:
        head: To start from; left as it is.
        x: (N, C).
        loss: From a batch's logits (B, K) and its rows' numbers (B,) to a mean.
        generator: Draws the order of the rows.
        settings: The loop's.
    """
    weight, bias = (t.detach().clone().requires_grad_() for t in head)
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
    return Head(weight.detach(), bias.detach())
