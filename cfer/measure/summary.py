"""From what was measured face by face to the numbers that lie in a checkpoint."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from cfer.checkpoint import Checkpoint, model_digest
from cfer.emotions import EXPRESSIONS
from cfer.explain.facs import agreement, permuted_constituents, unit_overlap
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.reference import ELSEWHERE, FACES, PERMUTED, RANDOM_HEAD, source
from cfer.explain.relation import SIX, Relation, head_likeness
from cfer.explain.similarity import MEASURES
from cfer.measure.maps import Faces
from cfer.measure.relations import CHANGED_PEOPLE, CONTROL_PEOPLE, DRAWS

SCHEMA_VERSION = 2
QUANTILES = (0.5, 0.95)
THUMBNAIL, SHOWN = 96, 4
Relations = dict[str, list[Relation]]
"""By source; several draws of a control that is drawn."""
Measured = Mapping[str, Mapping[str, Tensor]]
"""By compound, what `Measurement.measure` gave."""


def relations_of(compound: str, found: Mapping[str, Tensor]) -> Relations:
    """A compound's relations as they were kept."""
    likeness: dict[str, dict[int, dict[str, Tensor]]] = {}
    for name, values in found.items():
        if name.count("/") == 2:
            whose, draw, measure = name.split("/")
            likeness.setdefault(whose, {}).setdefault(int(draw), {})[measure] = values
    first, second = EXPRESSIONS[compound].constituents
    return {
        whose: [Relation(compound, (first, second), SIX, each[draw]) for draw in sorted(each)]
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


def interval(draws: list[np.ndarray], count: int = 1000) -> list[float | None]:
    """Mean and 95 % interval of values of some draws (N,) each: draws are drawn again, and people within them.

    One draw is no draw: then people alone are drawn again.
    """
    rng, longest = np.random.default_rng(0), max(map(len, draws))
    values = np.full((len(draws), longest), np.nan, np.float32)
    for row, draw in zip(values, draws, strict=True):
        row[: len(draw)] = draw
    which = rng.integers(len(draws), size=(count, len(draws)))  # (T, D)
    who = rng.integers(longest, size=(count, len(draws), longest))  # (T, D, N)
    means = nan_mean(nan_mean(values[which[..., None], who], axis=2), axis=1)  # (T,)
    low, high = nan_quantile(means, (0.025, 0.975))
    return rounded([nan_mean(nan_mean(values, axis=1)), low, high])


def rounded(values: Any, digits: int = 4) -> Any:
    """Nested lists of rounded numbers, None where there was no evidence on any face."""
    array = np.round(np.asarray(values, float), digits)
    if not array.ndim:
        return None if np.isnan(array) else float(array)
    return [rounded(each, digits) for each in array]


def stacked(relations: list[Relation], quantity: str, measure: str) -> list[np.ndarray]:
    """The gap or the AUC (N,) of every draw."""
    return [getattr(r, quantity)(measure).numpy() for r in relations]


def thumbnails(faces: Faces, compound: str) -> dict[str, bytes]:
    """A few faces that show a compound, as JPEG files by name."""
    found = {}
    for number, row in enumerate(faces.showing(compound)[:SHOWN].tolist()):
        pixels = faces.crops.pixels[row].permute(1, 2, 0).numpy()
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        buffer = io.BytesIO()
        image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=80)
        found[f"{FACES}/{compound.replace(' ', '-')}-{number}.jpg"] = buffer.getvalue()
    return found


def heads_by_luck(everything: Mapping[str, Relations], whose: str) -> dict[str, dict[str, Any]]:
    """Luck of heads that learned nothing, over all of them and all compounds.

    "mean": the 95 % quantile of a compound's mean gap under a head. "face": quantiles of a face's gap.
    """
    gaps = {m: [g for r in everything.values() for g in stacked(r[whose], "gap", m)] for m in MEASURES}
    return {
        "mean": {m: rounded(nan_quantile([nan_mean(g) for g in each], 0.95)) for m, each in gaps.items()},
        "face": {m: rounded(nan_quantile(np.concatenate(each), QUANTILES)) for m, each in gaps.items()},
    }


