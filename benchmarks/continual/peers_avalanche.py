"""Our learners beside avalanche-lib's of the same name, on the same cached features, steps and budgets.

    pip install avalanche-lib==0.6.0      (in an environment of its own, beside this package)
    python -m benchmarks.continual.peers_avalanche --run runs/benchmark/muscles      writes results/peers_avalanche.json

RUN is a folder of `cfer evaluate` on rendered people; its features and faces are read. Both sides see the same
pictures in the same steps, their features standardised by the first step's, keep 20 exemplars a class, and take about
as many optimiser steps (AdamW, the same rate and decay). What still differs is said under "differs".
"""

import argparse
import json
import logging
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from benchmarks.common.results import write_result
from cfer.checkpoint import load_checkpoint
from cfer.data.readers import read_data
from cfer.evaluation.run import run_learner
from cfer.features.table import extract_features
from cfer.learners import REGISTRY
from cfer.learners.heads import HeadFit
from cfer.learners.standardised import scale_of
from cfer.learners.streaming_lda import StreamingLda
from cfer.protocol.protocol import Protocol, streams
from cfer.protocol.stream import Stream
from cfer.synth.dataset import MANIFEST

PER_CLASS = 20
HALF = 32  # a batch is half new and half remembered
FIT = HeadFit()
BARE = "streaming-lda, 1e-4"
"""Ours without the scaler that all of the registry have."""
DIFFERS = {
    "er": "nothing but what chance draws",
    "er-ace": "nothing but what chance draws",
    "der++": "avalanche's head has all columns from the start, and stored logits of classes not seen yet are kept too",
    "icarl": "ours herds normalised features, avalanche plain ones",
    "streaming-lda": "avalanche shrinks by 1e-4 towards the identity and updates its covariance picture by picture",
    BARE: "as above, ours now with that shrinkage, towards a scaled identity",
    "lwf": "nothing but what chance draws; avalanche's weight is 4 to make up for the T^2 that it leaves out",
}


def standardised(stream: Stream) -> Stream:
    """A stream with features that are standardised by step 0 as our learners do it (`scale_of`)."""
    fitted = scale_of(stream.step(0))
    train, test = (replace(part, x=(part.x - fitted["mean"]) / fitted["scale"]) for part in (stream.train, stream.test))
    return replace(stream, train=train, test=test)


