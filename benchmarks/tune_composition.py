"""How the settings of the compositional heads were chosen: one at a time, on people whom no report uses.

    cfer synth --people 80 --per-class 2 --first 6000 --out runs/faces
    python -m benchmarks.tune_composition --faces runs/faces      writes benchmarks/tune_composition.json

A setting is judged by the harmonic mean of old and new after one shot a class, and by the average incremental accuracy
with all pictures; the first lesson should cost the old classes little.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.ablations import scored
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.evaluation.protocol import Protocol
from cfer.features.table import extract_features
from cfer.learners.compositional import Composition, Compositional
from cfer.synth.dataset import MANIFEST

TRIED = {
    "share": (0.3, 0.4, 0.5, 0.6, 0.8),
    "prototype": (0.0, 0.25, 0.5, 0.75, 1.0),
    "inside": (0.1, 0.25, 0.5, 1.0, 2.0),
    "outside": (3.0, 5.0, 7.0, 10.0, 14.0, 20.0),
    "unseen": (1.0, 2.0, 3.0, 4.0, 10.0),
    "shrinkage": (0.05, 0.1, 0.2, 0.3, 0.5),
}
PROTOCOL = Protocol(folds=5, orders=1)


def main() -> None:
    """Vary each setting around the chosen ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    folder = parser.parse_args().faces
    checkpoint = load_checkpoint()
    table = read_data(folder / MANIFEST)
    cache = folder / "features.safetensors"
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, cache, progress=True)
    chosen = Composition()
    rows = []
    for name, values in TRIED.items():
        for value in values:
            settings = replace(chosen, **{name: value})
            one = scored(features, 1, lambda s=settings: Compositional(s), PROTOCOL).point
            none = scored(features, 0, lambda s=settings: Compositional(s), PROTOCOL).point
            every = scored(features, None, lambda s=settings: Compositional(s), PROTOCOL).point
            rows.append(
                {
                    "setting": name,
                    "value": value,
                    "chosen": value == getattr(chosen, name),
                    "zero_shot_harmonic": round(none["harmonic"], 4),
                    "one_shot_harmonic": round(one["harmonic"], 4),
                    "first_loss": round(one["first_loss"], 4),
                    "all_average_incremental": round(every["average_incremental"], 4),
                    "all_harmonic": round(every["harmonic"], 4),
                }
            )
            print(rows[-1], flush=True)
    found = {"people": len({s.group for s in table.samples}), "chosen": asdict(chosen), "tried": rows}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
