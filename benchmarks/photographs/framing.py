"""Where FER+ pictures have their faces: the source of the constants in `cfer/faces/align.py`.

    python benchmarks/photographs/framing.py --data ferplus.zip       writes results/framing.json

Every 55th training picture is enlarged, put on a grey ground and searched with the project's detector.
"""

import argparse
import json

import numpy as np
from PIL import Image

from benchmarks.common.results import write_result
from cfer.data.readers import read_data
from cfer.faces.detect import detect_faces

SIDE, MARGIN = 144, 56


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    table = read_data(parser.parse_args().data).part("train")
    widths, heights = [], []
    rows = table.samples[::55]
    for sample in rows:
        picture = Image.fromarray(table.source.read(sample.path)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        canvas = np.full((SIDE + 2 * MARGIN,) * 2 + (3,), int(np.asarray(picture).mean()), np.uint8)
        canvas[MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE] = np.asarray(picture)
        faces = detect_faces(canvas)
        if faces:
            points = (faces[0].points - MARGIN) / SIDE
            widths.append(SIDE / faces[0].width)
            heights.append(float((points[:2].mean(0)[1] + points[3][1]) / 2))
    result = {
        "command": "python benchmarks/photographs/framing.py --data ferplus.zip",
        "pictures": len(rows),
        "found": len(widths),
        "median_side_over_box_width": round(float(np.median(widths)), 3),
        "median_height_of_the_eye_mouth_middle": round(float(np.median(heights)), 3),
    }
    write_result("framing", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
