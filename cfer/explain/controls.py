"""Controls: what maps are held against, models that know nothing and maps of other faces.

A relation or a hit that survives these was not about the face, the expression or what the network learned.
"""

import copy

import torch
from torch import Tensor

from cfer.network.face_model import FaceModel


def random_head(model: FaceModel, generator: torch.Generator) -> FaceModel:
    """The same backbone under a linear head of random rows, each as long as the one that it replaces.

    The mean row is taken out, as in the heads that are learned here: what speaks for a class rather than for all.
    """
    weight = model.head.weight.detach()  # (K, C)
    rows = torch.randn(weight.shape, generator=generator)
    rows = rows - rows.mean(0)
    rows = rows / rows.norm(dim=1, keepdim=True) * (weight - weight.mean(0)).norm(dim=1, keepdim=True)
    return model.with_head(model.classes, rows, model.head.bias.detach())


def cascade(model: FaceModel) -> tuple[str, ...]:
    """Names of the backbone's modules with weights of their own, the last one first."""
    named = [name for name, module in model.backbone.named_modules() if module._parameters.get("weight") is not None]
    return tuple(reversed(named))


def random_backbone(model: FaceModel, count: int | None, generator: torch.Generator) -> FaceModel:
    """A copy whose last `count` weighted modules, or all, have their weights shuffled (Adebayo et al., NeurIPS 2018).

    Each weight tensor keeps its values and loses their places. The head stays.
    """
    other = copy.deepcopy(model)
    modules = dict(other.backbone.named_modules())
    with torch.no_grad():
        for name in cascade(other)[:count]:
            weight = modules[name].weight
            order = torch.randperm(weight.numel(), generator=generator)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return other


def of_another(maps: Tensor, people: Tensor, generator: torch.Generator) -> Tensor:
    """For each face the maps (N, ...) of a face of somebody else, drawn at random.

    Raises:
        ValueError: There is only one person (N,).
    """
    if len(people.unique()) < 2:
        raise ValueError("There is nobody else.")
    picks = []
    for person in people:
        others = torch.nonzero(people != person).squeeze(1)
        picks.append(others[torch.randint(len(others), (1,), generator=generator)])
    return maps[torch.cat(picks)]
