"""Pooled features of a whole data set, computed once and cached."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from cfer.checkpoint import DataFacts
from cfer.data.samples import SampleTable
from cfer.features.crops import load_crops
from cfer.features.pooled import AT_ONCE, crop_features
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.system.files import load_tensors, save_tensors, tensor_digest
from cfer.system.provenance import code_digest, digest_of_all


class UnitReadout(NamedTuple):
    """Readout of action units from pooled features.

    Attributes:
        numbers: FACS numbers of the units.
        weight: (U, C).
    """

    numbers: tuple[int, ...]
    weight: Tensor


@dataclass(frozen=True)
class FeatureTable:
    """Rows and their pooled features.

    Attributes:
        table: Rows whose picture could be used.
        x: (N, C) float32.
        refused: A line for each row that could not.
        sources: (N,) number of the data set that a row is from; None where there is only one.
        rendered: Whether each data set is of rendered faces.
        units: What reads action units off the features, if the network has it.
        elsewhere: See `cfer.learners.base.Step`.
        made_from: What the features were made from, plain data; empty where nobody said.
    """

    table: SampleTable
    x: Tensor
    refused: tuple[str, ...] = ()
    sources: Tensor | None = None
    rendered: tuple[bool, ...] = ()
    units: UnitReadout | None = None
    elsewhere: Tensor | None = None
    made_from: Mapping[str, Any] = field(default_factory=dict)

    def origin(self) -> dict[str, Any]:
        """All that a result is made from that is made from this table: plain data for `check_run_config`."""
        made = self.made_from or {"features": tensor_digest(self.x)}
        units = None if self.units is None else digest_of_all([self.units.numbers, tensor_digest(self.units.weight)])
        still = None if self.elsewhere is None else tensor_digest(self.elsewhere)
        return {**table_origin(self.table), **made, "unit readout": units, "places where nothing moved": still}


def joined(tables: Sequence[FeatureTable]) -> FeatureTable:
    """Several data sets' features as one. Pictures can no longer be read from it: the rows are all there is."""
    if len(tables) == 1:
        return tables[0]
    rows = tuple(s for t in tables for s in t.table.samples)
    names = [t.table.name for t in tables]
    whole = replace(tables[0].table, name=" and ".join(names), samples=rows)
    return FeatureTable(
        whole,
        torch.cat([t.x for t in tables]),
        tuple(line for t in tables for line in t.refused),
        torch.cat([torch.full((len(t.x),), k) for k, t in enumerate(tables)]),
        tuple(kind for t in tables for kind in t.rendered),
        tables[0].units,
        tables[0].elsewhere,
        {str(k): t.origin() for k, t in enumerate(tables, 1)},
    )


def table_facts(table: SampleTable, refused: int = 0) -> DataFacts:
    """Facts that a checkpoint says of a data set."""
    parts = Counter(s.split or "all" for s in table.samples)
    people = {s.person for s in table.samples if s.person}
    known = len(people) or None
    return DataFacts(
        *(table.name, fingerprint(table), dict(sorted(parts.items())), known),
        *(refused, is_rendered(table), table.about),
    )


def is_rendered(table: SampleTable) -> bool:
    """True if a data set is of rendered faces: such have their ground truth."""
    return any(s.truth for s in table.samples)


def unit_readout(model: FaceModel) -> UnitReadout | None:
    """Readout of action units from a model's features, if it has that."""
    return None if model.units is None else UnitReadout(model.action_units, model.units.weight.detach().cpu())


def data_facts(features: FeatureTable) -> DataFacts:
    """Facts that a checkpoint says of a data set whose features it learned from."""
    return table_facts(features.table, len(features.refused))


def table_origin(table: SampleTable) -> dict[str, Any]:
    """Origin of a data set: digests of its pictures, labels, people, parts and ground truths."""
    rows = table.samples
    return {
        "pictures": digest_of_all((s.path, s.content) for s in rows),
        "labels": digest_of_all((s.label, s.compound, s.votes) for s in rows),
        "people": digest_of_all((s.person, s.group) for s in rows),
        "parts": digest_of_all(s.split for s in rows),
        "ground truths": digest_of_all(s.truth_content for s in rows),
        "face crops": table.cropped,
    }


def fingerprint(table: SampleTable) -> str:
    """A short digest of a data set's rows: pictures with their contents, labels, people, parts and ground truths."""
    return digest_of_all(table_origin(table).values())[:16]


def cache_path(folder: Path, table: SampleTable) -> Path:
    """Path of the cached features of a data set's rows in a run's folder."""
    return folder / f"features-{fingerprint(table)}.safetensors"


def weights_fingerprint(model: FaceModel) -> str:
    """A short hash of the backbone's weights."""
    state = {k: v.contiguous() for k, v in model.backbone.state_dict().items()}
    return hashlib.sha256(save(state)).hexdigest()[:16]


def _cached(cache: Path, key: str, table: SampleTable) -> FeatureTable | None:
    """Contents of a cache of these rows; None for another key, and for a file that is missing or cut off."""
    try:
        tensors, facts = load_tensors(cache)
        if facts["key"] != key:
            return None
        x, rows = tensors["x"], [table.samples[i] for i in facts["rows"]]
        if len(x) != len(rows):
            return None
        return FeatureTable(table.only(rows), x, tuple(facts["refused"]), rendered=(is_rendered(table),))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def extract_features(
    model: FaceModel,
    table: SampleTable,
    preprocessing: Preprocessing,
    cache: Path | None = None,
    *,
    progress: bool = False,
    batch_size: int = 128,
) -> FeatureTable:
    """Features of all rows, from the cache where it holds exactly these rows by exactly these weights."""
    if model.training:
        raise ValueError("Features are those of a model in evaluation mode.")
    made_from = {
        "backbone": weights_fingerprint(model),
        "network": str(model.config),
        "preprocessing": str(preprocessing),
        "code": code_digest("cfer.features.pooled", "cfer.features.crops"),
    }
    key = digest_of_all([table_origin(table), made_from])
    if cache is not None and (kept := _cached(cache, key, table)) is not None:
        return replace(kept, units=unit_readout(model), made_from=made_from)
    at_once = AT_ONCE if next(model.parameters()).device.type == "cpu" else batch_size
    parts, used, refused = [torch.empty(0, model.num_features)], list[int](), list[str]()
    starts = range(0, len(table), batch_size)
    for first in tqdm(starts, "features", disable=not progress, leave=False):  # a batch at a time is in memory
        crops = load_crops(table.only(table.samples[first : first + batch_size]), preprocessing)
        used += [first + row for row in crops.rows]
        refused += crops.refused
        parts.append(crop_features(model, preprocessing, crops.pixels, at_once))
    x = torch.cat(parts)
    assert len(x) == len(used)
    if cache is not None:
        save_tensors(cache, {"x": x}, {"key": key, "rows": used, "refused": refused})
    rows = table.only(table.samples[i] for i in used)
    rendered = (is_rendered(table),)
    return FeatureTable(rows, x, tuple(refused), rendered=rendered, units=unit_readout(model), made_from=made_from)
