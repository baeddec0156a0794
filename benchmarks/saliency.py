"""Saliency methods on rendered faces: right, faithful, fast?

    python -m benchmarks.saliency --run runs/benchmark/muscles      writes benchmarks/saliency.json

One picture each of people whom training never saw, every class but neutral in turn; the map is that of the class shown.
*right*: share of the evidence on pixels that the performed units moved, over their share of the area; less the same of
the mean map of all other people's pictures by the same method (what a map gets for knowing where faces are); pointing
game; rank correlation with the displacement. *faithful*: insertion less deletion, in logit units. *fast*: seconds a
face, for one map or for all. Intervals over people. Slow methods see the first faces only.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.samples import Sample
from cfer.emotions import EXPRESSIONS
from cfer.explain.faithful import deletion_insertion
from cfer.explain.layers import layer_maps
from cfer.explain.maps import class_maps, positive
from cfer.explain.methods import library_maps, occlusion_maps
from cfer.explain.nulls import cascade, random_backbone, random_head
from cfer.explain.rightness import SIZE, Moved, energy_ratio, moved_by, pointing, rank_correlation
from cfer.faces.align import align, frame_of
from cfer.faces.detect import detect_faces
from cfer.model import FaceModel
from cfer.synth.dataset import MANIFEST
from cfer.synth.truth import read_truth

PEOPLE, TAKEN_APART, SLOW = 126, 21, 10
"""Faces in all, for deletion and insertion, and for slow methods."""
LAYERS = ("blocks.2", "blocks.3", "blocks.4", "blocks.5", "blocks.6")
Method = Callable[[FaceModel, Tensor, str], Tensor]
"""Model, picture (1, 3, S, S), class -> map (h, w)."""


@dataclass(frozen=True)
class Face:
    """A picture as the network gets it, the class it shows, and what moved."""

    x: Tensor
    name: str
    moved: Moved


def faces(checkpoint: Checkpoint, run: Path) -> list[Face]:
    """One picture a person, the classes in turn."""
    table = read_data(run / "faces" / MANIFEST)
    shown = [name for name in EXPRESSIONS if name != "neutral"]
    by_person: dict[str, list[Sample]] = {}
    for sample in table.samples:
        by_person.setdefault(sample.group, []).append(sample)
    found = []
    for number, person in enumerate(sorted(by_person)[:PEOPLE]):
        wanted = shown[number % len(shown)]
        sample = next(s for s in by_person[person] if s.label == wanted)
        picture = table.source.read(sample.path)
        detected = detect_faces(picture)
        truth = read_truth(table.source.read_bytes(str(sample.truth)))
        moved = moved_by(truth, frame_of(detected[0])) if detected else None
        if moved is not None:
            found.append(Face(checkpoint.preprocessing([align(picture, detected[0])]), wanted, moved))
    return found


def last(model: FaceModel, x: Tensor, name: str) -> Tensor:
    """Grad-CAM at the last layer."""
    return class_maps(model, x).of(name)[0]


def centre(model: FaceModel, x: Tensor, name: str) -> Tensor:
    """A blob in the middle, which looks at nothing."""
    line = torch.linspace(-1, 1, 16)
    return torch.exp(-(line[:, None] ** 2 + line**2) / 0.18)


def methods() -> dict[str, tuple[Method, bool]]:
    """Every method by name, and whether it is slow."""
    found: dict[str, tuple[Method, bool]] = {"Grad-CAM, last layer, all classes at once": (last, False)}
    for layer in LAYERS:
        for rule in ("Grad-CAM", "HiResCAM", "LayerCAM"):
            name = f"{rule}, {layer}"
            found[name] = (lambda m, x, k, at=layer, r=rule: layer_maps(m, x, [k], at, r)[0, 0], False)
    for name in ("Grad-CAM++", "FinerCAM"):
        found[name] = (lambda m, x, k, n=name: library_maps(m, x, [k], n)[0], False)
    for name in ("Score-CAM", "Ablation-CAM"):
        found[name] = (lambda m, x, k, n=name: library_maps(m, x, [k], n)[0], True)
    found["occlusion"] = (lambda m, x, k: occlusion_maps(m, x, [k])[0], True)
    found["a blob in the middle"] = (centre, False)
    return found


def interval(values: np.ndarray, draws: int = 2000) -> list[float]:
    """Mean and 95 % interval; one value a person, so that people are what is drawn."""
    values = values[~np.isnan(values)]
    picks = np.random.default_rng(0).integers(len(values), size=(draws, len(values)))
    low, high = np.quantile(values[picks].mean(1), (0.025, 0.975))
    return [round(float(v), 4) for v in (values.mean(), low, high)]


def shares(raw: Tensor) -> Tensor:
    """Positive evidence (h, w) as shares of its sum; zeros where there is none."""
    kept = positive(raw)
    return kept / kept.sum().clamp(min=1e-12)


def ratios(maps: list[Tensor], seen: list[Face]) -> np.ndarray:
    """`energy_ratio` of every face's map."""
    return np.array([energy_ratio(raw, face.moved.mask) for raw, face in zip(maps, seen, strict=True)])