def avalanche_accuracy(name: str, stream: Stream) -> list[float]:
    """Accuracy over all seen classes after each step with avalanche's strategy of that name."""
    from avalanche.benchmarks import nc_benchmark
    from avalanche.benchmarks.utils import as_classification_dataset
    from avalanche.models import IncrementalClassifier
    from avalanche.training.plugins import EvaluationPlugin, ReplayPlugin
    from avalanche.training.storage_policy import ClassBalancedBuffer
    from avalanche.training.supervised import DER, ER_ACE, ICaRL, LwF, Naive, StreamingLDA
    from avalanche.training.supervised.der import ClassBalancedBufferWithLogits

    width, classes = stream.train.x.shape[1], len(stream.classes)

    def dataset(x: Tensor, y: Tensor):
        rows = TensorDataset(x, y)
        setattr(rows, "targets", y.tolist())  # noqa: B010 - an attribute that avalanche asks for
        return as_classification_dataset(rows)

    steps = nc_benchmark(
        dataset(stream.train.x, stream.train.y),
        dataset(stream.test.x, stream.test.y),
        n_experiences=len(stream),
        task_labels=False,
        fixed_class_order=list(range(classes)),
        per_exp_classes={0: stream.base},
    )
    grown = IncrementalClassifier(width, initial_out_features=stream.base)
    model: nn.Module = nn.Linear(width, classes) if name in ("der++", "icarl") else grown

    def optimizer(module: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.AdamW(module.parameters(), FIT.learning_rate, weight_decay=FIT.weight_decay)

    common = {"evaluator": EvaluationPlugin(), "train_mb_size": HALF, "eval_mb_size": 4096}
    criterion, budget = nn.CrossEntropyLoss(), PER_CLASS * classes
    if name == "er":
        buffer = ClassBalancedBuffer(budget, adaptive_size=False, total_num_classes=classes)
        replay = ReplayPlugin(budget, batch_size=HALF, batch_size_mem=HALF, storage_policy=buffer)
        strategy = Naive(model=model, optimizer=optimizer(model), criterion=criterion, plugins=[replay], **common)
    elif name == "er-ace":
        strategy = ER_ACE(
            model=model, optimizer=optimizer(model), criterion=criterion, mem_size=budget, batch_size_mem=HALF, **common
        )
        strategy.storage_policy = ClassBalancedBuffer(budget, adaptive_size=False, total_num_classes=classes)
    elif name == "der++":
        strategy = DER(
            model=model,
            optimizer=optimizer(model),
            criterion=criterion,
            mem_size=budget,
            batch_size_mem=HALF,
            alpha=0.3,
            beta=1.0,
            **common,
        )
        strategy.storage_policy = ClassBalancedBufferWithLogits(budget, adaptive_size=False, total_num_classes=classes)
    elif name == "icarl":
        strategy = ICaRL(
            feature_extractor=nn.Identity(),
            classifier=model,
            optimizer=optimizer(model),
            memory_size=PER_CLASS,
            buffer_transform=None,
            fixed_memory=False,
            **common,
        )
    elif name == "lwf":
        strategy = LwF(
            model=model,
            optimizer=optimizer(model),
            criterion=criterion,
            alpha=4.0,
            temperature=2.0,
            **{**common, "train_mb_size": FIT.batch_size},
        )
    else:
        strategy = StreamingLDA(
            slda_model=nn.Identity(),
            criterion=criterion,
            input_size=width,
            num_classes=classes,
            shrinkage_param=1e-4,
            **{**common, "train_mb_size": 4096},
        )
    found = []
    for number, experience in enumerate(steps.train_stream):
        step = stream.step(number)
        remembered = 0 if number == 0 or name == "lwf" else PER_CLASS * step.new.start
        rows = 2 * max(remembered, len(step.x)) if remembered else len(step.x)
        batches = math.ceil(rows / FIT.batch_size)
        wanted = batches * max(FIT.epochs, math.ceil(FIT.least / batches))  # what ours takes
        an_epoch = math.ceil(max(remembered, len(step.x)) / strategy.train_mb_size)
        still = name in ("icarl", "streaming-lda")  # nothing here is learned by gradients
        strategy.train_epochs = 1 if still else math.ceil(wanted / an_epoch)
        strategy.train(experience, num_workers=0)
        asked = stream.test.y < step.seen
        strategy.model.eval()
        with torch.no_grad():
            x = stream.test.x[asked]
            scores = strategy.predict(x) if name == "streaming-lda" else strategy.model(x)
        found.append(float((scores[:, : step.seen].argmax(1) == stream.test.y[asked]).float().mean()))
    return found


def our_accuracy(name: str, stream: Stream, seed: tuple[int, ...]) -> list[float]:
    """The same with ours."""
    made = StreamingLda(shrinkage=1e-4) if name == BARE else REGISTRY[name].make(PER_CLASS)
    predicted, _ = run_learner(made, stream, seed)
    seen = [stream.test.y < stream.step(number).seen for number in range(len(stream))]
    return [
        float((row[asked] == stream.test.y[asked]).float().mean()) for row, asked in zip(predicted, seen, strict=True)
    ]


def compare(name: str, ours: list[list[float]], theirs: list[list[float]]) -> dict[str, object]:
    """Average incremental and last accuracy of both, and ours less theirs with a t-interval over folds."""
    mine, peers = np.array(ours), np.array(theirs)  # (folds, steps)
    gap = mine.mean(1) - peers.mean(1)
    half = 2.776 * gap.std(ddof=1) / len(gap) ** 0.5 if len(gap) == 5 else float("nan")  # t of 4 degrees of freedom
    return {
        "average_incremental": [float(mine.mean()), float(peers.mean())],
        "last": [float(mine[:, -1].mean()), float(peers[:, -1].mean())],
        "ours_less_theirs": [float(gap.mean()), float(gap.mean() - half), float(gap.mean() + half)],
        "differs": DIFFERS[name],
    }


def main() -> None:
    """Run both sides on five folds, one class order each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path, default=Path("runs/benchmark/muscles"))
    run = parser.parse_args().run
    warnings.simplefilter("ignore")  # avalanche's own
    logging.disable(logging.INFO)
    checkpoint = load_checkpoint()
    table = read_data(run / "faces" / MANIFEST)
    features = extract_features(checkpoint.model, table, checkpoint.preprocessing, run / "features.safetensors")
    protocol = Protocol(folds=10, orders=1)
    found: dict[str, object] = {}
    plain = [next(streams(features, protocol, fold)) for fold in range(5)]
    cut = [standardised(stream) for stream in plain]
    theirs: dict[str, list[list[float]]] = {}
    for name in DIFFERS:
        peer = name.split(",")[0]
        if peer not in theirs:
            theirs[peer] = [_seeded(lambda s=stream, p=peer: avalanche_accuracy(p, s)) for stream in cut]
        own = cut if name == BARE else plain  # all others standardise by themselves
        ours = [our_accuracy(name, stream, (0, 3, fold, 0)) for fold, stream in enumerate(own)]
        found[name] = compare(name, ours, theirs[peer])
        print(name, json.dumps(found[name]), flush=True)
    head = {"avalanche": "0.6.0", "torch": torch.__version__, "folds": len(cut), "exemplars_a_class": PER_CLASS}
    write_result("peers_avalanche", head | {"methods": found})


def _seeded(run: Callable[[], list[float]]) -> list[float]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return run()


if __name__ == "__main__":
    main()
