"""Render the neutral faces that change maps are held against, into cfer/explain/assets/neutral.png.

    python -m benchmarks.explanations.neutral

People whom neither the benchmark nor the tests measure on; the default checkpoint has learned from others of their
pictures.
"""

import numpy as np
from PIL import Image

from benchmarks.common.results import ROOT
from cfer.faces.align import align
from cfer.faces.detect import detect_faces
from cfer.synth.dataset import Shot, take

OUT = ROOT / "cfer" / "explain" / "assets" / "neutral.png"
FIRST, PEOPLE, SIDE = 6000, 8, 96


def main() -> None:
    """Render, find, align, shrink; one row of grey faces."""
    faces = []
    for person in range(FIRST, FIRST + PEOPLE):
        picture, _ = take(Shot(person, "neutral", 0))
        crop = align(picture, detect_faces(picture)[0])
        faces.append(np.asarray(Image.fromarray(crop).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)))
    Image.fromarray(np.concatenate(faces, axis=1)).save(OUT, optimize=True)


if __name__ == "__main__":
    main()
