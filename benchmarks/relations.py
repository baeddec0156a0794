"""How compounds relate to basics over rendered faces of people whom training never saw, and what would look like it.

    python -m benchmarks.relations --run runs/benchmark/muscles     writes cfer/explain/assets/relations.json

Every compound's map is compared with the six basics' maps on the same face by the same model. Nulls: a random head, a
shuffled backbone, the basics' maps of another person who shows the same compound, the mean maps over all faces.
Intervals over people. The file is what the app's Relations tab shows.
"""

import argparse
import base64
import io
import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from cfer.checkpoint import load_checkpoint, model_digest
from cfer.data.readers import read_data
from cfer.emotions import COMPOUNDS, EXPRESSIONS
from cfer.explain.facs import agreement, mantel, unit_overlap
from cfer.explain.faithful import removal_effects
from cfer.explain.maps import ClassMaps
from cfer.explain.nulls import of_another, random_backbone, random_head
from cfer.explain.relation import SIX, Relation, head_likeness, mixture_weights, mixtures, relate
from cfer.explain.similarity import MEASURES
from cfer.learning.crops import Crops, load_crops
from cfer.model import FaceModel, Preprocessing
from cfer.synth.dataset import MANIFEST

OUT = Path(__file__).parent.parent / "cfer" / "explain" / "assets" / "relations.json"
HEADS = 5
"""Random heads: one may find no evidence anywhere."""
TAKEN_APART = 60
"""People whose faces are blurred in places."""
QUANTILES = (0.5, 0.95)
THUMBNAIL = 96


@torch.inference_mode()
def all_maps(model: FaceModel, heads: list[nn.Linear], crops: Crops, preprocessing: Preprocessing) -> list[ClassMaps]:
    """Maps of all classes and crops under several heads on one backbone; as `class_maps` gives them."""
    raws: list[list[Tensor]] = [[] for _ in heads]
    for index in torch.arange(len(crops.pixels)).split(64):
        last = model.features(preprocessing.enlarge(crops.batch(index)))  # (B, C, h, w)
        cells = last.shape[-2] * last.shape[-1]
        for found, head in zip(raws, heads, strict=True):
            found.append(torch.einsum("kc,bchw->bkhw", head.weight, last) / cells)
    nothing = torch.empty(len(crops.pixels), 0)
    return [ClassMaps(nothing, torch.cat(found).clone(), nothing, model.classes) for found in raws]


def only(maps: ClassMaps, rows: Tensor) -> ClassMaps:
    """Some faces."""
    return replace(maps, maps=maps.maps[rows])


def with_basics(maps: ClassMaps, basics: Tensor) -> ClassMaps:
    """The same maps with other ones (N, 6, h, w) for the six basics."""
    changed = maps.maps.clone()
    changed[:, [maps.classes.index(name) for name in SIX]] = basics
    return replace(maps, maps=changed)


def interval(values: np.ndarray, draws: int = 2000) -> list[float]:
    """Mean over people and its 95 % interval; rows are people, and further axes are averaged within them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a person may have no evidence anywhere
        each = np.nanmean(values.reshape(len(values), -1), axis=1)
    each = each[~np.isnan(each)]
    picks = np.random.default_rng(0).integers(len(each), size=(draws, len(each)))
    low, high = np.quantile(each[picks].mean(1), (0.025, 0.975))
    return [round(float(v), 4) for v in (each.mean(), low, high)]


def rounded(values: Any, digits: int = 4) -> Any:
    """Nested lists of rounded numbers, None where there was no evidence on any face."""
    array = np.round(np.asarray(values, float), digits).astype(object)
    array[array != array] = None
    return array.tolist()


def mean_over(values: list[Tensor]) -> np.ndarray:
    """Mean over the draws of a null, face by face."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a face may have no evidence under any draw
        return np.nanmean(np.stack([v.numpy() for v in values]), axis=0)


def thumbnail(crops: Crops, row: int) -> str:
    """A face as a small JPEG, base64."""
    image = Image.fromarray(crops.pixels[row, 0].numpy()).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode()


