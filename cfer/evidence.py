"""An evidence bundle: everything that was measured of one face, as files that others can read and check."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

import cfer
from cfer.checkpoint import versions
from cfer.draw import overlay, shared_scale
from cfer.explain.reference import CHANGE, WHOLE, reference
from cfer.explain.relation import SIX, Relation, head_likeness, mixtures
from cfer.reader import FaceReading, Reader


def write_evidence(
    reader: Reader, face: FaceReading, names: Sequence[str], out: Path, *, source: bytes = b"", command: str = ""
) -> dict[str, Any]:
    """Write overlays, raw maps, numbers and a manifest of one face into a folder.

    Files: `face.png`, `overlay-NAME.png` (change maps, one scale for all), `maps.safetensors` (`logits` (K,) and `maps`
    (K, h, w) of all classes, `change` (N, h, w) of the drawn ones, signed, in logit units, in the manifest's orders),
    `evidence.json` (amounts of both, parts of the face of `change`, relations by both), `manifest.json` with hashes.

    Args:
        reader: Who read the face.
        face: What was read.
        names: Classes to draw, and to relate where they have two basic constituents.
        out: Made if it is missing.
        source: The picture file, for its hash.
        command: What was typed.

    Returns:
        The content of `evidence.json`.

    Raises:
        KeyError: A class is not known.
    """
    names = tuple(dict.fromkeys(names))
    raws = dict(zip(names, reader.change(face, names).maps[0], strict=True))
    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(face.crop).save(out / "face.png")
    scale = shared_scale(list(raws.values()))
    written = ["face.png", "maps.safetensors", "evidence.json"]
    for name, raw in raws.items():
        written.append(f"overlay-{name.replace(' ', '-')}.png")
        overlay(face.crop, raw, scale).save(out / written[-1])
    tensors = {
        "logits": face.maps.logits[0].contiguous(),
        "maps": face.maps.maps[0].contiguous(),
        "change": torch.stack(list(raws.values())),
    }
    save_file(tensors, str(out / "maps.safetensors"))
    (out / "maps.safetensors").chmod(0o644)  # safetensors writes for the owner alone
    evidence = {
        "box": list(face.box),
        "probabilities": face.probabilities,
        "full_colour_in_logits": scale,
        "evidence": {name: _amounts(face.maps.of(name)[0]) for name in names},
        "change": {name: _amounts(raw) for name, raw in raws.items()},
        "regions": {name: _regions(reader, face, raw) for name, raw in raws.items()},
        "action_unit_places": {name: _units(reader, face, raw) for name, raw in raws.items()},
        "relations": {name: relation_numbers(reader, face, name) for name in names if reader.relatable(name)},
    }
    (out / "evidence.json").write_text(json.dumps(evidence, indent=1) + "\n", encoding="utf-8")
    manifest = {
        "schema_version": 2,
        "command": command,
        "picture_sha256": hashlib.sha256(source).hexdigest() if source else None,
        "model_sha256": reader.digest,
        "classes": list(reader.names),
        "drawn": list(names),
        "map_rules": {
            "maps": "Grad-CAM at the last layer, raw[k] = (1/hw) sum_c dy_k/dz_c A_c; see cfer.explain.maps",
            "change": "integrated gradients at a layer from neutral faces to this one; see cfer.explain.change"
            if reader.neutral is not None
            else "as maps: the backbone lacks the layer",
        },
        "versions": {"cfer": cfer.__version__} | versions(),
        "files": {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in written},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return evidence


def relation_numbers(reader: Reader, face: FaceReading, name: str) -> dict[str, Any]:
    """What `cfer.explain.relation` measures for one compound on one face; None stands for "no evidence to compare".

    "maps" is by the maps of the whole face, "change" by change maps where the backbone has their layers. "lost_without"
    is what the compound's score loses when the strongest fifth of a basic's evidence is blurred, in logit units.
    """
    first, second = reader.constituents(name)
    mixture = mixtures(face.maps, name)
    pair = [set(p) for p in mixture.pairs].index({first, second})
    head = head_likeness(reader.checkpoint.model.head.weight.detach(), reader.names, name)
    *lost, lost_at_random = reader.removal(face, name)
    kinds = {"maps": WHOLE} | ({} if reader.neutral is None else {"change": CHANGE})
    return {
        "constituents": [first, second],
        "basics": list(SIX),
        **{key: _compared(reader, reader.relation(face, name, kind), kind) for key, kind in kinds.items()},
        "mixture": {
            "weights": dict(zip(mixture.pairs[pair], map(_number, mixture.weights[0, pair]), strict=True)),
            "explained": _number(mixture.explained[0, pair]),
            "rank_of_15": _number(mixture.rank((first, second))[0]),
        },
        "head_likeness": [_number(v) for v in head],
        "lost_without": [_number(v) for v in lost],
        "lost_without_random_cells": _number(lost_at_random),
        "by_chance": {"gap": 0.0, "auc": 0.5, "both_constituents_first": 1 / 15, "rank_of_15": 8},
    }


def _compared(reader: Reader, relation: Relation, kind: str) -> dict[str, Any]:
    gaps = {m: _number(relation.gap(m)[0]) for m in relation.likeness}
    known = reference()
    same = known is not None and known.model == reader.digest
    return {
        "likeness": {m: [_number(v) for v in values[0]] for m, values in relation.likeness.items()},
        "gap": gaps,
        "auc": {m: _number(relation.auc(m)[0]) for m in relation.likeness},
        "both_constituents_first": {m: _number(relation.both_first(m)[0]) for m in relation.likeness},
        "rank_of_15": {m: _number(relation.pair_rank(m)[0]) for m in relation.likeness},
        "in_words": known.about_one_face(relation.compound, gaps["cosine"], kind=kind) if known and same else None,
    }


def _regions(reader: Reader, face: FaceReading, raw: Tensor) -> dict[str, dict[str, float | None]] | None:
    found = reader.regions(face, raw)
    if found is None:
        return None
    columns = (found.regions, found.area, found.speaks_for, found.speaks_against)
    return {
        region: {"area": round(area, 4), "for_over_area": _plain(pro), "against_over_area": _plain(con)}
        for region, area, pro, con in zip(*columns, strict=True)
    }


def _units(reader: Reader, face: FaceReading, raw: Tensor) -> dict[str, dict[str, float | None]] | None:
    pros, cons = reader.units(face, raw), reader.units(face, -raw)
    if pros is None or cons is None:
        return None
    return {
        str(unit): {"for_over_area": _plain(pro), "against_over_area": _plain(cons[unit])} for unit, pro in pros.items()
    }


def _amounts(raw: Tensor) -> dict[str, float]:
    return {"for": float(raw.clamp(min=0).sum()), "against": float(raw.clamp(max=0).sum())}


def _number(value: Tensor) -> float | None:
    return _plain(float(value))


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 5)
