"""What the package `fer` says of pictures, and how long it takes: an independent reader that ships its own weights.

    PYTHON benchmarks/photographs/fer_package.py PICTURES.txt ANSWERS.json      PICTURES.txt has a path a line

PYTHON is that of an environment of its own, because the package asks for old versions: `pip install --no-deps
fer==25.10.3` beside tensorflow, pandas, requests, opencv-contrib-python-headless<5 and setuptools<80. Other benchmarks
run this file by it, see `ask_fer`. It finds faces by Haar cascades; where it finds none, the whole picture is taken for
one. Its network is a small one that was trained on FER2013. Nothing of it is in this project.
"""

import argparse
import importlib
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def ask_fer(python: str, pictures: Sequence[Path]) -> dict[str, Any]:
    """Have another Python read pictures: "answers" by its names, one a picture, "faces_found", "pictures_a_second"."""
    with tempfile.TemporaryDirectory() as folder:
        listed, out = Path(folder) / "pictures.txt", Path(folder) / "answers.json"
        listed.write_text("\n".join(str(path.resolve()) for path in pictures), encoding="utf-8")
        subprocess.run([python, __file__, str(listed), str(out)], check=True, capture_output=True)
        return json.loads(out.read_text(encoding="utf-8"))


def main() -> None:
    """Read, and write an answer a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    reader: Any = importlib.import_module("fer.fer").FER(mtcnn=False)
    opened: Any = importlib.import_module("cv2").imread
    paths = given.pictures.read_text(encoding="utf-8").splitlines()
    reader.detect_emotions(opened(paths[0]))  # what the first picture alone takes is no part of the pace
    answers, found, start = [], 0, time.perf_counter()
    for path in paths:
        picture = opened(path)
        height, width = picture.shape[:2]
        faces = reader.detect_emotions(picture)
        found += bool(faces)
        faces = faces or reader.detect_emotions(picture, [(0, 0, width, height)])
        largest = max(faces, key=lambda face: face["box"][2])["emotions"]
        answers.append(max(largest, key=lambda name: largest[name]))
    seconds = time.perf_counter() - start
    result = {"pictures_a_second": len(paths) / seconds, "faces_found": found, "answers": answers}
    given.out.write_text(json.dumps(result), encoding="utf-8")
    print({key: value for key, value in result.items() if key != "answers"})


if __name__ == "__main__":
    main()
