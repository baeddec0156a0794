"""How much of what a change of camera costs is won back by adapting to 20 unlabelled pictures of it.

    python -m benchmarks.photographs.adapt FOLDER        a folder with samples.csv; writes results/adapt.json

Cameras are simulated on held-out photographs: one changes contrast, sharpness, brightness, colour and framing much, one
a little, one nothing. Pictures to adapt to are drawn from the validation part's people, scores are of the test part's,
both after the same change; at most 150 pictures of a class of either part. Drawn twice: as they come of those (most are
neutral or happy), and class by class.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from torch import Tensor
from tqdm import tqdm

from benchmarks.common.results import write_result
from cfer.checkpoint import DEFAULT, Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.samples import Sample, SampleTable
from cfer.data.splits import split
from cfer.emotions import BASICS
from cfer.evaluation.bootstrap import percentiles
from cfer.evaluation.metrics import count_table, recalls
from cfer.faces.align import align
from cfer.faces.detect import detect_faces
from cfer.features.pooled import crop_features
from cfer.network.camera import correction, look_of
from cfer.network.preprocessing import Preprocessing
from cfer.reading.adapt import LEAST, adapt
from cfer.system.files import load_tensors, save_tensors

DRAWS = 20
MOST = 150
"""Pictures of a class: most are neutral or happy."""
SIX = [k for k, name in enumerate(BASICS) if name != "fearful"]


def poor_camera(crop: np.ndarray) -> np.ndarray:
    """A face crop (S, S, 3) by a blurred camera with little contrast, overexposed, reddish and closer."""
    side = crop.shape[0]
    margin = side * (1 - 1 / 1.35) / 2
    tight = Image.fromarray(crop).resize((side, side), box=(margin, margin, side - margin, side - margin))
    pixels = np.asarray(tight.filter(ImageFilter.GaussianBlur(5))).astype(float)
    pixels = (pixels - 128) * 0.4 + 128 + 50
    return np.clip(pixels * [1.2, 1.0, 0.7], 0, 255).astype(np.uint8)


def webcam(crop: np.ndarray) -> np.ndarray:
    """A face crop (S, S, 3) by a camera that is a little soft, dark and noisy."""
    noise = np.random.default_rng(0).normal(0, 8, crop.shape)
    pixels = np.asarray(Image.fromarray(crop).filter(ImageFilter.GaussianBlur(2))).astype(float)
    return np.clip((pixels - 128) * 0.7 + 128 - 40 + noise, 0, 255).astype(np.uint8)


CAMERAS: Mapping[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "poor camera": (
        "contrast x 0.4, blur of 5 pixels, brightness + 50, red x 1.2 and blue x 0.7, framed 1.35 times as tightly",
        poor_camera,
    ),
    "webcam": ("contrast x 0.7, blur of 2 pixels, brightness - 40, noise of 8 levels", webcam),
    "the same camera": ("nothing", np.asarray),
}


def crops_of(
    preprocessing: Preprocessing, table: SampleTable, cache: Path
) -> tuple[Mapping[str, Tensor], list[Sample]]:
    """Crops (N, 1, d, d) of all faces as every camera shows them, and their rows."""
    key = f"{preprocessing} {len(table)} {[about for about, _ in CAMERAS.values()]}"
    if cache.is_file():
        tensors, facts = load_tensors(cache)
        if facts["key"] == key:
            return tensors, [table.samples[i] for i in facts["rows"]]
    shown: dict[str, list[Tensor]] = {name: [] for name in CAMERAS}
    rows = []
    for row, sample in enumerate(tqdm(table.samples, "faces")):
        picture = table.source.read(sample.path)
        if faces := detect_faces(picture):
            crop = align(picture, faces[0])
            for name, (_, camera) in CAMERAS.items():
                shown[name].append(preprocessing.shrink(camera(crop)))
            rows.append(row)
    found = {name: torch.stack(crops) for name, crops in shown.items()}
    save_tensors(cache, found, {"key": key, "rows": rows})
    return found, [table.samples[i] for i in rows]


def features(checkpoint: Checkpoint, crops: Tensor) -> Tensor:
    """Pooled features (N, C) of crops (N, 1, d, d)."""
    return crop_features(checkpoint.model, checkpoint.preprocessing, crops)


def score(checkpoint: Checkpoint, x: Tensor, true: np.ndarray) -> float:
    """Mean recall of the basics but fearful, asked for the seven."""
    asked = [checkpoint.names.index(name) for name in BASICS]
    said = F.linear(x, *checkpoint.head)[:, asked].argmax(1).numpy()
    return float(np.mean(recalls(count_table(true, said, len(BASICS)))[SIX]))


def drawn(labels: Sequence[int], balanced: bool, draw: int) -> list[int]:
    """Places of the pictures to adapt to."""
    generator = np.random.default_rng(draw)
    if not balanced:
        return generator.choice(len(labels), LEAST, replace=False).tolist()
    groups = [np.flatnonzero(np.array(labels) == k) for k in SIX]
    turns = [groups[i % len(groups)] for i in range(LEAST)]
    return [int(generator.choice(group)) for group in turns]


def scores_after(
    checkpoint: Checkpoint, there: Tensor, labels: Sequence[int], tested: Tensor, true: np.ndarray, balanced: bool
) -> list[float]:
    """Scores of pictures by a camera (N, 1, d, d) after adapting to each draw of others (M, 1, d, d) by it."""
    plain, found = features(checkpoint, there), []
    for draw in tqdm(range(DRAWS), "draws"):
        rows = drawn(labels, balanced, draw)
        camera = correction(look_of(there[rows]), checkpoint.look) if checkpoint.look else lambda crops: crops
        corrected = None, features(checkpoint, camera(there[rows]))
        adapted, _ = adapt(checkpoint, plain[rows], corrected)
        found.append(score(adapted, features(checkpoint, camera(tested)), true))
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT)
    parser.add_argument("--run", type=Path, default=Path("runs/adapt"), help="where crops are cached")
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    checkpoint = load_checkpoint(arguments.checkpoint)
    whole = split(read_data(arguments.folder), seed=0)
    parts = {}
    for name in ("validation", "test"):
        rows = whole.part(name).samples
        shown = [s for label in BASICS for s in [s for s in rows if s.label == label][:MOST]]
        cache = arguments.run / f"{name}.safetensors"
        crops, found = crops_of(checkpoint.preprocessing, whole.only(shown), cache)
        parts[name] = crops, [BASICS.index(s.label) for s in found if s.label]
    (there, labels), (tested, true) = parts["validation"], parts["test"]
    true = np.array(true)
    before = score(checkpoint, features(checkpoint, tested["the same camera"]), true)
    report: dict[str, object] = {
        "command": f"python -m benchmarks.photographs.adapt {arguments.folder.name}",
        "backbone": checkpoint.facts.backbone,
        "pictures": len(true),
        "pictures to adapt to": LEAST,
        "draws": DRAWS,
        "mean recall without fearful": round(before, 4),
    }
    for name, (about, _) in CAMERAS.items():
        after = score(checkpoint, features(checkpoint, tested[name]), true)
        row: dict[str, object] = {"change": about, "mean recall without fearful": round(after, 4)}
        for way, balanced in (("as they come", False), ("class by class", True)):
            scores = scores_after(checkpoint, there[name], labels, tested[name], true, balanced)
            row[f"adapted, {way}"] = summary(scores, before, after)
        report[name] = row
    write_result("adapt", report)
    print(json.dumps(report, indent=1))


def summary(scores: Sequence[float], before: float, after: float) -> dict[str, object]:
    """Mean over the draws with an interval, and how much of what the camera cost is won back if it cost much."""
    found: dict[str, object] = {
        "mean recall without fearful": round(float(np.mean(scores)), 4),
        "95 % of draws": [round(float(v), 4) for v in percentiles(np.array(scores))],
    }
    if before - after > 0.05:
        back = (np.array(scores) - after) / (before - after)
        found["share of the loss won back"] = round(float(back.mean()), 3)
        found["of the share, 95 % of draws"] = [round(float(v), 3) for v in percentiles(back)]
    return found


if __name__ == "__main__":
    main()
