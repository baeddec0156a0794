"""What a last map twice as fine would be worth, and what it would cost.

    python -m benchmarks.explanations.finer_maps --run runs/evaluate      writes results/finer_maps.json

The default checkpoint's weights as they are, and the same weights at half their output stride (dilated convolutions):
where one-pass maps of the class shown lie on the faces of `benchmarks/explanations/saliency.py`, with intervals over
people, and how long a pass takes, a picture alone and 32 at once. The weights were not learned anew, so that a network
that was learned at the finer stride may do better; the time is what it would take, too. Keep the machine idle.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common.results import write_result
from benchmarks.explanations.saliency import PEOPLE, against_mean_map, interval, truth
from benchmarks.explanations.saliency_methods import Face, last, rendered_faces
from cfer.checkpoint import load_checkpoint
from cfer.network.face_model import FaceModel

BATCHES, ROUNDS = (1, 32), 15


def where(model: FaceModel, seen: list[Face]) -> tuple[dict[str, Any], np.ndarray]:
    """How right the one-pass maps of a model are, and their ratios face by face."""
    maps = [last(model, face.x, face.name) for face in seen]
    own, others = against_mean_map(maps, seen)
    side = maps[0].shape[-1]
    row = {"side": side, "ratio": interval(own), "less_mean_map": interval(own - others), "truth": truth(seen, side)}
    return row, own


@torch.inference_mode()
def pass_ratio(finer: FaceModel, model: FaceModel, x: torch.Tensor) -> float:
    """Time of a pass of one model over that of another, alternately, medians."""
    seconds: dict[FaceModel, list[float]] = {finer: [], model: []}
    for _ in range(ROUNDS + 1):
        for each, taken in seconds.items():
            began = time.perf_counter()
            each(x)
            taken.append(time.perf_counter() - began)
    slow, fast = (statistics.median(taken[1:]) for taken in seconds.values())
    return slow / fast


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path("runs/evaluate"))
    given = parser.parse_args()
    checkpoint = load_checkpoint()
    model = checkpoint.model.eval()
    finer = model.with_stride(model.config.output_stride // 2)
    seen = rendered_faces(checkpoint, given.run)[:PEOPLE]
    plain, plain_ratios = where(model, seen)
    fine, fine_ratios = where(finer, seen)
    many = torch.cat([face.x for face in seen[: max(BATCHES)]])
    found = {
        "command": "python -m benchmarks.explanations.finer_maps --run runs/evaluate",
        "people": len(seen),
        "as it is": plain,
        "twice as fine": fine,
        "ratio_gained": interval(fine_ratios - plain_ratios),
        "pass_over_pass": {str(count): round(pass_ratio(finer, model, many[:count]), 2) for count in BATCHES},
    }
    write_result("finer_maps", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
