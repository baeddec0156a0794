"""What the page says of a picture, held against its label: words of sureness, families, doubts, muscles, reasons.

    python -m benchmarks.photographs.says PHOTOGRAPHS FERPLUS RENDERED [--checkpoint C]     writes results/says.json

Three sets that nothing was fitted to, at most `MOST` pictures of a class, classes evenly frequent: photographs of the
test part of PHOTOGRAPHS (seven basic labels, noisy); FER+'s test part with its compounds, which are derived from split
votes (48 pixels, read as crops); rendered people of RENDERED as a poor camera takes them, all 22 classes. A label that
the model calls by another name of the same basics counts as wrong, and as of the same family.

By word: the share of answers so called whose label is right, and of those that share a basic with it. The calibration
error is the expected one, of the answer's probability, of its reliability and of its family's probability. A doubt is
any that the page would show; of FER+ only those that are not about the size of the picture. Muscles: by label, faces of
which none is named. Reasons: how often no muscle at work speaks for the answer, so that the first named is at rest.
"""

import argparse
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.common.results import write_result
from cfer.checkpoint.checkpoint import ClassInfo
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.data.splits import split
from cfer.emotions import PRESENT
from cfer.evaluation.bootstrap import group_draws, percentiles
from cfer.pictures import PictureError
from cfer.protocol.stream import stream_label
from cfer.reading.doubts import doubts_about
from cfer.reading.face import FaceReading
from cfer.reading.reader import Reader

MOST = 60
DRAWS = 500
OF_THE_FILE = {"doubt_tiny", "doubt_small"}
"""Doubts about a picture's size, which say nothing where all pictures are small."""


class Said(NamedTuple):
    """What was said of one picture, and what it is labelled."""

    face: FaceReading
    label: str
    person: str


def poor_camera(picture: np.ndarray, seed: int) -> Image.Image:
    """A picture (H, W, 3) grey, noisy, small and compressed, as a poor camera gives it."""
    image = Image.fromarray(picture).convert("L")
    image.thumbnail((160, 160))
    grey = np.asarray(image, float)
    grey = grey + np.random.default_rng(seed).normal(0, 5, grey.shape)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=40)
    return Image.open(buffer)


def read_set(reader: Reader, table: SampleTable, *, cropped: bool = False, camera: bool = False) -> Iterator[Said]:
    """At most `MOST` pictures of each class of the model, in the table's order."""
    taken: dict[str, int] = defaultdict(int)
    for number, sample in enumerate(table.samples):
        label = stream_label(sample)
        if label not in reader.names or taken[label] == MOST:
            continue
        try:
            picture = table.source.read(sample.path)
            shown = poor_camera(picture, number) if camera else picture
            found = reader.read(shown, already_cropped=cropped).faces
        except PictureError:
            continue
        if found:
            taken[label] += 1
            yield Said(found[0], label, sample.group)


def measure(said: Sequence[Said], *, small: bool) -> dict[str, Any]:
    """One set's row."""
    labels = np.array([each.label for each in said])
    people = np.unique([each.person for each in said], return_inverse=True)[1]
    counts = {name: int((labels == name).sum()) for name in sorted(set(labels))}
    weights = np.array([1 / counts[name] for name in labels]) / len(counts)
    drawn = group_draws(int(people.max()) + 1, DRAWS)[:, people]  # (D, N)
    answers = [each.face.answer for each in said]
    right = np.array([a.label == each.label for a, each in zip(answers, said, strict=True)], float)
    family = np.array([bool({*a.family} & {*ClassInfo.of(s.label).parts}) for a, s in zip(answers, said, strict=True)])

    def share(values: np.ndarray, rows: np.ndarray) -> list[float] | None:
        """Weighted share with its interval over people; None where nothing is meant."""
        if not rows.any():
            return None
        w = weights * rows
        with np.errstate(invalid="ignore"):
            spread = (drawn * w) @ values / (drawn @ w)
        return [round(float(v), 4) for v in (w @ values / w.sum(), *percentiles(spread))]

    words = np.array([a.sureness for a in answers])
    by_family = np.array([a.basis == "family" for a in answers])
    doubted = np.array([any(not (small and d.key in OF_THE_FILE) for d in doubts_about(each.face)) for each in said])
    everybody = np.ones(len(said), bool)
    unnamed = np.array([not any(u.intensity >= PRESENT for u in each.face.units) for each in said], float)
    return {
        "pictures": counts,
        "right": share(right, everybody),
        "family right": share(family.astype(float), everybody),
        "by word": {
            word: {
                "answers": int((words == word).sum()),
                "right": share(right, words == word),
                "family right": share(family.astype(float), words == word),
            }
            for word in ("certain", "fairly", "rather", "unsure")
        },
        "answered as a family": {"share": share(by_family.astype(float), everybody), "right": share(family, by_family)},
        "calibration": {
            "probability": calibration(np.array([a.probability for a in answers]), right, weights),
            "reliability": calibration(np.array([a.reliability for a in answers]), right, weights),
            "family": calibration(np.array([a.family_probability for a in answers]), family.astype(float), weights),
        },
        "doubted": {
            "share": share(doubted.astype(float), everybody),
            "right with a doubt": share(right, doubted),
            "right without": share(right, ~doubted),
        },
        "no muscle named": {name: round(float(unnamed[labels == name].mean()), 4) for name in counts},
        "first reason at rest": share(np.array([at_rest(each.face) for each in said], float), labels != "neutral"),
    }


def at_rest(face: FaceReading) -> bool:
    """Whether what is named first as speaking for the answer is that a muscle is at rest."""
    made = face.composition(face.top)
    return made is not None and not any(unit.shown and unit.evidence > 0 for unit in made.units)


def calibration(said: np.ndarray, right: np.ndarray, weights: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error with weights (Guo et al., ICML 2017, eq. 3)."""
    place = np.minimum((said * bins).astype(int), bins - 1)
    gaps = [abs(float((weights * (right - said))[place == b].sum())) for b in range(bins)]
    return round(sum(gaps), 4)


def main() -> None:
    """Read, and measure every set."""
    parser = argparse.ArgumentParser()
    parser.add_argument("photographs", type=Path)
    parser.add_argument("ferplus", type=Path)
    parser.add_argument("rendered", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    asked = parser.parse_args()
    reader = Reader(asked.checkpoint) if asked.checkpoint else Reader()
    seed = reader.checkpoint.facts.seed
    photographs, ferplus = (
        split(read_data(path), seed=seed).part("test") for path in (asked.photographs, asked.ferplus)
    )
    sets = {
        "photographs": list(read_set(reader, photographs)),
        "FER+ with compounds": list(read_set(reader, ferplus, cropped=True)),
        "rendered, poor camera": list(read_set(reader, read_data(asked.rendered), camera=True)),
    }
    found = {name: measure(said, small=name.startswith("FER+")) for name, said in sets.items()}
    for name, row in found.items():
        print(name, row, flush=True)
    print(write_result("says", found, reader.checkpoint))


if __name__ == "__main__":
    main()
