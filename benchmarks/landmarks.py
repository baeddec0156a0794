"""A landmarker from the default checkpoint's features: fitted on some rendered people, measured on others.

    cfer synth --people 80 --per-class 2 --first 6000 --out runs/faces
    cfer evaluate                                                  # renders the others: runs/evaluate
    python -m benchmarks.landmarks --faces runs/faces --run runs/evaluate

writes benchmarks/landmarks.json and cfer/explain/assets/landmarks.safetensors. The error is the mean distance over the
distance between the outer corners of the eyes.
"""

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

from cfer.checkpoint import Checkpoint, load_checkpoint, model_digest
from cfer.data.readers import read_data
from cfer.explain.landmarks import fit_landmarker, save_landmarker
from cfer.features.table import pooled_features
from cfer.synth.dataset import MANIFEST
from cfer.training.au_supervision import load_rendered

ASSET = Path(__file__).parent.parent / "cfer" / "explain" / "assets" / "landmarks.safetensors"
PENALTIES = (0.001, 0.01, 0.1, 1.0)
HELD_OUT = 0.2
PARTS = {"jaw": range(17), "brows": range(17, 27), "nose": range(27, 36), "eyes": range(36, 48), "mouth": range(48, 68)}


def read(checkpoint: Checkpoint, folder: Path) -> tuple[Tensor, Tensor]:
    """Features (N, C) and true landmarks (N, 68, 2) of a folder's faces, person by person."""
    crops = load_rendered(read_data(folder / MANIFEST), checkpoint.preprocessing, progress=True)
    parts = [
        pooled_features(checkpoint.model, checkpoint.preprocessing.enlarge(pixels.float() / 255))
        for pixels in crops.pixels.split(64)
    ]
    return torch.cat(parts).clone(), crops.landmarks


def error(found: Tensor, true: Tensor) -> Tensor:
    """Distance of every landmark (N, 68) over the distance between the eyes' outer corners."""
    eyes = (true[:, 36] - true[:, 45]).norm(dim=1)
    return (found - true).norm(dim=2) / eyes[:, None]


def main() -> None:
    """Choose the penalty on the last people of the first folder, measure on the second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--run", type=Path, default=Path("runs/evaluate"))
    chosen = parser.parse_args()
    checkpoint = load_checkpoint()
    checkpoint.model.eval()
    x, y = read(checkpoint, chosen.faces)
    cut = round(len(x) * (1 - HELD_OUT))  # rows are sorted by person
    tried = {p: float(error(fit_landmarker(x[:cut], y[:cut], p)(x[cut:]), y[cut:]).mean()) for p in PENALTIES}
    penalty = min(tried, key=lambda p: tried[p])
    landmarker = fit_landmarker(x, y, penalty, model_digest(checkpoint.model.backbone))
    save_landmarker(landmarker, ASSET)
    test_x, test_y = read(checkpoint, chosen.run / "faces")
    off = error(landmarker(test_x), test_y)
    mean = y.mean(0).expand_as(test_y)
    found = {
        "fitted_on": len(x),
        "tested_on": len(test_x),
        "penalties": tried,
        "penalty": penalty,
        "error": float(off.mean()),
        "error_by_part": {name: float(off[:, list(part)].mean()) for name, part in PARTS.items()},
        "within_10_percent": float((off.mean(1) < 0.1).float().mean()),
        "error_of_the_mean_shape": float(error(mean, test_y).mean()),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
