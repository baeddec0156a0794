"""How much neutral takes: its recall against that of expressions, as its offset is moved; and faint expressions.

    python -m benchmarks.photographs.faint PHOTOGRAPHS FAINT... --run RUN        writes results/faint.json

On validation photographs of PHOTOGRAPHS neutral's logit is moved from where it is shipped: the curve by which the odds
of neutral in photographs were chosen (`cfer/training/domain_offsets.py`), and the test part where it is shipped. FAINT
are folders of `cfer synth --basics --intensity a` (to c), shown as they are and through cameras (grey levels, blur,
noise, framing drawn as in training). RUN is a run of `cfer train basic` whose cached features are used.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.common.results import write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.emotions import BASICS
from cfer.features.rendered import load_rendered
from cfer.features.table import cache_path, extract_features
from cfer.system.draws import generator_of
from cfer.training.augment import random_views
from cfer.training.config import BasicConfig
from cfer.training.finish_basic import labelled_rows

MOVED = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0)
"""What is added to neutral's logit."""


def recalls(logits: Tensor, labels: np.ndarray, moved: float = 0.0) -> dict[str, float]:
    """Recall of neutral, mean recall of the other basics without fearful, and the share of them called neutral.

    Args:
        logits: (N, 7) in the order of `BASICS`.
        labels: (N,).
        moved: Added to neutral's.
    """
    offset = torch.zeros(len(BASICS))
    offset[BASICS.index("neutral")] = moved
    answers = np.array(BASICS)[(logits + offset).argmax(1).numpy()]
    others = [name for name in BASICS if name not in {"neutral", "fearful"} and (labels == name).any()]
    return {
        "neutral": float((answers[labels == "neutral"] == "neutral").mean()),
        "expressions": float(np.mean([(answers[labels == name] == name).mean() for name in others])),
        "happy": float((answers[labels == "happy"] == "happy").mean()),
        "called neutral": float(np.mean([(answers[labels == name] == "neutral").mean() for name in others])),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photographs", type=Path)
    parser.add_argument("faint", type=Path, nargs="+")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    asked = parser.parse_args()
    checkpoint = load_checkpoint(asked.checkpoint) if asked.checkpoint else load_checkpoint()
    model, preprocessing = checkpoint.model, checkpoint.preprocessing
    seven = [checkpoint.names.index(name) for name in BASICS]

    def logits_of(x: Tensor) -> Tensor:
        return F.linear(x, *checkpoint.head)[:, seven]

    rows = labelled_rows(split(read_data(asked.photographs), seed=checkpoint.facts.seed))
    table = extract_features(model, rows, preprocessing, cache_path(asked.run, rows), progress=True)
    parts: dict[str, tuple[Tensor, np.ndarray]] = {}
    for part in ("validation", "test"):
        mine = [i for i, s in enumerate(table.table.samples) if s.split == part and s.label in BASICS]
        parts[part] = logits_of(table.x[mine]), np.array([table.table.samples[i].label for i in mine])
    found: dict[str, Any] = {
        "photographs, validation": {f"{moved:+.1f}": recalls(*parts["validation"], moved) for moved in MOVED},
        "photographs, test": recalls(*parts["test"]),
    }
    for place in asked.faint:
        faces = load_rendered(read_data(place), preprocessing)
        kept = faces.basic >= 0
        labels = np.array([BASICS[k] for k in faces.basic[kept].tolist()])
        pixels = faces.pixels[kept]
        views = random_views(
            pixels.float() / 255, preprocessing.input_px, BasicConfig().close, generator_of(0, "faint")
        )
        found[place.parent.name if place.suffix else place.name] = {
            name: recalls(logits_of(_pooled(model, inputs)), labels)
            for name, inputs in (
                ("as they are", preprocessing.enlarge(pixels)),
                ("through cameras", preprocessing.normalise(views)),
            )
        }
    print(found)
    print(write_result("faint", found, checkpoint))


@torch.inference_mode()
def _pooled(model: Any, inputs: Tensor) -> Tensor:
    return torch.cat([model.pool(model.features(part)) for part in inputs.split(64)])


if __name__ == "__main__":
    main()
