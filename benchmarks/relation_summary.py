"""From what `benchmarks/relations.py` measured face by face to the numbers that are shipped."""

import base64
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from benchmarks.relation_maps import CHANGED, Faces
from cfer.checkpoint import Checkpoint, model_digest
from cfer.emotions import COMPOUNDS, EXPRESSIONS
from cfer.explain.facs import agreement, mantel, unit_overlap
from cfer.explain.reference import CHANGE, ELSEWHERE, RANDOM_HEAD, WHOLE, source
from cfer.explain.relation import SIX, Relation, head_likeness
from cfer.explain.similarity import MEASURES

QUANTILES = (0.5, 0.95)
THUMBNAIL = 96
Relations = dict[str, list[Relation]]
"""By source; several draws of a random one."""


def relations_of(compound: str, found: dict[str, Tensor]) -> Relations:
    """A compound's relations as they were kept."""
    likeness: dict[str, dict[int, dict[str, Tensor]]] = {}
    for name, values in found.items():
        if name.count("/") == 2:
            whose, draw, measure = name.split("/")
            likeness.setdefault(whose, {}).setdefault(int(draw), {})[measure] = values
    parts = EXPRESSIONS[compound].constituents
    return {
        whose: [Relation(compound, (parts[0], parts[1]), SIX, each[draw]) for draw in sorted(each)]
        for whose, each in likeness.items()
    }


