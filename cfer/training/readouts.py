"""Readouts of a finished backbone beside expressions: action units, and where no evidence should lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cfer.data.samples import SampleTable
from cfer.emotions import BASICS
from cfer.features.rendered import RenderedCrops, joined_crops, load_rendered
from cfer.features.still_places import look_at
from cfer.features.table import FeatureTable, fingerprint, weights_fingerprint
from cfer.features.teachers import answers_digest, has_answers, read_answers
from cfer.learners.base import Head
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.protocol.stream import Features
from cfer.system.files import kept_tensors, load_tensors, save_tensors, tensor_digest
from cfer.system.provenance import code_digest, digest_of_all
from cfer.training.domain_offsets import domain_coordinates
from cfer.training.fit_units import fit_units, levelled, rescaled
from cfer.training.unit_witnesses import (
    WEIGHTS,
    LabelledFeatures,
    WitnessWeights,
    performances,
    spread_within,
    with_witnesses,
)

FILE = "readouts.safetensors"
"""In a run's folder, for phase 2."""


class Readouts(NamedTuple):
    """Readouts that rendered faces give for a backbone that is not trained any more.

    Attributes:
        units: Rows (U, C) and bias (U,) of a readout of action units. Where the network has learned one, its rows
            at the scale on which they answer at this stride; fitted otherwise.
        elsewhere: See `cfer.features.still_places`.
    """

    units: Head
    elsewhere: Tensor


def fit_readouts(
    model: FaceModel,
    preprocessing: Preprocessing,
    rendered: Sequence[SampleTable],
    photographs: Sequence[FeatureTable],
    out: Path,
    weights: WitnessWeights = WEIGHTS,
) -> Readouts:
    """Fit readouts to rendered faces, or take them from the run's folder where these were fitted before.

    Args:
        model: In evaluation mode.
        preprocessing: How crops become input.
        rendered: Faces with ground truth.
        photographs: Features of photographs with parts, a data set each; those in training have their say in what
            units are (see `cfer.training.unit_witnesses`), and neutral ones of the first level them.
        out: The run's folder.
        weights: What photographs' say is worth.
    """
    answers = [answers_digest(each.table) if has_answers(each.table) else "-" for each in photographs]
    sets = [*map(fingerprint, rendered), *(fingerprint(each.table) for each in photographs), *answers, str(weights)]
    own = None if model.units is None else Head(model.units.weight.detach(), model.units.bias.detach())
    rows = [] if own is None else [tensor_digest(value) for value in own]
    key = digest_of_all([sets, weights_fingerprint(model), str(preprocessing), rows, code_digest(__name__)])
    if (kept := kept_tensors(out / FILE)) and kept[1]["key"] == key:
        tensors = kept[0]
        return Readouts(Head(tensors["units.weight"], tensors["units.bias"]), tensors["elsewhere"])
    faces = joined_crops([load_rendered(each, preprocessing) for each in rendered])
    x, elsewhere = look_at(model, preprocessing, faces)
    units = fit_units(x, faces.units) if own is None else own
    if labelled := [found for each in photographs if len((found := training_part(each)).y)]:
        spread = spread_within(x, performances(faces.units))
        rows = with_witnesses(units.weight, labelled, blendshapes_of(photographs), spread, elsewhere, weights)
        units = Head(rows, torch.zeros(len(rows)))
    if own is not None or labelled:
        units = rescaled(units, x, faces.units)
    if labelled:
        units = _on_photographs(units, x, elsewhere, faces, labelled[0])
    found = Readouts(units, elsewhere)
    tensors = {"units.weight": units.weight, "units.bias": units.bias, "elsewhere": found.elsewhere}
    save_tensors(out / FILE, tensors, {"key": key})
    return found


def kept_elsewhere(basic: Path) -> Tensor | None:
    """Features that a basic run kept of where no evidence should lie; None where it learned from no rendered faces."""
    return load_tensors(basic / FILE)[0]["elsewhere"] if (basic / FILE).is_file() else None


def training_part(photographs: FeatureTable) -> LabelledFeatures:
    """Photographs of the training part with a basic label."""
    rows = [i for i, s in enumerate(photographs.table.samples) if s.split == "train" and s.label in BASICS]
    labels = [BASICS.index(str(photographs.table.samples[i].label)) for i in rows]
    return LabelledFeatures(photographs.x[rows], torch.tensor(labels, dtype=torch.long))


def blendshapes_of(photographs: Sequence[FeatureTable]) -> tuple[Tensor, Tensor] | None:
    """Features and blendshapes of training photographs with teachers' answers, of the first data set that has any."""
    for each in photographs:
        if has_answers(each.table):
            answers = read_answers(each.table)
            rows = [i for i, s in enumerate(each.table.samples) if s.split == "train"]
            places = [answers.rows[each.table.samples[i].path] for i in rows]
            return each.x[rows], torch.from_numpy(answers.blendshapes[places])
    return None


def _on_photographs(
    units: Head, x: Tensor, elsewhere: Tensor, faces: RenderedCrops, photographs: LabelledFeatures
) -> Head:
    """The readout with offsets for photographs, if there are neutral ones."""
    shown, labels = photographs
    neutral, named = BASICS.index("neutral"), faces.basic >= 0
    if not bool((labels == neutral).any()) or not bool((faces.basic == neutral).any()):
        return units
    y = torch.cat([faces.basic[named], labels])
    sources = torch.cat([torch.zeros(int(named.sum())), torch.ones(len(labels))]).long()
    both = Features(torch.cat([x[named], shown]), y, torch.arange(len(y)), sources)
    directions, origins = domain_coordinates(both, torch.tensor([True, False]), elsewhere)
    wanted = F.linear(x[faces.basic == neutral], *units).mean(0)
    return levelled(units, directions[1], origins[1], shown[labels == neutral], wanted)
