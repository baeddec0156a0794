"""All class maps of one face: ours in one pass against pytorch-grad-cam looped over the classes.

    python benchmarks/explanations/maps.py            writes results/maps.json

Same model, same input, same process; times are medians, and only their ratio means anything on another machine.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from skimage.data import astronaut
from torch import Tensor, nn

from benchmarks.common.results import write_result
from cfer.checkpoint import versions
from cfer.explain.maps import class_maps, positive, upsample
from cfer.network.face_model import FaceModel
from cfer.reading.reader import Reader

ROUNDS = 15


class _Features(nn.Module):
    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.features(x)


class _Whole(nn.Module):
    """The same network with its last map as a layer that can be hooked."""

    def __init__(self, model: FaceModel) -> None:
        super().__init__()
        self.model, self.last = model, _Features(model)

    def forward(self, x: Tensor) -> Tensor:
        return self.model.head(self.model.pool(self.last(x)))


def scaled(maps: Tensor, size: int) -> np.ndarray:
    """The library's own finish: min-max, enlarge, min-max again."""
    for step in (lambda m: m, lambda m: upsample(m, size)):
        maps = step(maps)
        low = maps.amin((-2, -1), keepdim=True)
        maps = (maps - low) / (maps - low).amax((-2, -1), keepdim=True).clamp(min=1e-7)
    return maps.numpy()


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Measure, compare, write."""
    reader = Reader()
    model = reader.checkpoint.model
    x = reader.checkpoint.preprocessing([reader.read(astronaut()).faces[0].crop])
    classes = range(len(reader.names))
    whole = _Whole(model).requires_grad_(True)

    def forward() -> Tensor:
        with torch.no_grad():
            return model(x)

    with GradCAM(whole, [whole.last]) as cam:

        def looped() -> np.ndarray:
            return np.stack([cam(x, [ClassifierOutputTarget(k)])[0] for k in classes])

        theirs = looped()
        ours = scaled(positive(class_maps(model, x).maps[0]), x.shape[-1])
        calls = {"forward": forward, "ours": lambda: class_maps(model, x), "pytorch_grad_cam": looped}
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                times[name].append(seconds(call))
    medians = {name: statistics.median(values) for name, values in times.items()}
    result = {
        "command": "python benchmarks/explanations/maps.py",
        "classes": len(classes),
        "input_px": x.shape[-1],
        "rounds": ROUNDS,
        "median_ms": {name: round(1000 * value, 2) for name, value in medians.items()},
        "pytorch_grad_cam_over_ours": round(medians["pytorch_grad_cam"] / medians["ours"], 1),
        "ours_over_forward": round(medians["ours"] / medians["forward"], 3),
        "largest_difference_of_the_finished_maps": float(np.abs(ours - theirs).max()),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }
    write_result("maps", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
