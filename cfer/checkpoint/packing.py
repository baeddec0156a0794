"""Symmetric matrices on the disk: half of each says all."""

from collections.abc import Mapping

import torch
from torch import Tensor

_TRIANGLE = "@triangle"


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors for the disk: of matrices (..., C, C) that are symmetric to the last bit, the upper triangle alone."""
    found = {}
    for name, value in state.items():
        square = value.ndim >= 2 and value.shape[-1] == value.shape[-2] > 1
        if square and torch.equal(value, value.transpose(-1, -2)):
            rows, columns = torch.triu_indices(*value.shape[-2:])
            found[name + _TRIANGLE] = value[..., rows, columns]
        else:
            found[name] = value
    return found


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo `packed`, bit for bit."""
    found = {}
    for name, value in tensors.items():
        if not name.endswith(_TRIANGLE):
            found[name] = value
            continue
        size = round(((8 * value.shape[-1] + 1) ** 0.5 - 1) / 2)
        rows, columns = torch.triu_indices(size, size)
        whole = value.new_zeros(*value.shape[:-1], size, size)
        whole[..., rows, columns] = value
        whole[..., columns, rows] = value
        found[name.removesuffix(_TRIANGLE)] = whole
    return found
