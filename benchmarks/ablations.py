"""What each part of the compositional heads is worth, one taken away at a time.

    python -m benchmarks.ablations --run runs/benchmark/muscles      writes benchmarks/ablations.json

RUN is a folder of `cfer evaluate` on rendered people; its features and faces are read. The protocol is the same, with
one class order. "less" is the score without the part less the score with it, with an interval over people.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.evaluation.protocol import Protocol, Setting
from cfer.evaluation.run import Job, run_job
from cfer.evaluation.tally import Resampled, lead, resample, summarise, tally
from cfer.features.crops import load_crops
from cfer.features.table import FeatureTable, extract_features, pooled_features
from cfer.learners.base import Head, Learner, Step
from cfer.learners.compositional import Composition, Compositional
from cfer.learners.standardised import standardised
from cfer.synth.dataset import MANIFEST

SHOTS = (0, 1, 5, None)
SHOWN = ("average_incremental", "base", "new", "harmonic", "first_loss")
PROTOCOL = Protocol(folds=10, orders=1)
CHOSEN = Composition()


class Unnamed(Compositional):
    """Not told which basics a compound is made of: guesses the mean of all base classes."""

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """See `Compositional.learn`."""
        super().learn(replace(step, constituents=()), generator)


class Uncorrected(Compositional):
    """Offsets as if every mean were known."""

    def solved_head(self) -> Head:
        """See `Compositional.solved_head`."""
        weight, _ = super().solved_head()
        return Head(weight, -0.5 * (weight * self.fitted["means"]).sum(1))


VARIANTS: dict[str, Callable[[], Learner]] = {
    "as it is": Compositional,
    "constituents not named": Unnamed,
    "a compound departs by the whole sum of its constituents": lambda: Compositional(Composition(share=1.0)),
    f"one pull for all directions, worth {CHOSEN.inside:g} pictures": lambda: Compositional(
        Composition(outside=CHOSEN.inside)
    ),
    f"one pull for all directions, worth {CHOSEN.outside:g} pictures": lambda: Compositional(
        Composition(inside=CHOSEN.outside)
    ),
    "no pull: the pictures alone": lambda: Compositional(Composition(inside=1e-9, outside=1e-9)),
    "offsets not corrected for few pictures": Uncorrected,
    "a quarter of the shrinkage": lambda: Compositional(Composition(shrinkage=0.05)),
    "twice the shrinkage": lambda: Compositional(Composition(shrinkage=0.4)),
}
MIRRORED = "every picture read together with its mirror image"


@torch.inference_mode()
def mirrored(checkpoint: Checkpoint, features: FeatureTable) -> FeatureTable:
    """Features averaged with those of the mirror image: for linear heads, the same as averaging the answers."""
    parts = []
    for first in range(0, len(features.table), 128):
        crops = load_crops(features.table.only(features.table.samples[first : first + 128]), checkpoint.preprocessing)
        pixels = crops.batch(torch.arange(len(crops.pixels))).flip(-1)
        parts.append(pooled_features(checkpoint.model, checkpoint.preprocessing.enlarge(pixels)))
    return replace(features, x=(features.x + torch.cat(parts)) / 2)


def scored(
    features: FeatureTable, shots: int | None, make: Callable[[], Learner], protocol: Protocol = PROTOCOL
) -> Resampled:
    """All scores of one variant, over all folds."""
    setting = Setting("compositional", shots)
    jobs = [run_job(Job(setting, n), features, protocol, lambda: standardised(make())) for n in range(protocol.folds)]
    return resample(tally(jobs))


def main() -> None:
    """Run every variant at every number of shots."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    run = parser.parse_args().run
    checkpoint = load_checkpoint()
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, run / "features.safetensors")
    twice = mirrored(checkpoint, features)
    found: dict[str, dict[str, object]] = {}
    for shots in SHOTS:
        whole = scored(features, shots, Compositional)
        number = "all" if shots is None else str(shots)
        for name in (*VARIANTS, MIRRORED):
            one = (
                whole
                if name == "as it is"
                else scored(twice if name == MIRRORED else features, shots, VARIANTS.get(name, Compositional))
            )
            values, less = summarise(one), lead(one, whole)
            found.setdefault(name, {})[number] = {
                "scores": {k: round(values[k].value, 4) for k in SHOWN},
                "less": {k: [round(v, 4) for v in vars(less[k]).values()] for k in SHOWN},
            }
            print(number, name, {k: f"{100 * values[k].value:.1f}" for k in SHOWN}, flush=True)
    head = {"people": len({s.group for s in table.samples}), "folds": PROTOCOL.folds, "orders": PROTOCOL.orders}
    text = json.dumps(head | {"variants": found}, indent=1)
    Path(__file__).with_suffix(".json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
