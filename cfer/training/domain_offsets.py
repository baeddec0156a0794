"""Fit offsets of classes in rendered faces and in photographs, on validation pictures.

Compounds are learned from rendered faces, where all classes are equally frequent and clearly performed. Photographs
with labels of the basic classes say how these are to be levelled there, and nothing about compounds; what is known is
that most photographs show none. So each compound may claim the same small share of the photographs of basic classes:
a policy, not a fit.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.learners.base import Head
from cfer.learners.closed_form import shrink
from cfer.learners.domain import Domains, barycentric
from cfer.protocol.stream import Features, Stream

CLAIMS = 0.2
"""Share of photographs of basic classes that all compounds together may claim."""
EVENNESS = 0.5
"""Between base classes as frequent as they are in photographs (0) and all alike (1)."""
NEUTRAL_ODDS = 0.7
"""Odds of neutral in photographs, beside the likeliest: labels call many faint expressions neutral, and a model that
follows them calls ordinary smiles neutral, too."""
SHRINKAGE = 0.2
RIDGE = 1e-3
"""Penalty on squared offsets, which decides where a class has no picture."""
ROUNDS = 200


def fit_domains(head: Head, stream: Stream, evenness: float = EVENNESS, odds: float = NEUTRAL_ODDS) -> Domains | None:
    """Offsets of a balanced head's classes in every domain.

    Args:
        head: Over the first K classes of the stream.
        stream: Whose training rows of the base classes tell the domains apart, and whose validation rows fit offsets.
        evenness: See `EVENNESS`.
        odds: See `NEUTRAL_ODDS`.

    Returns:
        None where all data sets are rendered or none is.
    """
    if len(set(stream.rendered)) < 2 or stream.train.sources is None:
        return None
    is_rendered = torch.tensor(stream.rendered)
    directions, origins = domain_coordinates(stream.train.of(range(stream.base)), is_rendered, stream.elsewhere)
    seen = stream.validation.of(range(len(head.bias)))
    assert seen.sources is not None
    performed = is_rendered[seen.sources]
    logits = F.linear(seen.x, *head).double()
    rendered, _ = likeliest_offsets(logits[performed], seen.y[performed], balanced(seen.y[performed]))
    basic = ~performed & (seen.y < stream.base)
    weights, even = torch.zeros(2, int(basic.sum()), dtype=torch.double)
    for number in range(len(stream.rendered)):
        mine = seen.sources[basic] == number
        if mine.any():
            trust = stream.trust[number] if stream.trust else 1.0
            weights[mine] = trust * balanced(seen.y[basic][mine], evenness)
            even[mine] = trust * balanced(seen.y[basic][mine])
    own, temperature = likeliest_offsets(logits[basic][:, : stream.base], seen.y[basic], weights)
    own[[name == "neutral" for name in stream.classes[: stream.base]]] += temperature * math.log(odds)
    levelled = torch.cat([own, level(logits[basic], own, even / even.sum(), temperature)])
    return Domains(directions, origins, torch.stack([rendered, levelled]).float())


def domain_coordinates(base: Features, rendered: Tensor, elsewhere: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Coordinates of how much a picture is a render or a photograph, whatever it expresses; see `barycentric`.

    Args:
        base: Training rows of the base classes, in every data set.
        rendered: Whether (S,) each data set is of rendered faces.
        elsewhere: See `cfer.learners.base.Step`: places where nothing moved, where the coordinates shall see nothing,
            so that offsets put no evidence there.

    Returns:
        Directions (2, C) and origins (2,).
    """
    assert base.sources is not None
    performed = rendered[base.sources]
    means, spread = [], []
    for mine in (performed, ~performed):
        x, y = base.x[mine].double(), base.y[mine]
        means.append(torch.stack([x[y == k].mean(0) for k in y.unique()]).mean(0))
        spread.append(torch.cov((x - x.mean(0)).T))
    noise = shrink(torch.stack(spread).mean(0), SHRINKAGE)
    if elsewhere is not None:
        noise = noise + elsewhere.double().T @ elsewhere.double()
    directions, origins = barycentric(torch.stack(means), noise)
    return directions.float(), origins.float()


def balanced(y: Tensor, evenness: float = 1.0) -> Tensor:
    """Weights (N,) of sum 1 by which every class counts alike (evenness 1), or as often as it is there (0)."""
    weights = torch.bincount(y).double()[y] ** -evenness
    return weights / weights.sum()


def likeliest_offsets(logits: Tensor, y: Tensor, weights: Tensor) -> tuple[Tensor, float]:
    """Offsets (K,) of the logits, of mean 0, and the temperature under which labels are likeliest.

    Args:
        logits: (N, K), double.
        y: Classes (N,).
        weights: (N,).
    """
    weights = weights.double() / weights.sum()
    offsets = torch.zeros(logits.shape[1], dtype=torch.double, requires_grad=True)
    log_temperature = torch.zeros((), dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([offsets, log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = F.cross_entropy((logits + offsets) / log_temperature.exp(), y, reduction="none")
        value = (weights * each).sum() + RIDGE * offsets.square().mean()
        value.backward()
        return value

    with torch.enable_grad():
        optimizer.step(loss)
    found = offsets.detach()
    return found - found.mean(), float(log_temperature.detach().exp())


def level(logits: Tensor, own: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """Offsets (K - K0,) of later classes by which each claims the same share of pictures of the base classes.

    Args:
        logits: (N, K) of pictures of base classes.
        own: Offsets (K0,) of the base classes.
        weights: (N,) of sum 1.
        temperature: At which logits are probabilities.
    """
    base, later = len(own), logits.shape[1] - len(own)
    offsets = torch.zeros(later, dtype=torch.double)
    for _ in range(ROUNDS if later else 0):
        chances = ((logits + torch.cat([own, offsets])) / temperature).softmax(1)[:, base:]  # (N, K - K0)
        claimed = (weights[:, None] * chances).sum(0).clamp(min=1e-12)
        offsets = offsets + 0.5 * temperature * (CLAIMS / later / claimed).log()
    return offsets
