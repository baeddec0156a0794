"""How the settings of the compositional heads were chosen: one at a time, on people whom no report uses.

    cfer synth --people 80 --per-class 2 --first 6000 --out runs/faces
    python -m benchmarks.continual.tune_composition --faces runs/faces --ferplus ferplus.zip
                                                                  writes results/tune_composition.json

A setting is judged by the harmonic mean of old and new after one shot a class, and by the average incremental accuracy
with all pictures; the first lesson should cost the old classes little. What decides between few pictures and many is
looked at on the validation pictures of FER+, too, where classes lie closer together.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.common.results import write_result
from benchmarks.continual.ablations import ferplus_features, ours, scored
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.features.table import FeatureTable, extract_features
from cfer.learners.base import Learner
from cfer.learners.compositional import Composition
from cfer.learners.standardised import FLOOR
from cfer.protocol.protocol import Protocol
from cfer.synth.dataset import MANIFEST

TRIED = {
    "share": (0.3, 0.4, 0.5, 0.6, 0.8),
    "prototype": (0.0, 0.25, 0.5, 0.75, 1.0),
    "inside": (0.1, 0.25, 0.5, 1.0, 2.0),
    "outside": (3.0, 5.0, 7.0, 10.0, 14.0, 20.0),
    "unseen": (0.0, 0.25, 0.5, 0.75, 1.0),
    "shrinkage": (0.05, 0.1, 0.2, 0.3, 0.5),
    "floor": (0.0, 0.02, 0.05, 0.1, 0.2, 0.5),
}
ON_FERPLUS = ("outside", "unseen")
CHOSEN = asdict(Composition()) | {"floor": FLOOR}
PROTOCOL, PARTS = Protocol(folds=5, orders=1), Protocol(folds=1, orders=5)


def changed(name: str, value: float) -> Callable[[], Learner]:
    """Our learner with another value of one setting."""
    if name == "floor":
        return lambda: ours(floor=value)
    return lambda: ours(replace(Composition(), **{name: value}))


def tested_on_validation(features: FeatureTable) -> FeatureTable:
    """Without the test part, and tested on the validation part."""
    rows = features.table.samples
    kept = [i for i, row in enumerate(rows) if row.split != "test"]
    parts = tuple(replace(rows[i], split="test" if rows[i].split == "validation" else "train") for i in kept)
    return replace(features, table=replace(features.table, samples=parts), x=features.x[kept])


def scores(features: FeatureTable, make: Callable[[], Learner], protocol: Protocol) -> dict[str, float]:
    """What a setting is judged by."""
    none, one, every = (scored(features, shots, make, protocol).point for shots in (0, 1, None))
    found = {
        "zero_shot_harmonic": none["harmonic"],
        "one_shot_harmonic": one["harmonic"],
        "one_shot_average_incremental": one["average_incremental"],
        "first_loss": one["first_loss"],
        "all_average_incremental": every["average_incremental"],
        "all_harmonic": every["harmonic"],
    }
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    """Vary each setting around the chosen ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--ferplus", type=Path, required=True)
    given = parser.parse_args()
    checkpoint = load_checkpoint()
    table = read_data(given.faces / MANIFEST)
    cache = given.faces / "features.safetensors"
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, cache, progress=True)
    photographs = ferplus_features(checkpoint, given.ferplus, given.faces / "ferplus.safetensors")
    photographs = tested_on_validation(photographs)
    rows = []
    for name, values in TRIED.items():
        for value in values:
            row: dict[str, Any] = {"setting": name, "value": value, "chosen": value == CHOSEN[name]}
            row |= scores(features, changed(name, value), PROTOCOL)
            if name in ON_FERPLUS:
                row["ferplus"] = scores(photographs, changed(name, value), PARTS)
            rows.append(row)
            print(row, flush=True)
    found = {"people": len({s.group for s in table.samples}), "chosen": CHOSEN, "tried": rows}
    write_result("tune_composition", found)


if __name__ == "__main__":
    main()
