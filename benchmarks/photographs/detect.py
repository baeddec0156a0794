"""Finding faces: a 12-megapixel photograph against its 1-megapixel copy, and a group of twenty small faces.

    python -m benchmarks.photographs.detect            writes results/detect.json

"One look" is the network once over the whole picture, reduced to 256 pixels: all that was done before small faces were
looked at again, and the measure of what they cost.
"""

import io
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
from PIL import Image
from skimage.data import astronaut

from benchmarks.common.results import write_result
from cfer.faces.detect import MIN_SCORE, detect_faces, one_look
from cfer.pictures import read_picture
from cfer.synth.dataset import Plan, render_table

ROUNDS = 15


def encoded(side: int) -> bytes:
    """The photograph as a JPEG of a given side."""
    buffer = io.BytesIO()
    Image.fromarray(astronaut()).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def group(width: int = 4000, height: int = 3000, face_px: int = 150) -> bytes:
    """Twenty rendered faces, their boxes so many pixels wide, in a 12-megapixel JPEG."""
    people = render_table(Plan(people=20, first=9200, classes=("happy",)))
    canvas = np.full((height, width, 3), 128, np.uint8)
    for number, sample in enumerate(people.samples):
        picture = people.source.read(sample.path)
        side = round(len(picture) * face_px / detect_faces(picture)[0].width)
        row, column = divmod(number, 5)
        y, x = row * 740 + 60 + 23 * column, column * 790 + 40 + 37 * row
        canvas[y : y + side, x : x + side] = np.asarray(Image.fromarray(picture).resize((side, side)))
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def milliseconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measure and write."""
    files = {"12 megapixels": encoded(3464), "1 megapixel": encoded(1000), "group of twenty": group()}
    pictures: dict[str, np.ndarray] = {name: read_picture(data) for name, data in files.items()}
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name in files:
            times.setdefault(f"decode {name}", []).append(milliseconds(lambda n=name: read_picture(files[n])))
            times.setdefault(f"detect {name}", []).append(milliseconds(lambda n=name: detect_faces(pictures[n])))
            times.setdefault(f"one look {name}", []).append(
                milliseconds(lambda n=name: one_look(pictures[n], MIN_SCORE))
            )
    medians = {name: round(statistics.median(values), 2) for name, values in times.items()}
    result = {
        "command": "python -m benchmarks.photographs.detect",
        "rounds": ROUNDS,
        "median_ms": medians,
        "detect_12_over_1_megapixel": round(medians["detect 12 megapixels"] / medians["detect 1 megapixel"], 2),
        "group_over_one_look": round(medians["detect group of twenty"] / medians["one look group of twenty"], 2),
        "faces_found_in_the_group": len(detect_faces(pictures["group of twenty"])),
        "faces_found_at_one_look": len(one_look(pictures["group of twenty"], MIN_SCORE)),
    }
    write_result("detect", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