def deletion(
    model: FaceModel, crops: Crops, preprocessing: Preprocessing, maps: ClassMaps, rows: Tensor, k: int
) -> Tensor:
    """What class k loses (N, 7) on some faces by each basic's evidence, and by random cells."""
    generator = torch.Generator().manual_seed(k)
    lost = []
    for row in rows.tolist():
        x = preprocessing.enlarge(crops.batch(torch.tensor([row])))
        raws = torch.stack([maps.of(name)[row] for name in SIX])
        lost.append(removal_effects(model, x, raws, k, generator))
    return torch.stack(lost)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    parser.add_argument("--people", type=int, help="Only so many, for a quick look")
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    run = chosen.run
    checkpoint = load_checkpoint()
    model, preprocessing = checkpoint.model.eval(), checkpoint.preprocessing
    table = read_data(run / "faces" / MANIFEST)
    if chosen.people:
        known = sorted({s.group for s in table.samples})[: chosen.people]
        table = table.only(s for s in table.samples if s.group in known)
    crops = load_crops(table, preprocessing, progress=True)
    samples = crops.table.samples
    people = torch.from_numpy(np.unique([s.group for s in samples], return_inverse=True)[1])
    labels = np.array([s.label for s in samples])
    generator = torch.Generator().manual_seed(0)
    heads = [model.head, *(random_head(model, generator).head for _ in range(HEADS))]
    own, *untrained = all_maps(model, heads, crops, preprocessing)
    shuffled = all_maps(random_backbone(model, None, generator), [model.head], crops, preprocessing)
    lesser = {"random head": untrained, "shuffled backbone": shuffled}
    mean_maps = own.maps.clamp(min=0).mean(0)  # (K, h, w)
    basics = [own.classes.index(name) for name in SIX]
    compounds, gaps = {}, {m: {} for m in ("own", *lesser, "another person", "mean face")}
    deleted = []
    for compound in COMPOUNDS:
        rows = torch.from_numpy(np.flatnonzero(labels == compound))
        parts = EXPRESSIONS[compound].constituents
        mine, who = only(own, rows), people[rows]
        others = of_another(mine.maps[:, basics], who, generator)
        flat = mean_maps[basics].expand(len(rows), -1, -1, -1)
        relations: dict[str, list[Relation]] = {
            "own": [relate(mine, compound, parts)],
            **{name: [relate(only(m, rows), compound, parts) for m in maps] for name, maps in lesser.items()},
            "another person": [relate(with_basics(mine, others), compound, parts)],
            "mean face": [relate(with_basics(mine, flat), compound, parts)],
        }
        for name, found in relations.items():
            gaps[name][compound] = {m: mean_over([r.gap(m) for r in found]) for m in MEASURES}
        relation, mixture = relations["own"][0], mixtures(mine, compound)
        lost = deletion(model, crops, preprocessing, own, rows[:TAKEN_APART], own.classes.index(compound)).numpy()
        deleted.append(lost)
        constituent = relation.own.numpy()
        compounds[compound] = {
            "constituents": list(parts),
            "likeness": {
                name: {m: rounded(torch.cat([r.likeness[m] for r in found]).nanmean(0)) for m in MEASURES}
                for name, found in relations.items()
            },
            "gap": {name: {m: interval(gaps[name][compound][m]) for m in MEASURES} for name in relations},
            "auc": {
                name: {m: interval(mean_over([r.auc(m) for r in found])) for m in MEASURES}
                for name, found in relations.items()
            },
            "both_first": {m: interval(relation.both_first(m).numpy()) for m in MEASURES},
            "null_quantiles": {
                name: {m: rounded(np.nanquantile(torch.cat([r.gap(m) for r in found]), QUANTILES)) for m in MEASURES}
                for name, found in relations.items()
            },
            "pair_rank": {m: interval(relation.pair_rank(m).numpy()) for m in MEASURES},
            "mixture": rounded(mixture_weights(mine, compound).nanmean(0)),
            "mixture_rank": interval(mixture.rank(parts).numpy()),
            "mixture_explained": interval(mixture.explained[:, mixture.pairs.index(_ordered(parts))].numpy()),
            "head": rounded(head_likeness(model.head.weight.detach(), own.classes, compound).numpy()),
            "deletion": rounded(lost.mean(0)),
            "deletion_gap": interval(lost[:, :6][:, constituent].mean(1) - lost[:, :6][:, ~constituent].mean(1)),
            "mean_map": rounded(mine.of(compound).clamp(min=0).mean(0)),
            "mean_basic_maps": rounded(mine.maps[:, basics].clamp(min=0).mean(0)),
            "faces": [thumbnail(crops, int(row)) for row in rows[:4]],
        }
        print(
            compound,
            compounds[compound]["gap"]["own"]["cosine"],
            compounds[compound]["auc"]["own"]["cosine"],
            flush=True,
        )
    overlap = unit_overlap(COMPOUNDS)
    matrices = {m: np.array([compounds[c]["likeness"]["own"][m] for c in COMPOUNDS]) for m in MEASURES}
    matrices["head rows"] = np.array([compounds[c]["head"] for c in COMPOUNDS])
    matrices["mixture"] = np.array([compounds[c]["mixture"] for c in COMPOUNDS])
    matrices["deletion"] = np.array([compounds[c]["deletion"][:6] for c in COMPOUNDS])
    found = {
        "model_sha256": model_digest(model),
        "people": len(people.unique()),
        "basics": list(SIX),
        "measures": list(MEASURES),
        "facs": rounded(overlap),
        "agreement_with_facs": {
            name: {"spearman": rounded(agreement(matrix, overlap)), "mantel_p": round(mantel(matrix, overlap), 4)}
            for name, matrix in matrices.items()
        },
        "overall": {
            name: {m: interval(np.stack([each[c][m] for c in COMPOUNDS], 1)) for m in MEASURES}
            for name, each in gaps.items()
        },
        "overall_less": {
            name: {
                m: interval(np.stack([gaps["own"][c][m] - gaps[name][c][m] for c in COMPOUNDS], 1)) for m in MEASURES
            }
            for name in gaps
            if name != "own"
        },
        "deletion_random": interval(np.stack([lost[:, 6] for lost in deleted], 1)),
        "compounds": compounds,
    }
    chosen.out.write_text(json.dumps(found, allow_nan=False) + "\n", encoding="utf-8")
    print(json.dumps({k: found[k] for k in ("overall", "overall_less", "agreement_with_facs")}, indent=1))


def _ordered(parts: tuple[str, ...]) -> tuple[str, str]:
    first, second = sorted(parts, key=SIX.index)
    return first, second


if __name__ == "__main__":
    main()
