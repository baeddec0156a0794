"""What each part of the compositional heads is worth, one taken away at a time.

    python -m benchmarks.continual.ablations --run runs/benchmark/muscles --ferplus ferplus.zip
                                                                  writes results/ablations.json

RUN is a folder of `cfer evaluate` on rendered people; its features and faces are read. The protocol is the same, with
one class order. "less" is the score without the part less the score with it, with an interval over people. What offsets
allow for is taken away on FER+, too, where classes lie closer together.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.common.results import write_result
from cfer.checkpoint import Checkpoint, load_checkpoint
from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.evaluation.person_scores import Resampled, lead, resample, summarise, tally
from cfer.evaluation.run import Job, run_job
from cfer.features.crops import load_crops
from cfer.features.pooled import pooled_features
from cfer.features.table import FeatureTable, extract_features
from cfer.learners.base import Head, Learner, Step
from cfer.learners.compositional import Composition, Compositional
from cfer.learners.standardised import FLOOR, standardised
from cfer.protocol.protocol import Protocol, Setting
from cfer.synth.dataset import MANIFEST

SHOTS = (0, 1, 5, None)
SHOWN = ("average_incremental", "base", "new", "harmonic", "first_loss")
PROTOCOL = Protocol(folds=10, orders=1)
ON_FERPLUS = Protocol(folds=1, orders=5)
CHOSEN = Composition()


class Unnamed(Compositional):
    """Not told which basics a compound is made of: guesses the mean of all base classes."""

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """See `Compositional.learn`."""
        super().learn(replace(step, side=replace(step.side, constituents=())), generator)


class Posterior(Compositional):
    """Takes all that is unsure about a mean for noise, also what the guess has kept out: the posterior's variance.

    For streams of one class a step whose guess is known, and a third of a picture's noise without any, as it was.
    """

    def learn(self, step: Step, generator: torch.Generator) -> None:
        """See `Compositional.learn`."""
        super().learn(step, generator)
        if step.number:
            count = float(len(step.y))
            worth = torch.tensor([[self.settings.inside, self.settings.outside if count else 3.0]])
            kept = self.fitted["mean_variance"][: -len(step.new)]
            self.fitted = self.fitted | {"mean_variance": torch.cat([kept, 1 / (count + worth).clamp(min=1)])}


class Uncorrected(Compositional):
    """Offsets as if every mean were known."""

    def solved_head(self) -> Head:
        """See `Compositional.solved_head`."""
        weight, _ = super().solved_head()
        return Head(weight, -0.5 * (weight * self.fitted["means"]).sum(1))


def ours(settings: Composition = CHOSEN, kind: type[Compositional] = Compositional, floor: float = FLOOR) -> Learner:
    """Our learner with something changed."""
    return standardised(kind(settings), floor)


WHOLE, UNCORRECTED = "as it is", "offsets not corrected for few pictures"
POSTERIOR = "offsets allow for all that is unsure about a mean"
MIRRORED = "every picture read together with its mirror image"
VARIANTS: dict[str, Callable[[], Learner]] = {
    WHOLE: ours,
    "constituents not named": lambda: ours(kind=Unnamed),
    "a compound departs by the whole sum of its constituents": lambda: ours(Composition(share=1.0)),
    f"one pull for all directions, worth {CHOSEN.inside:g} pictures": lambda: ours(Composition(outside=CHOSEN.inside)),
    f"one pull for all directions, worth {CHOSEN.outside:g} pictures": lambda: ours(Composition(inside=CHOSEN.outside)),
    "no pull: the pictures alone": lambda: ours(Composition(inside=1e-9, outside=1e-9)),
    UNCORRECTED: lambda: ours(kind=Uncorrected),
    POSTERIOR: lambda: ours(kind=Posterior),
    "a quarter of the shrinkage": lambda: ours(Composition(shrinkage=0.05)),
    "twice the shrinkage": lambda: ours(Composition(shrinkage=0.4)),
    "features standardised as they come, however little they vary": lambda: ours(floor=0.0),
}


@torch.inference_mode()
def mirrored(checkpoint: Checkpoint, features: FeatureTable) -> FeatureTable:
    """Features averaged with those of the mirror image: for linear heads, the same as averaging the answers."""
    parts = []
    for first in range(0, len(features.table), 128):
        crops = load_crops(features.table.only(features.table.samples[first : first + 128]), checkpoint.preprocessing)
        pixels = crops.batch(torch.arange(len(crops.pixels))).flip(-1)
        parts.append(pooled_features(checkpoint.model, checkpoint.preprocessing.enlarge(pixels)))
    return replace(features, x=(features.x + torch.cat(parts)) / 2)


def ferplus_features(checkpoint: Checkpoint, data: Path, cache: Path) -> FeatureTable:
    """FER+ with its own parts and the compounds that split votes suggest, as `cfer evaluate` takes it."""
    table = split(read_data(data))
    table = table.only(s for s in table.samples if s.label or s.compound)
    return extract_features(checkpoint.model, table, checkpoint.preprocessing, cache)


def scored(
    features: FeatureTable, shots: int | None, make: Callable[[], Learner], protocol: Protocol = PROTOCOL
) -> Resampled:
    """All scores of one variant, over all folds."""
    setting = Setting("compositional", shots)
    jobs = [run_job(Job(setting, n), features, protocol, make) for n in range(protocol.folds)]
    return resample(tally(jobs))


def without(
    variants: Mapping[str, tuple[FeatureTable, Callable[[], Learner]]], protocol: Protocol
) -> dict[str, dict[str, object]]:
    """Scores of variants at every number of shots, beside those of the first one."""
    found: dict[str, dict[str, object]] = {name: {} for name in variants}
    for shots in SHOTS:
        whole: Resampled | None = None
        for name, (features, make) in variants.items():
            one = scored(features, shots, make, protocol)
            whole = whole or one
            values, less = summarise(one), lead(one, whole)
            found[name]["all" if shots is None else str(shots)] = {
                "scores": {k: round(values[k].value, 4) for k in SHOWN},
                "less": {k: [round(v, 4) for v in vars(less[k]).values()] for k in SHOWN},
            }
            print(shots, name, {k: f"{100 * values[k].value:.1f}" for k in SHOWN}, flush=True)
    return found


def main() -> None:
    """Run every variant at every number of shots."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    parser.add_argument("--ferplus", type=Path, required=True)
    given = parser.parse_args()
    checkpoint = load_checkpoint()
    table = read_data(given.run / "faces" / MANIFEST)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, given.run / "features.safetensors")
    twice = mirrored(checkpoint, features)
    cache = given.run.parent / "ferplus" / "features.safetensors"
    photographs = ferplus_features(checkpoint, given.ferplus, cache)
    found = {
        "people": len({s.group for s in table.samples}),
        "folds": PROTOCOL.folds,
        "orders": PROTOCOL.orders,
        "variants": without(
            {name: (features, make) for name, make in VARIANTS.items()} | {MIRRORED: (twice, ours)}, PROTOCOL
        ),
        "ferplus": without(
            {name: (photographs, VARIANTS[name]) for name in (WHOLE, UNCORRECTED, POSTERIOR)}, ON_FERPLUS
        ),
    }
    write_result("ablations", found)


if __name__ == "__main__":
    main()
