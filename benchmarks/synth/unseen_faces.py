"""How the default checkpoint reads rendered people whom neither training nor tuning has seen, over all its classes.

    python -m benchmarks.synth.unseen_faces --faces runs/evaluate --people 40      writes results/unseen_faces.json

RUN/faces holds people from 8000 on as `cfer evaluate` renders them; what is missing is rendered here.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import torch.nn.functional as F

from benchmarks.common.results import write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.emotions import BASICS
from cfer.evaluation.bootstrap import bootstrap_interval
from cfer.evaluation.metrics import accuracy, count_table, expected_calibration_error, recalls
from cfer.features.table import extract_features
from cfer.measure.checkpoint import MEASURED_FIRST
from cfer.synth.dataset import MANIFEST, Plan, render_folder


def main() -> None:
    """Render what is missing, read, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=Path, default=Path("runs/evaluate"))
    parser.add_argument("--people", type=int, default=230)
    arguments = parser.parse_args()
    run = arguments.faces
    render_folder(Plan(arguments.people, first=MEASURED_FIRST), run / "faces", os.cpu_count() or 1)
    checkpoint = load_checkpoint()
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, run / "features.safetensors")
    head, names = checkpoint.model.head, checkpoint.names
    chances = F.linear(features.x, head.weight, head.bias).softmax(1).detach().numpy()
    true = np.array([names.index(str(s.label)) for s in features.table.samples])
    people = np.unique([s.group for s in features.table.samples], return_inverse=True)[1]
    counts = count_table(true, chances.argmax(1), len(names))
    basic = true < len(BASICS)
    seven = count_table(true[basic], chances[basic][:, : len(BASICS)].argmax(1), len(BASICS))
    found = {
        "classes": list(names),
        "people": int(people.max()) + 1,
        "pictures": len(true),
        "no_face": len(features.refused),
        "accuracy": accuracy(counts),
        "accuracy_interval": bootstrap_interval((chances.argmax(1) == true).astype(float), people),
        "calibration_error": expected_calibration_error(chances, true),
        "recall": dict(zip(names, map(float, recalls(counts)), strict=True)),
        "asked_for_the_seven": dict(zip(BASICS, map(float, recalls(seven)), strict=True)),
        "counts": counts.tolist(),
    }
    write_result("unseen_faces", found)
    print(f"{found['accuracy']:.4f}", found["accuracy_interval"], f"calibration error {found['calibration_error']:.4f}")


if __name__ == "__main__":
    main()