def one_compound(found: Mapping[str, Tensor], relations: Relations, kinds: tuple[str, ...]) -> dict[str, Any]:
    """All of a compound's numbers but its faces and its head's rows."""
    own = relations[GRAD_CAM][0]
    constituent, lost = own.own.numpy(), found["lost"].numpy()
    gaps = {name: {m: stacked(each, "gap", m) for m in MEASURES} for name, each in relations.items()}
    others = {kind: source(kind, ELSEWHERE) for kind in kinds}
    return {
        "constituents": list(own.constituents),
        "likeness": {
            name: {
                m: rounded(nan_mean(np.concatenate([r.likeness[m].numpy() for r in each]), axis=0)) for m in MEASURES
            }
            for name, each in relations.items()
        },
        "gap": {name: {m: interval(each[m]) for m in MEASURES} for name, each in gaps.items()},
        "auc": {name: {m: interval(stacked(each, "auc", m)) for m in MEASURES} for name, each in relations.items()},
        "gap_less_elsewhere": {
            kind: {m: interval([gaps[kind][m][0] - nan_mean(gaps[other][m], axis=0)]) for m in MEASURES}
            for kind, other in others.items()
        },
        "quantiles": {
            name: {m: rounded(nan_quantile(np.concatenate(each[m]), QUANTILES)) for m in MEASURES}
            for name, each in gaps.items()
        },
        "both_first": {m: interval([own.both_first(m).numpy()]) for m in MEASURES},
        "pair_rank": {m: interval([own.pair_rank(m).numpy()]) for m in MEASURES},
        "mixture": rounded(nan_mean(found["mixture"].numpy(), axis=0)),
        "mixture_rank": interval([found["mixture_rank"].numpy()]),
        "mixture_explained": interval([found["mixture_explained"].numpy()]),
        "deletion": rounded(lost.mean(0)),
        "deletion_gap": interval([lost[:, :6][:, constituent].mean(1) - lost[:, :6][:, ~constituent].mean(1)]),
    }


def matrices(compounds: Mapping[str, Any], kinds: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Everything that may be held against the coding manual, (R, 6) each."""

    def rows(read: Any) -> np.ndarray:
        return np.array([read(row) for row in compounds.values()], float)

    by_maps = {
        f"{m}, {kind}": rows(lambda row, m=m, kind=kind: row["likeness"][kind][m]) for kind in kinds for m in MEASURES
    }
    return by_maps | {
        "head rows": rows(lambda row: row["head"]),
        "mixture": rows(lambda row: row["mixture"]),
        "deletion": rows(lambda row: row["deletion"][:6]),
    }


def summarise(checkpoint: Checkpoint, faces: Faces, measured: Measured) -> dict[str, Any]:
    """Contents of `relations.json`; plain data."""
    everything = {compound: relations_of(compound, found) for compound, found in measured.items()}
    model, compounds = checkpoint.model, {}
    sources = list(next(iter(everything.values())))
    kinds = tuple(kind for kind in (GRAD_CAM, INTEGRATED_GRADIENTS) if kind in sources)
    for compound, found in measured.items():
        head = head_likeness(model.head.weight.detach(), model.classes, compound).numpy()
        compounds[compound] = one_compound(found, everything[compound], kinds)
        compounds[compound] |= {"head": rounded(head), "faces": list(thumbnails(faces, compound))}

    def overall(name: str, measure: str) -> list[np.ndarray]:
        """A mean over the compounds (N,) of every draw; compounds with another number of faces count face by face."""
        each = [stacked(r[name], "gap", measure) for r in everything.values()]
        return [
            nan_mean([e[d] for e in each], axis=0)
            if len({len(e[d]) for e in each}) == 1
            else np.concatenate([e[d] for e in each])
            for d in range(min(map(len, each)))
        ]

    overlap, people = unit_overlap(list(compounds)), len(faces.people.unique())
    lost = np.concatenate([found["lost"][:, 6].numpy() for found in measured.values()])
    return {
        "schema_version": SCHEMA_VERSION,
        "model_sha256": model_digest(model),
        "people": people,
        "people_changed": min(CHANGED_PEOPLE, people),
        "people_of_controls": min(CONTROL_PEOPLE, people),
        "draws": DRAWS,
        "basics": list(SIX),
        "measures": list(MEASURES),
        "facs": rounded(overlap),
        "agreement_with_facs": {
            name: {
                "spearman": rounded(agreement(matrix, overlap)),
                "permuted_constituents_p": rounded(permuted_constituents(matrix, overlap)),
            }
            for name, matrix in matrices(compounds, kinds).items()
        },
        "overall": {name: {m: interval(overall(name, m)) for m in MEASURES} for name in sources},
        "heads_by_luck": {
            source(kind, control): heads_by_luck(everything, source(kind, control))
            for kind in kinds
            for control in (RANDOM_HEAD, PERMUTED)
        },
        "deletion_random": interval([lost]),
        "compounds": compounds,
    }