def nan_mean(values: Any, axis: int | None = None) -> Any:
    """Mean of what is known; nan, without a warning, where nothing is: there may be no evidence under any draw."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values, axis=axis)


def nan_quantile(values: Any, at: Any) -> Any:
    """Quantiles of what is known; nan where nothing is."""
    known = np.asarray(values)[~np.isnan(values)]
    return np.quantile(known, at) if known.size else np.full(np.shape(at), np.nan)


def interval(values: np.ndarray, draws: int = 1000) -> list[float | None]:
    """Mean and 95 % interval of values (D, N): D draws of a null, or 1, and N people, both drawn again."""
    rng = np.random.default_rng(0)
    count, people = values.shape

    def over(draw: np.ndarray, person: np.ndarray) -> float:
        return float(nan_mean(nan_mean(values[draw], axis=0)[person]))

    means = [over(rng.integers(count, size=count), rng.integers(people, size=people)) for _ in range(draws)]
    low, high = nan_quantile(means, (0.025, 0.975))
    return rounded([over(np.arange(count), np.arange(people)), low, high])


def quantiles(gaps: np.ndarray) -> list[float | None]:
    """`QUANTILES` of gaps face by face, None where no face has evidence."""
    return rounded(nan_quantile(gaps, QUANTILES))


def one(values: Tensor) -> np.ndarray:
    """Values (N,) of no null, for `interval`."""
    return values.numpy()[None]


def rounded(values: Any, digits: int = 4) -> Any:
    """Nested lists of rounded numbers, None where there was no evidence on any face."""
    array = np.round(np.asarray(values, float), digits)
    if not array.ndim:
        return None if np.isnan(array) else float(array)
    return [rounded(each, digits) for each in array]


def stacked(relations: list[Relation], quantity: str, measure: str) -> np.ndarray:
    """The gap or the AUC (D, N) of all draws and faces."""
    return np.stack([getattr(r, quantity)(measure).numpy() for r in relations])


def mean_likeness(relations: list[Relation], measure: str) -> np.ndarray:
    """Likeness (6,) over all draws and faces; nan where there never is evidence."""
    return nan_mean(np.concatenate([r.likeness[measure].numpy() for r in relations]), axis=0)


def thumbnail(faces: Faces, row: int) -> str:
    """A face as a small JPEG, base64."""
    pixels = faces.crops.pixels[row, 0].numpy()
    image = Image.fromarray(pixels).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode()


def by_luck(everything: dict[str, Relations], whose: str) -> dict[str, dict[str, Any]]:
    """What random heads give by luck, over all of them and all compounds, whose rows are alike at random.

    "mean": the 95 % quantile of a compound's mean gap under a head. "face": quantiles of a face's gap.
    """
    gaps = {m: np.stack([stacked(r[whose], "gap", m) for r in everything.values()]) for m in MEASURES}
    return {
        "mean": {m: rounded(nan_quantile(nan_mean(each, axis=2), 0.95)) for m, each in gaps.items()},
        "face": {m: quantiles(each) for m, each in gaps.items()},
    }


def one_compound(compound: str, found: dict[str, Tensor], relations: Relations) -> dict[str, Any]:
    """All of a compound's numbers but its faces and its head's rows."""
    own = relations[WHOLE][0]
    constituent, lost = own.own.numpy(), found["lost"].numpy()
    gaps = {name: {m: stacked(each, "gap", m) for m in MEASURES} for name, each in relations.items()}
    return {
        "constituents": list(EXPRESSIONS[compound].constituents),
        "likeness": {name: {m: rounded(mean_likeness(each, m)) for m in MEASURES} for name, each in relations.items()},
        "gap": {name: {m: interval(each[m]) for m in MEASURES} for name, each in gaps.items()},
        "auc": {name: {m: interval(stacked(each, "auc", m)) for m in MEASURES} for name, each in relations.items()},
        "gap_less_elsewhere": {
            kind: {m: interval(gaps[kind][m] - gaps[source(kind, ELSEWHERE)][m]) for m in MEASURES}
            for kind in (WHOLE, CHANGE)
        },
        "null_quantiles": {name: {m: quantiles(each[m]) for m in MEASURES} for name, each in gaps.items()},
        "both_first": {m: interval(one(own.both_first(m))) for m in MEASURES},
        "pair_rank": {m: interval(one(own.pair_rank(m))) for m in MEASURES},
        "mixture": rounded(np.nanmean(found["mixture"].numpy(), axis=0)),
        "mixture_rank": interval(one(found["mixture_rank"])),
        "mixture_explained": interval(one(found["mixture_explained"])),
        "deletion": rounded(lost.mean(0)),
        "deletion_gap": interval((lost[:, :6][:, constituent].mean(1) - lost[:, :6][:, ~constituent].mean(1))[None]),
        **{name: rounded(found[name]) for name in ("mean_map", "mean_basic_maps", "mean_change_maps")},
    }


def matrices(compounds: dict[str, Any]) -> dict[str, np.ndarray]:
    """Everything that may be held against the coding manual, (15, 6) each."""

    def rows(read: Any) -> np.ndarray:
        return np.array([read(row) for row in compounds.values()], float)

    return {
        **{m: rows(lambda row, m=m: row["likeness"][WHOLE][m]) for m in MEASURES},
        **{f"{m} of change maps": rows(lambda row, m=m: row["likeness"][CHANGE][m]) for m in MEASURES},
        "head rows": rows(lambda row: row["head"]),
        "mixture": rows(lambda row: row["mixture"]),
        "deletion": rows(lambda row: row["deletion"][:6]),
    }


def summarise(checkpoint: Checkpoint, faces: Faces, measured: dict[str, dict[str, Tensor]]) -> dict[str, Any]:
    """The shipped file's content."""
    everything = {compound: relations_of(compound, found) for compound, found in measured.items()}
    model, compounds = checkpoint.model, {}
    for compound, found in measured.items():
        head = head_likeness(model.head.weight.detach(), model.classes, compound).numpy()
        shown = [thumbnail(faces, int(row)) for row in faces.showing(compound)[:4]]
        compounds[compound] = one_compound(compound, found, everything[compound])
        compounds[compound] |= {"head": rounded(head), "faces": shown}
    sources = list(everything[COMPOUNDS[0]])
    gaps = {  # (D, N) of a mean over the compounds
        name: {m: nan_mean([stacked(r[name], "gap", m) for r in everything.values()], axis=0) for m in MEASURES}
        for name in sources
    }
    overlap = unit_overlap(COMPOUNDS)
    people = len(faces.people.unique())
    return {
        "model_sha256": model_digest(model),
        "people": people,
        "people_changed": min(CHANGED, people),
        "basics": list(SIX),
        "measures": list(MEASURES),
        "facs": rounded(overlap),
        "agreement_with_facs": {
            name: {"spearman": rounded(agreement(matrix, overlap)), "mantel_p": round(mantel(matrix, overlap), 4)}
            for name, matrix in matrices(compounds).items()
        },
        "overall": {name: {m: interval(gaps[name][m]) for m in MEASURES} for name in sources},
        "overall_less": {
            name: {m: interval(gaps[CHANGE if name.startswith(CHANGE) else WHOLE][m] - gaps[name][m]) for m in MEASURES}
            for name in sources
            if name not in {WHOLE, CHANGE}
        },
        "by_luck": {kind: by_luck(everything, source(kind, RANDOM_HEAD)) for kind in (WHOLE, CHANGE)},
        "deletion_random": interval(
            np.mean([found["lost"][:, 6].numpy() for found in measured.values()], axis=0)[None]
        ),
        "compounds": compounds,
    }


def write(found: dict[str, Any], path: Path) -> None:
    """Write the file."""
    path.write_text(json.dumps(found, allow_nan=False) + "\n", encoding="utf-8")
