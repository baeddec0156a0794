"""How many pictures a second: `cfer read --out` against a plain loop over `Reader.read`, on the same pictures.

    python -m benchmarks.app.batches --pictures FOLDER-OR-TABLE [--count 2000] [--fer PYTHON]

The loop reads the first tenth of the pictures before and the last tenth after the others, because machines get slower
and faster; it may use as many threads as it likes. "Once started" leaves out how long either takes to begin; "in all"
is the wall time of the command, and for the loop that of a program that loads a reader and reads one picture, and the
time that all pictures take at the loop's pace. PYTHON is that of an environment with the package `fer`, whose pace
stands beside them; see `benchmarks/photographs/fer_package.py`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common.results import write_result
from benchmarks.photographs.fer_package import ask_fer
from cfer.batch import Listed, list_pictures, read_many
from cfer.reading.reader import Reader
from cfer.system.processes import usable_cores


def loop_seconds(reader: Reader, pictures: list[Listed]) -> list[float]:
    """Seconds of every picture, read and put into plain data one after the other."""
    seconds = []
    for picture in pictures:
        start = time.perf_counter()
        for face in reader.read(picture.open()).faces:
            face.to_dict()
        seconds.append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--fer", help="Python of an environment with the package fer")
    given = parser.parse_args()
    pictures = list_pictures([given.pictures])[: given.count]
    if len(pictures) < given.count:
        raise SystemExit(f"There are only {len(pictures)} pictures.")
    tenth = given.count // 10

    begin = f"from cfer.reading.reader import Reader; Reader().read({str(pictures[0].file)!r})"
    loading = wall(sys.executable, "-c", begin)
    reader = Reader()
    loop_seconds(reader, pictures[:5])
    seconds = loop_seconds(reader, pictures[:tenth])
    with tempfile.TemporaryDirectory() as folder:
        ticks: list[tuple[float, int]] = []
        done = read_many(
            pictures,
            Path(folder) / "table.csv",
            reader,
            processes=usable_cores(),
            tick=lambda count: ticks.append((time.perf_counter(), count)),
        )
        listed = Path(folder) / "list.csv"
        listed.write_text("\n".join(["path", *(str(p.file.resolve()) for p in pictures)]), encoding="utf-8")
        whole = wall(sys.executable, "-m", "cfer", "read", str(listed), "--out", str(Path(folder) / "again.csv"))
    seconds += loop_seconds(reader, pictures[-tenth:])

    pace = 1 / statistics.fmean(seconds)
    # the first tick says what was found before: nothing; the processes end their first parts at about one time
    ready = usable_cores()
    flowing = sum(count for _, count in ticks[ready + 1 :]) / (ticks[-1][0] - ticks[ready][0])
    loop_in_all, in_all = given.count / (loading + given.count / pace), given.count / whole
    result: dict[str, Any] = {
        "pictures": done.pictures,
        "faces": done.faces,
        "processes": usable_cores(),
        "pictures_a_second": {
            "loop": {"once_started": pace, "in_all": loop_in_all},
            "command": {"once_started": flowing, "in_all": in_all},
        },
        "ratio": {"once_started": flowing / pace, "in_all": in_all / loop_in_all},
    }
    if given.fer:
        peer = ask_fer(given.fer, [p.file for p in pictures])
        result["the package fer"] = {key: peer[key] for key in ("pictures_a_second", "faces_found")}
    write_result("batches", result)
    print(json.dumps(result, indent=1))


def wall(*command: str) -> float:
    """Seconds that a program takes from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
