"""How many pictures a second: `cfer read --out` against a plain loop over `Reader.read`, on the same pictures.

    python -m benchmarks.batches --pictures FOLDER [--count 2000]

Both start from nothing: the command with its processes, the loop with its one. The loop may use as many threads as it
likes. It reads the first tenth of the pictures before and another tenth after the command, because machines get slower
and faster; each reading is timed alone, and the loop's start is added to the time that all pictures would take it.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from cfer.batch import Listed, list_pictures, read_many
from cfer.cores import usable_cores
from cfer.files import write_json
from cfer.reader import Reader

OUT = Path(__file__).with_name("batches.json")


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
    given = parser.parse_args()
    pictures = list_pictures([given.pictures])[: given.count]
    if len(pictures) < given.count:
        raise SystemExit(f"There are only {len(pictures)} pictures.")
    tenth = given.count // 10

    start = time.perf_counter()
    reader = Reader()
    loop_seconds(reader, pictures[:1])
    loading = time.perf_counter() - start
    seconds = loop_seconds(reader, pictures[:tenth])

    ticks: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = read_many(
            pictures,
            Path(folder) / "table.csv",
            reader,
            processes=usable_cores(),
            tick=lambda count: ticks.append((time.perf_counter() - start, count)),
        )
        whole = time.perf_counter() - start
    seconds += loop_seconds(reader, pictures[-tenth:])

    mean = statistics.fmean(seconds)
    first, last = ticks[1][0], ticks[-1][0]  # the first tick says what was found before: nothing
    flowing = sum(count for _, count in ticks[2:]) / (last - first)
    in_all = given.count / (loading + mean * given.count)
    result = {
        "pictures": done.pictures,
        "faces": done.faces,
        "processes": usable_cores(),
        "loop": {"start_seconds": loading, "pictures_a_second": 1 / mean, "pictures_a_second_with_start": in_all},
        "command": {
            "seconds": whole,
            "first_part_after_seconds": first,
            "pictures_a_second_once_started": flowing,
            "pictures_a_second_with_start": given.count / whole,
        },
        "ratio_once_started": flowing * mean,
        "ratio_with_start": given.count / whole / in_all,
    }
    write_json(OUT, result)
    for name, value in result.items():
        print(name, value)


if __name__ == "__main__":
    main()
