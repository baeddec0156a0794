"""How much of what a change of camera costs is won back by adapting to 20 unlabelled pictures of it.

    python -m benchmarks.adapt FOLDER        a folder with samples.csv; writes benchmarks/adapt.json

The change is simulated on held-out photographs: less contrast, blur, another brightness, a colour cast before grey, and
another framing of the face. Pictures to adapt to are drawn from the validation part's people, scores are of the test
part's, both after the same change; at most 150 pictures of a class of either part. Drawn twice: as they come of those
(most are neutral or happy), and class by class.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from torch import Tensor
from tqdm import tqdm

from cfer.adapt import LEAST, adapt
from cfer.checkpoint import DEFAULT, Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.samples import Sample, SampleTable
from cfer.data.splits import split
from cfer.emotions import BASICS
from cfer.evaluation.bootstrap import percentiles
from cfer.evaluation.metrics import count_table, recalls
from cfer.faces.align import align
from cfer.faces.detect import detect_faces
from cfer.features.table import pooled_features
from cfer.files import load_tensors, save_tensors

DRAWS = 20
MOST = 150
"""Pictures of a class: most are neutral or happy."""
SIX = [k for k, name in enumerate(BASICS) if name != "fearful"]
CHANGE = "contrast x 0.4, blur of 5 pixels, brightness + 50, red x 1.2 and blue x 0.7, framed 1.35 times as tightly"


def changed(crop: np.ndarray) -> np.ndarray:
    """The simulated camera's picture of a face crop (S, S, 3)."""
    side = crop.shape[0]
    margin = side * (1 - 1 / 1.35) / 2
    tight = Image.fromarray(crop).resize((side, side), box=(margin, margin, side - margin, side - margin))
    pixels = np.asarray(tight.filter(ImageFilter.GaussianBlur(5))).astype(float)
    pixels = (pixels - 128) * 0.4 + 128 + 50
    return np.clip(pixels * [1.2, 1.0, 0.7], 0, 255).astype(np.uint8)


def features_of(checkpoint: Checkpoint, table: SampleTable, cache: Path) -> tuple[Tensor, Tensor, list[Sample]]:
    """Features (N, C) of all faces as they are and as the simulated camera shows them, and their rows."""
    key = f"{checkpoint.facts.backbone} {len(table)} {CHANGE}"
    if cache.is_file():
        tensors, facts = load_tensors(cache)
        if facts["key"] == key:
            return tensors["plain"], tensors["changed"], [table.samples[i] for i in facts["rows"]]
    plain, moved, rows = [], [], []
    for row, sample in enumerate(tqdm(table.samples, "faces")):
        picture = table.source.read(sample.path)
        if faces := detect_faces(picture):
            crop = align(picture, faces[0])
            x = pooled_features(checkpoint.model, checkpoint.preprocessing([crop, changed(crop)]))
            plain.append(x[0])
            moved.append(x[1])
            rows.append(row)
    found = torch.stack(plain), torch.stack(moved)
    save_tensors(cache, {"plain": found[0], "changed": found[1]}, {"key": key, "rows": rows})
    return *found, [table.samples[i] for i in rows]


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


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT)
    parser.add_argument("--run", type=Path, default=Path("runs/adapt"), help="where features are cached")
    arguments = parser.parse_args()
    arguments.run.mkdir(parents=True, exist_ok=True)
    checkpoint = load_checkpoint(arguments.checkpoint)
    whole = split(read_data(arguments.folder), seed=0)
    parts = {}
    for name in ("validation", "test"):
        rows = whole.part(name).samples
        shown = [s for label in BASICS for s in [s for s in rows if s.label == label][:MOST]]
        parts[name] = features_of(checkpoint, whole.only(shown), arguments.run / f"{name}.safetensors")
    plain, moved, rows = parts["test"]
    true = np.array([BASICS.index(s.label) for s in rows if s.label])
    _, there, shown = parts["validation"]
    labels = [BASICS.index(s.label) for s in shown if s.label]
    before, after = score(checkpoint, plain, true), score(checkpoint, moved, true)
    report: dict[str, object] = {
        "command": f"python -m benchmarks.adapt {arguments.folder.name}",
        "backbone": checkpoint.facts.backbone,
        "change": CHANGE,
        "pictures": len(rows),
        "pictures to adapt to": LEAST,
        "mean recall without fearful": {"as taken": round(before, 4), "changed": round(after, 4)},
    }
    for name, balanced in (("as they come", False), ("class by class", True)):
        scores = [
            score(adapt(checkpoint, there[drawn(labels, balanced, draw)])[0], moved, true) for draw in range(DRAWS)
        ]
        back = [(s - after) / (before - after) for s in scores]
        report[f"adapted, {name}"] = {
            "mean recall without fearful": round(float(np.mean(scores)), 4),
            "share of the loss won back": round(float(np.mean(back)), 3),
            "95 % of draws": [round(float(v), 3) for v in percentiles(np.array(back))],
        }
    Path(__file__).with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
