"""Ask face-api's expression network about photographs at several framings, and write its answers as teachers' logits.

    python -m tools.teach_photographs FOLDER WEIGHTS

FOLDER has samples.csv, pictures and teachers.npz; WEIGHTS is the npm archive of @vladmandic/face-api, or a safetensors
file of the same tensors with dots for slashes. `basic_logits` is written anew, everything else in teachers.npz stays.

At the framing of the detector's box the network calls every other neutral face sad or disgusted; at wider ones it does
not, and it is right more often on average over several. What remains of its preference for some classes is taken out:
one offset a class, so that on average over the labelled pictures it says each class as often as the labels do.

What the picture was labelled is a second, independent and noisy answer: how often people label a class as another is
estimated from the pictures themselves (Dawid and Skene 1979, with the network in place of the class's base rate), and
the two are combined by Bayes' rule.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.torch import load_file
from scipy.special import log_softmax, softmax
from tqdm import tqdm

from cfer.data.manifest import MANIFEST
from cfer.data.tables import read_table
from cfer.emotions import BASICS, find
from cfer.features.teachers import TEACHERS
from tools.face_api import LABELS, expression_logits, load_weights

ASKED = "face_api_logits"
"""What the network itself answered is kept in teachers.npz, so that it is asked once."""
FRAMINGS = (1.0, 1.15, 1.3, 1.5)
"""By how much the picture is cut down on each side, from all of it; the box of the face lies at 1.7."""
_ROUNDS = 500
_TRUST, _PRIOR_PICTURES, _LABEL_ROUNDS = 0.6, 200.0, 10
"""Before anything is seen a label is right with this probability, as if so many pictures of each class had shown it."""


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


def with_labels(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Combine a network's answers with noisy labels.

    Args:
        logits: Log probabilities (N, K) of the network.
        labels: (N,) index of what each picture was labelled, or -1 for none.

    Returns:
        Log probabilities (N, K).
    """
    count = logits.shape[1]
    prior = np.full((count, count), (1 - _TRUST) / (count - 1))
    np.fill_diagonal(prior, _TRUST)
    shown, rows = np.flatnonzero(labels >= 0), prior  # rows (class, label): how a class is labelled
    combined = log_softmax(logits, 1)
    for _ in range(_LABEL_ROUNDS):
        combined[shown] = log_softmax(logits[shown] + np.log(rows[:, labels[shown]].T), 1)
        seen = np.exp(combined[shown]).T @ np.eye(count)[labels[shown]]
        rows = seen + _PRIOR_PICTURES * prior
        rows = rows / rows.sum(1, keepdims=True)
    return combined


def main() -> None:
    """Ask, align, combine with the labels, write."""
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
    with np.load(arguments.folder / TEACHERS, allow_pickle=False) as file:
        kept = {name: file[name] for name in file.files}
    if len(kept.get(ASKED, ())) != len(rows):
        kept[ASKED] = np.stack(
            [
                expression_logits(weights, crops_of(arguments.folder / row["path"]))[:, order].mean(0)
                for row in tqdm(rows, "asking")
            ]
        )
    labels = [find(row["label"]) for row in rows]
    counts = np.array([labels.count(name) for name in BASICS], dtype=float) + 1
    labelled = np.array([name in BASICS for name in labels])
    logits = kept[ASKED]
    spread = logits[labelled].std()  # the network is far surer than it is right: one temperature for all
    whole = aligned(logits * (2.5 / spread), counts / counts.sum())
    places = np.array([BASICS.index(name) if name in BASICS else -1 for name in labels])
    combined = with_labels(whole, places)
    np.savez(arguments.folder / TEACHERS, **{**kept, "basic_logits": combined.astype(np.float16)})
    for name, before, after in zip(BASICS, np.exp(whole).mean(0), np.exp(combined).mean(0), strict=True):
        print(f"{name:10} {before:.3f} of the answers' weight before the labels, {after:.3f} with them")


if __name__ == "__main__":
    main()
