"""What learning and answering cost, method by method, and what the default costs at 20,000 pictures.

    python -m benchmarks.continual.speed --run runs/benchmark/muscles      writes results/continual_speed.json
    python -m benchmarks.continual.speed --forward                         measures answering alone again

RUN is a folder of `cfer evaluate` on rendered people; its features and faces are read.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.common.results import read_result, write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.evaluation.run import evaluate, run_learner
from cfer.features.table import extract_features
from cfer.learners import REGISTRY
from cfer.protocol.protocol import Protocol, Setting, streams
from cfer.protocol.stream import Stream
from cfer.synth.dataset import MANIFEST

DEFAULT = "compositional"
CLOSED_FORM = (DEFAULT, "closed-form", "streaming-lda", "nearest-mean", "teen")
PICTURES = 20_000
ASKED = 2_000


def enlarged(stream: Stream, size: int) -> Stream:
    """The same stream with its training pictures repeated up to a number."""
    train = stream.train
    return replace(stream, train=train.rows(torch.arange(size) % len(train.y)))


def forward_seconds(method: str, stream: Stream) -> float:
    """Seconds to score pictures over all classes once they are learned (one shot each, for speed): best of five."""
    learner = REGISTRY[method].make(5)
    for number in range(len(stream)):
        learner.observe(stream.step(number), torch.Generator().manual_seed(0))
    x = stream.test.x[torch.arange(ASKED) % len(stream.test.x)]
    time.sleep(1)  # scikit-learn's threads go on spinning for a while after a fit
    times = []
    for _ in range(6):  # the first may solve for what the rest reuse
        began = time.perf_counter()
        learner.logits(x)
        times.append(time.perf_counter() - began)
    return min(times[1:])


def main() -> None:
    """Measure everything in one run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    parser.add_argument("--forward", action="store_true", help="Measure answering alone again, keep the rest")
    chosen = parser.parse_args()
    run = chosen.run
    cores = os.cpu_count() or 1
    checkpoint = load_checkpoint()
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, run / "features.safetensors")
    stream = next(streams(features, Protocol(orders=1), 0))

    if chosen.forward:
        few = replace(stream, train=stream.train.rows(torch.arange(0, len(stream.train.y), 5)))
        found = read_result("continual_speed")
        write(found | forward_of(few))
        return

    began = time.perf_counter()
    run_learner(REGISTRY[DEFAULT].make(), enlarged(stream, PICTURES), (0,))
    whole = time.perf_counter() - began

    few = replace(stream, train=stream.train.rows(torch.arange(0, len(stream.train.y), 5)))
    forward = forward_of(few)

    with tempfile.TemporaryDirectory() as folder:
        settings = tuple(Setting(name, shots) for name in CLOSED_FORM for shots in (1, None))
        protocol = Protocol(folds=10, orders=10)
        began = time.perf_counter()
        for _ in evaluate(features, protocol, settings, Path(folder), processes=cores):
            pass
        grid = time.perf_counter() - began
    found = {
        "cores": cores,
        "default": {"method": DEFAULT, "pictures": PICTURES, "steps": len(stream), "seconds": whole},
        "closed_form_grid": {"methods": CLOSED_FORM, "shots": [1, "all"], "folds": 10, "orders": 10, "seconds": grid},
        **forward,
    }
    write(found)


def forward_of(stream: Stream) -> dict[str, object]:
    """What answering costs once everything is solved, by method, relative to a linear head."""
    seconds = {name: forward_seconds(name, stream) for name in REGISTRY}
    linear = seconds["nearest-mean"]
    return {
        "forward_of_a_linear_head": {"pictures": ASKED, "seconds": linear},
        "forward": {name: round(each / linear, 2) for name, each in seconds.items()},
    }


def write(found: dict[str, object]) -> None:
    """Write and show the results."""
    write_result("continual_speed", found)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
