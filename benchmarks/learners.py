"""Continual learners on the derived compounds of FER+, over class orders; and the closed form's shrinkage.

    python benchmarks/learners.py --basic runs/basic --data ferplus.zip      writes benchmarks/learners.json

Runs on the cached features of `cfer train basic`. The shrinkage is chosen on validation pictures of the basic classes
alone; test scores are written beside validation scores and nothing is chosen by them.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from cfer.checkpoint import Head, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.learning.continual import ContinualConfig, balanced_head, build_stream, run_stream
from cfer.learning.features import extract_features
from cfer.learning.finish_basic import labelled_rows
from cfer.learning.learners import REGISTRY
from cfer.learning.learners.closed_form import ClosedForm
from cfer.learning.metrics import accuracy, count_table, macro_recall, stream_scores
from cfer.learning.stream import Stream

ORDERS = 5
SHRINKAGES = (0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


def shrinkage_scores(stream: Stream) -> dict[str, dict[str, float]]:
    """Validation scores of the basic step for each shrinkage, balanced, no prior."""
    held = stream.validation.of(range(stream.base))
    out = {}
    for share in SHRINKAGES:
        learner = ClosedForm(share)
        learner.observe(stream.step(0), torch.Generator())
        predicted = F.linear(held.x, *learner.head()).argmax(1)
        counts = count_table(held.y.numpy(), predicted.numpy(), stream.base)
        out[str(share)] = {"accuracy": accuracy(counts), "macro_recall": macro_recall(counts)}
    return out


def kept_bytes(name: str, stream: Stream, start: Head) -> int:
    """Bytes of state after the whole stream."""
    learner = REGISTRY[name](start.weight, start.bias)
    for number in range(len(stream)):
        learner.observe(stream.step(number), torch.Generator().manual_seed(0))
    return sum(t.numel() * t.element_size() for t in learner.state.values())


def main() -> None:
    """Run, summarise, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--basic", type=Path, default=Path("runs/basic"))
    parser.add_argument("--data", required=True)
    arguments = parser.parse_args()
    checkpoint = load_checkpoint(arguments.basic / "checkpoint")
    table = labelled_rows(split(read_data(arguments.data), seed=checkpoint.facts["seed"]))
    cache = arguments.basic / "features.safetensors"
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, cache, progress=True)
    start = balanced_head(checkpoint)
    result: dict[str, object] = {
        "command": "python benchmarks/learners.py --basic runs/basic --data ferplus.zip",
        "orders": ORDERS,
        "shrinkage_on_validation": shrinkage_scores(build_stream(features, ContinualConfig())),
    }
    for name in REGISTRY:
        runs = []
        for seed in range(ORDERS):
            config = ContinualConfig(name, seed=seed)
            stream = build_stream(features, config)
            steps = run_stream(stream, start, config)
            runs.append({p: asdict(stream_scores([getattr(s, p) for s in steps])) for p in ("validation", "test")})
        summary = {}
        for part in ("validation", "test"):
            keys = [k for k, v in runs[0][part].items() if isinstance(v, float)]
            values = {k: [run[part][k] for run in runs] for k in keys}
            summary[part] = {k: {"mean": np.mean(v), "sd": np.std(v, ddof=1)} for k, v in values.items()}
        summary["bytes_kept"] = kept_bytes(name, build_stream(features, ContinualConfig()), start)
        result[name] = summary
    text = json.dumps(result, indent=2, default=float)
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
