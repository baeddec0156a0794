"""Ask face-api's expression network about photographs at several framings, and write its answers as teachers' logits.

    python -m tools.teach_photographs FOLDER WEIGHTS

FOLDER has samples.csv, pictures and teachers.npz; WEIGHTS is the npm archive of @vladmandic/face-api, or a safetensors
file of the same tensors with dots for slashes. `basic_logits` is written anew, everything else in teachers.npz stays.

At the framing of the detector's box the network calls every other neutral face sad or disgusted; at wider ones it does
not, and it is right more often on average over several. What remains of its preference for some classes is taken out:
one offset a class, so that on average over the labelled pictures it says each class as often as the labels do. Labels
are used for these seven numbers alone.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import load_file
from scipy.special import log_softmax, softmax
from tqdm import tqdm

from benchmarks.face_api import LABELS, expression_logits, load_weights
from cfer.data.manifest import MANIFEST
from cfer.data.tables import read_table
from cfer.emotions import BASICS, find
from cfer.features.taught import TEACHERS

FRAMINGS = (1.0, 1.15, 1.3, 1.5)
"""By how much the picture is cut down on each side, from all of it; the box of the face lies at 1.7."""
_ROUNDS = 500


def crops_of(path: Path) -> list[np.ndarray]:
    """A picture at every framing, and mirrored."""
    picture = Image.open(path).convert("RGB")
    found = []
    for framing in FRAMINGS:
        side = min(picture.size) / framing
        x0, y0 = (picture.width - side) / 2, (picture.height - side) / 2
        cut = np.asarray(picture.resize((112, 112), Image.Resampling.BILINEAR, box=(x0, y0, x0 + side, y0 + side)))
        found += [cut, np.ascontiguousarray(cut[:, ::-1])]
    return found


def aligned(logits: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Logits (N, 7) with one offset a class, so that the mean probability of each class is its share (7,)."""
    offsets = np.zeros(len(shares))
    for _ in range(_ROUNDS):
        offsets += 0.5 * np.log(shares / softmax(logits + offsets, 1).mean(0))
    return log_softmax(logits + offsets, 1)


def main() -> None:
    """Ask, align, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", type=Path)
    arguments = parser.parse_args()
    if arguments.weights.suffix == ".safetensors":
        weights = {name.replace(".", "/"): value for name, value in load_file(str(arguments.weights)).items()}
    else:
        weights = load_weights(arguments.weights)
    rows = read_table((arguments.folder / MANIFEST).read_bytes(), MANIFEST).rows
    order = [LABELS.index(name) for name in BASICS]
    answers = [
        expression_logits(weights, crops_of(arguments.folder / row["path"]))[:, order].mean(0)
        for row in tqdm(rows, "asking")
    ]
    labels = [find(row["label"]) for row in rows]
    counts = np.array([labels.count(name) for name in BASICS], dtype=float) + 1
    labelled = np.array([name in BASICS for name in labels])
    logits = np.stack(answers)
    spread = logits[labelled].std()  # the network is far surer than it is right: one temperature for all
    whole = aligned(logits * (2.5 / spread), counts / counts.sum())
    with np.load(arguments.folder / TEACHERS, allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    np.savez(arguments.folder / TEACHERS, **{**kept, "basic_logits": whole.astype(np.float16)})


if __name__ == "__main__":
    main()
