"""An optimizer's state as flat tensors, so that a training run can be killed and go on with the same numbers."""

from collections.abc import Mapping

import torch
from torch import Tensor


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Give an optimizer's per-parameter tensors flat names."""
    state = optimizer.state_dict()["state"]
    return {
        f"optimizer.{i}.{key}": torch.as_tensor(value) for i, slots in state.items() for key, value in slots.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `flatten_optimizer` took."""
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            slots.setdefault(int(index), {})[key] = tensor.clone()
    whole = optimizer.state_dict()
    whole["state"] = slots
    optimizer.load_state_dict(whole)
