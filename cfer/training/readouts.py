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
from cfer.learners.base import Head
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.protocol.stream import Features
from cfer.system.files import kept_tensors, load_tensors, save_tensors, tensor_digest
from cfer.system.provenance import code_digest, digest_of_all
from cfer.training.domain_offsets import domain_coordinates
from cfer.training.fit_units import fit_units, levelled, rescaled

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
    photographs: FeatureTable | None,
    out: Path,
) -> Readouts:
    """Fit readouts to rendered faces, or take them from the run's folder where these were fitted before.

    Args:
        model: In evaluation mode.
        preprocessing: How crops become input.
        rendered: Faces with ground truth.
        photographs: Features of photographs with parts; neutral ones in training level the units.
        out: The run's folder.
    """
    sets = [*map(fingerprint, rendered), fingerprint(photographs.table) if photographs else "-"]
    own = None if model.units is None else Head(model.units.weight.detach(), model.units.bias.detach())
    rows = [] if own is None else [tensor_digest(value) for value in own]
    key = digest_of_all([sets, weights_fingerprint(model), str(preprocessing), rows, code_digest(__name__)])
    if (kept := kept_tensors(out / FILE)) and kept[1]["key"] == key:
        tensors = kept[0]
        return Readouts(Head(tensors["units.weight"], tensors["units.bias"]), tensors["elsewhere"])
    faces = joined_crops([load_rendered(each, preprocessing) for each in rendered])
    x, elsewhere = look_at(model, preprocessing, faces)
    units = fit_units(x, faces.units) if own is None else rescaled(own, x, faces.units)
    if photographs is not None:
        units = _on_photographs(units, x, elsewhere, faces, photographs)
    found = Readouts(units, elsewhere)
    tensors = {"units.weight": units.weight, "units.bias": units.bias, "elsewhere": found.elsewhere}
    save_tensors(out / FILE, tensors, {"key": key})
    return found


def kept_elsewhere(basic: Path) -> Tensor | None:
    """Features that a basic run kept of where no evidence should lie; None where it learned from no rendered faces."""
    return load_tensors(basic / FILE)[0]["elsewhere"] if (basic / FILE).is_file() else None


def _on_photographs(units: Head, x: Tensor, elsewhere: Tensor, faces: RenderedCrops, photographs: FeatureTable) -> Head:
    """The readout with offsets for photographs, if there are neutral ones."""
    rows = [i for i, s in enumerate(photographs.table.samples) if s.split == "train" and s.label in BASICS]
    labels = torch.tensor([BASICS.index(str(photographs.table.samples[i].label)) for i in rows], dtype=torch.long)
    neutral, named = BASICS.index("neutral"), faces.basic >= 0
    if not bool((labels == neutral).any()) or not bool((faces.basic == neutral).any()):
        return units
    shown = photographs.x[rows]
    y = torch.cat([faces.basic[named], labels])
    sources = torch.cat([torch.zeros(int(named.sum())), torch.ones(len(rows))]).long()
    both = Features(torch.cat([x[named], shown]), y, torch.arange(len(y)), sources)
    directions, origins = domain_coordinates(both, torch.tensor([True, False]), elsewhere)
    wanted = F.linear(x[faces.basic == neutral], *units).mean(0)
    return levelled(units, directions[1], origins[1], shown[labels == neutral], wanted)
