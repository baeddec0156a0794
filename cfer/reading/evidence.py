"""An evidence bundle: everything that was measured of one face, as files that others can read and check."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file

import cfer
from cfer.checkpoint import versions
from cfer.explain.maps import ClassMaps
from cfer.explain.methods import GRAD_CAM, METHODS
from cfer.explain.reference import RELATED
from cfer.explain.report import SCHEMA_VERSION
from cfer.reading.draw import overlay, shared_scale
from cfer.reading.reader import FaceReading, Reader
from cfer.system.output_folders import check_replaceable, replaced


def write_evidence(
    reader: Reader,
    face: FaceReading,
    names: Sequence[str],
    out: Path,
    *,
    method: str | None = None,
    picture: bytes = b"",
    command: str = "",
) -> dict[str, Any]:
    """Write overlays, raw maps, numbers and a manifest of one face into a folder.

    Files: `face.png`, `overlay-NAME.png` (by the method that is drawn, one scale for all), `maps.safetensors` (`logits`
    (K,) and `grad_cam` (K, h, w) of all classes, `integrated_gradients` (N, h, w) of the drawn ones where the network
    allows it, likewise by the method that is drawn, `action_units` (U, h, w) where it reads them; in the manifest's
    orders), `evidence.json` (what `cfer.explain.report` says of classes and compounds), `manifest.json` with hashes.

    Args:
        reader: Who read the face.
        face: What was read.
        names: Classes to draw, and to relate where they have two basic constituents.
        out: Made if it is missing; older evidence in it is replaced as a whole.
        method: Whose maps are drawn, a key of `cfer.explain.methods.METHODS`; the first of `Reader.methods` by default.
        picture: The picture file's content, for its hash.
        command: What was typed.

    Returns:
        The content of `evidence.json`.

    Raises:
        KeyError: A class is not known, or the method is not allowed.
        OutputError: The folder holds something else.
    """
    check_evidence_folder(out)
    face = reader.reread(face)  # the numbers are those of the model that the manifest names
    names = tuple(dict.fromkeys(names))
    drawn = method or reader.methods[0]
    shown = dict.fromkeys((*(key for key in RELATED if key in reader.methods), drawn))
    maps = {key: face.maps_by(key, names) for key in shown}
    with replaced(out, _listed, "evidence") as new:
        return _write(reader, face, names, drawn, maps, new, picture, command)


def check_evidence_folder(out: Path) -> None:
    """See that evidence may be written to a place: nothing there, an empty folder, or older evidence to replace.

    Raises:
        OutputError: Something else is there.
    """
    check_replaceable(out, _listed, "evidence")


def _listed(folder: Path) -> set[str] | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return {*manifest["files"], "manifest.json"} if "map_rules" in manifest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(
    reader: Reader,
    face: FaceReading,
    names: tuple[str, ...],
    drawn: str,
    maps: Mapping[str, ClassMaps],
    out: Path,
    picture: bytes,
    command: str,
) -> dict[str, Any]:
    """Write all files into a new folder; see `write_evidence`."""
    raws = dict(zip(names, maps[drawn].maps[0], strict=True))
    Image.fromarray(face.crop).save(out / "face.png")
    scale = shared_scale(list(raws.values()))
    written = ["face.png", "maps.safetensors", "evidence.json"]
    for name, raw in raws.items():
        written.append(f"overlay-{name.replace(' ', '-')}.png")
        overlay(face.crop, raw, scale).save(out / written[-1])
    tensors = {key: each.maps[0].contiguous() for key, each in maps.items()}
    tensors |= {"logits": face.maps.logits[0].contiguous(), GRAD_CAM: face.maps.maps[0].contiguous()}
    if face.unit_maps:
        tensors["action_units"] = torch.stack(list(face.unit_maps.values()))
    save_file(tensors, str(out / "maps.safetensors"))
    (out / "maps.safetensors").chmod(0o644)  # safetensors writes for the owner alone
    plain = face.to_dict()
    evidence = {
        "schema_version": SCHEMA_VERSION,
        "box": list(face.box),
        "probabilities": face.probabilities,
        "action_units": plain["action_units"],
        "drawn": drawn,
        "full_colour_in_logits": scale,
        "classes": {
            name: [face.explanation_of(name, key, each.of(name)[0]).to_dict() for key, each in maps.items()]
            for name in names
        },
        "compositions": {name: made.to_dict() for name in names if (made := face.composition(name))},
        "answer": plain["answer"],
        "doubts": plain["doubts"],
        "relations": {name: face.relation(name).to_dict() for name in names if reader.relatable(name)},
    }
    (out / "evidence.json").write_text(json.dumps(evidence, indent=1) + "\n", encoding="utf-8")
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "command": command,
        "picture_sha256": hashlib.sha256(picture).hexdigest() if picture else None,
        "model_sha256": reader.digest,
        "classes": list(reader.names),
        "drawn": list(names),
        "action_units": list(face.unit_maps),
        "map_rules": {key: f"{METHODS[key].title}; {METHODS[key].source}" for key in maps},
        "versions": {"cfer": cfer.__version__} | versions(),
        "files": {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in written},
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return evidence
