"""How alike two crops are that show one picture, and two that show one person twice: where `copies.ALIKE` lies.

    python -m benchmarks.photographs.copies FOLDER      a folder of `cfer synth`; writes results/copies.json

Copies are compressed anew at quality 50, reduced to 160 pixels, or shifted by trimming the picture.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common.results import write_result
from cfer.faces.align import face_crop
from cfer.pictures.near_duplicates import ALIKE, WHOLE_ALIKE, Shown, mark_of


def shown(image: Image.Image) -> Shown:
    """The face of a picture."""
    pixels = np.asarray(image)
    return Shown(face_crop(pixels, already_cropped=False), mark_of(pixels))


def copies_of(image: Image.Image) -> dict[str, Image.Image]:
    """The picture as it comes back from elsewhere."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)
    width, height = image.size
    return {
        "compressed": Image.open(buffer).convert("RGB"),
        "reduced": image.resize((160, 160)),
        "trimmed": image.crop((9, 5, width - 3, height - 2)),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=60)
    arguments = parser.parse_args()
    found: dict[str, list[bool]] = {}
    for person in sorted(arguments.folder.glob("person-*"))[: arguments.people]:
        first, *rest = (Image.open(p).convert("RGB") for p in sorted(person.glob("*.jpg")))
        face = shown(first)
        for kind, copy in copies_of(first).items():
            found.setdefault(kind, []).append(face.same(shown(copy)))
        found.setdefault("another picture of the person", []).extend(face.same(shown(r)) for r in rest)
    report = {
        "command": f"python -m benchmarks.photographs.copies {arguments.folder.name} --people {arguments.people}",
        "thresholds": {"crops": ALIKE, "whole pictures": WHOLE_ALIKE},
        "called one picture": {kind: f"{sum(v)} of {len(v)}" for kind, v in found.items()},
    }
    write_result("copies", report)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
