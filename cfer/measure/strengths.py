"""Fit how strong action units are called in photographs, and hold it against MediaPipe's face landmarker."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.checkpoint import Checkpoint
from cfer.checkpoint.strengths import StrengthScale
from cfer.data.samples import SampleTable
from cfer.emotions import BASICS, PRESENT, prototype
from cfer.evaluation.unit_scores import USUAL
from cfer.features.table import FeatureTable
from cfer.features.teachers import AGREEING, read_answers

COUNTERPARTS: dict[int, tuple[tuple[int, ...], ...]] = {
    **{unit: (shapes,) for unit, shapes in AGREEING},
    25: ((34, 35), (48, 49), (25,)),  # mouthLowerDown, mouthUpperUp, jawOpen: lips part by whichever is most
}
"""Blendshapes, by their places in MediaPipe's order, that rise and fall with a unit: the mean over a group's, the
largest over groups. Units that are not here have none that does."""
FALSE_ALARMS = 0.05
"""Share of neutral photographs in which a unit may be called present."""
CLEAR = 0.6
"""What half of the photographs in which an expression shows a unit are called at least."""
FEWEST = 20
"""Photographs from which on a quantile of them is taken."""


class Strengths(NamedTuple):
    """Fitted scale, and how it does on people it was not fitted to.

    Attributes:
        scale: For the checkpoint.
        errors: By unit, and by basic expression; see `strength_errors`.
    """

    scale: StrengthScale
    errors: dict[str, Any]


def measure_strengths(checkpoint: Checkpoint, photographs: FeatureTable) -> Strengths:
    """Fit on the training part, and see on the test part.

    Args:
        checkpoint: Reads action units.
        photographs: With teachers' answers and parts; features by the checkpoint's network.

    Raises:
        ValueError: The checkpoint reads no action units, there are no answers, or a part has no photograph.
    """
    model, units = checkpoint.model, checkpoint.model.action_units
    if model.units is None:
        raise ValueError("The checkpoint reads no action units, so there are no strengths to fit.")
    answers = read_answers(photographs.table)
    samples = photographs.table.samples
    check_parts(photographs.table)
    shapes = torch.from_numpy(answers.blendshapes[[answers.rows[s.path] for s in samples]])
    wanted = counterparts(shapes, units)  # (N, U)
    with torch.no_grad():
        logits = model.units(photographs.x)  # (N, U)
    fitted, test = (torch.tensor([s.split == part for s in samples]) for part in ("train", "test"))
    scale, offset = fit_scale(logits[fitted], [s.label for s in samples if s.split == "train"], units)
    width = photographs.x.shape[1]
    domains = checkpoint.domains
    place = (torch.zeros(width), torch.tensor(1.0)) if domains is None else (domains.directions[1], domains.origins[1])
    found = StrengthScale(*place, scale, offset)
    with torch.no_grad():
        before, after = logits[test].sigmoid(), found(logits[test], photographs.x[test]).sigmoid()
    labels = [s.label for s, chosen in zip(samples, test.tolist(), strict=True) if chosen]
    return Strengths(found, strength_errors(before, after, wanted[test], units, labels))


def check_parts(table: SampleTable) -> None:
    """See that photographs are in both parts that are needed.

    Raises:
        ValueError: One part has none.
    """
    if absent := sorted({"train", "test"} - {str(s.split) for s in table.samples}):
        raise ValueError(
            f"No photograph with a face is in the {' or the '.join(absent)} part of {table.name}: strengths are fitted "
            "to the training part and told of the test part."
        )


def counterparts(blendshapes: Tensor, units: Sequence[int]) -> Tensor:
    """Strengths of units by MediaPipe, (N, U) in 0 to 1, not a number for units without a counterpart.

    Args:
        blendshapes: (N, 52), 0 to 1.
        units: FACS numbers.
    """
    found = blendshapes.new_full((len(blendshapes), len(units)), torch.nan)
    for place, unit in enumerate(units):
        if groups := COUNTERPARTS.get(unit):
            found[:, place] = torch.stack([blendshapes[:, list(g)].mean(1) for g in groups]).amax(0).clamp(0, 1)
    return found


def fit_scale(logits: Tensor, labels: Sequence[str | None], units: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Scale and offset (U,) by which few neutral photographs show a unit, and plain expressions show it clearly.

    Two points of each unit's evidence decide: what a share `FALSE_ALARMS` of neutral photographs exceeds is called just
    present, and the median of what exceeds that in photographs of expressions which usually show the unit is called
    `CLEAR`. Where there are too few of these, the scale is what it is for the other units, by their spread in neutral
    photographs.

    Args:
        logits: (N, U) of photographs.
        labels: Their basic expressions.
        units: FACS numbers.

    Returns:
        1 and 0 for all units without neutral photographs.
    """
    scale, offset = torch.ones(len(units)), torch.zeros(len(units))
    neutral = logits[[label == "neutral" for label in labels]].double()
    if len(neutral) < FEWEST:
        return scale, offset
    just = neutral.quantile(1 - FALSE_ALARMS, dim=0)  # (U,)
    spread = neutral.std(0).clamp(min=1e-6)
    apart = math.log(CLEAR / (1 - CLEAR)) - math.log(PRESENT / (1 - PRESENT))
    relative = torch.full((len(units),), torch.nan, dtype=torch.double)
    for place, unit in enumerate(units):
        shows = [label in BASICS and prototype(str(label)).get(unit, 0.0) >= USUAL for label in labels]
        above = logits[shows][:, place].double() - just[place]
        if int((above > 0).sum()) >= FEWEST:
            relative[place] = apart / above[above > 0].median() * spread[place]
    relative = torch.where(relative.isnan(), relative.nanmedian().nan_to_num(1.0), relative)
    scale = (relative / spread).float()
    return scale, (math.log(PRESENT / (1 - PRESENT)) - scale * just).float()


