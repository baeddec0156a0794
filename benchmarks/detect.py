"""Finding faces in a 12-megapixel photograph against its 1-megapixel copy.

    python benchmarks/detect.py            writes benchmarks/detect.json

The time of reading a large picture should be its decoding plus what the small copy costs.
"""

import io
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.data import astronaut

from cfer.faces.detect import detect_faces
from cfer.pictures import read_picture

ROUNDS = 15


def encoded(side: int) -> bytes:
    """The photograph as a JPEG of a given side."""
    buffer = io.BytesIO()
    Image.fromarray(astronaut()).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def milliseconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measure and write."""
    files = {"12 megapixels": encoded(3464), "1 megapixel": encoded(1000)}
    pictures: dict[str, np.ndarray] = {name: read_picture(data) for name, data in files.items()}
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name in files:
            times.setdefault(f"decode {name}", []).append(milliseconds(lambda n=name: read_picture(files[n])))
            times.setdefault(f"detect {name}", []).append(milliseconds(lambda n=name: detect_faces(pictures[n])))
    medians = {name: round(statistics.median(values), 2) for name, values in times.items()}
    result = {
        "command": "python benchmarks/detect.py",
        "rounds": ROUNDS,
        "median_ms": medians,
        "detect_12_over_1_megapixel": round(medians["detect 12 megapixels"] / medians["detect 1 megapixel"], 2),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