def measure(model: FaceModel, seen: list[Face], method: Method) -> dict[str, object]:
    """One row of the table."""
    began = time.perf_counter()
    maps = [method(model, face.x, face.name) for face in seen]
    seconds = (time.perf_counter() - began) / len(seen)
    own = ratios(maps, seen)
    total = torch.stack([shares(raw) for raw in maps]).sum(0)
    others = ratios([(total - shares(raw)) / (len(maps) - 1) for raw in maps], seen)
    gains = [
        deletion_insertion(model, face.x, raw, model.classes.index(face.name)).gain
        for raw, face in zip(maps[:TAKEN_APART], seen, strict=False)
    ]
    aims = [pointing(raw, face.moved.mask) for raw, face in zip(maps, seen, strict=True)]
    ranks = [rank_correlation(raw, face.moved.far) for raw, face in zip(maps, seen, strict=True)]
    return {
        "faces": len(seen),
        "side": maps[0].shape[-1],
        "ratio": interval(own),
        "mean_map": interval(others),
        "less_mean_map": interval(own - others),
        "pointing": interval(np.array(aims)),
        "rank": interval(np.array(ranks)),
        "gain": interval(np.array(gains)),
        "seconds": round(seconds, 4),
    }


def randomised(model: FaceModel, seen: list[Face], method: Method) -> dict[str, list[float]]:
    """The ratio of maps of models that know less and less, and the whole model's less theirs."""
    generator = torch.Generator().manual_seed(0)
    own = ratios([method(model, f.x, f.name) for f in seen], seen)
    steps = len(cascade(model))
    lesser = {"head": random_head(model, generator)}
    for count in (1, steps // 4, steps // 2, steps):
        lesser[f"last {count} of {steps} layers"] = random_backbone(model, count, generator)
    found = {}
    for name, other in lesser.items():
        theirs = ratios([method(other, f.x, f.name) for f in seen], seen)
        found[name] = interval(theirs)
        found[f"less {name}"] = interval(own - theirs)
    return found


def main() -> None:
    """Measure all methods, then how the candidates for the default fare on randomised models."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    run = parser.parse_args().run
    checkpoint = load_checkpoint()
    model = checkpoint.model.eval()
    seen = faces(checkpoint, run)
    area = interval(np.array([float(face.moved.mask.mean()) for face in seen]))
    table, random = {}, {}
    for name, (method, slow) in methods().items():
        table[name] = measure(model, seen[:SLOW] if slow else seen, method)
        print(name, table[name], flush=True)
    best = max(table, key=lambda n: table[n]["less_mean_map"][0])
    for name in dict.fromkeys(["Grad-CAM, last layer, all classes at once", "Grad-CAM, blocks.5", best]):
        random[name] = randomised(model, seen[:SLOW] if methods()[name][1] else seen, methods()[name][0])
        print(name, random[name], flush=True)
    found = {"people": len(seen), "area_share": area, "truth_side": SIZE, "methods": table, "randomised": random}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