def strength_errors(
    before: Tensor, after: Tensor, wanted: Tensor, units: Sequence[int], labels: Sequence[str | None]
) -> dict[str, Any]:
    """Agreement of strengths with MediaPipe's, and their values in photographs of basic expressions.

    Args:
        before: (N, U) by the readout's own scale.
        after: (N, U) by the fitted one.
        wanted: (N, U) by MediaPipe, or not a number.
        units: FACS numbers.
        labels: What each photograph is labelled.

    Returns:
        "units": for each with a counterpart, the mean "error" before and after, the "correlation" after (None where
        either never varies), and the share of photographs in which it is "present": by MediaPipe, before and after.
        "expressions": the same shares over the photographs of each label. "called": for each label the share of
        photographs in which each unit is called present, all units.
    """
    names = sorted({str(label) for label in labels if label})
    seen = {name: torch.tensor([label == name for label in labels]) for name in names}

    def present(rows: Tensor | slice, *values: Tensor) -> dict[str, float]:
        shares = [round(float((each[rows] >= PRESENT).float().mean()), 4) for each in values]
        return dict(zip(("MediaPipe", "before", "after"), shares, strict=True))

    by_unit: dict[str, Any] = {}
    by_label: dict[str, dict[str, Any]] = {name: {} for name in names}
    present_after = (after >= PRESENT).float()
    called = {
        name: {str(unit): round(float(present_after[seen[name], place].mean()), 4) for place, unit in enumerate(units)}
        for name in names
    }
    for place, unit in enumerate(units):
        if unit not in COUNTERPARTS:
            continue
        true, old, new = wanted[:, place], before[:, place], after[:, place]
        by_unit[str(unit)] = {
            "error": [round(float(F.l1_loss(each, true)), 4) for each in (old, new)],
            "correlation": _correlation(new, true),
            "present": present(slice(None), true, old, new),
        }
        for name in names:
            by_label[name][str(unit)] = present(seen[name], true, old, new)
    return {"photographs": len(labels), "units": by_unit, "expressions": by_label, "called": called}


def _correlation(x: Tensor, y: Tensor) -> float | None:
    if min(float(x.std()), float(y.std())) < 1e-6:
        return None
    return round(float(torch.corrcoef(torch.stack([x, y]))[0, 1]), 4)
