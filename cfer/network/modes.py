"""Modes of computing that are put back: numerics as if nothing were switched on around, and evaluation."""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn

from cfer.system.forks import mend_threads


@contextmanager
def plain_numerics() -> Generator[None]:
    """Compute as if nothing were switched on around: no inference mode (its tensors know no gradients), no autocast."""
    mend_threads()
    with torch.inference_mode(False), torch.autocast("cpu", enabled=False), torch.autocast("cuda", enabled=False):
        yield


@contextmanager
def evaluating(module: nn.Module) -> Generator[nn.Module]:
    """Put a module that nobody else uses into evaluation mode for a while; every part's mode is put back."""
    modes = {part: part.training for part in module.modules()}
    try:
        yield module.eval()
    finally:
        for part, training in modes.items():
            part.training = training
