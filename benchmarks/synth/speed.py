"""CPU seconds a rendered picture of 224 x 224 takes, and the memory of the process that renders.

    python -m benchmarks.synth.speed

writes results/synth_speed.json. One process, one core; five people in all 22 classes, after a picture that compiles
and loads everything. A new person's figure is counted apart.
"""

import json
import resource
import statistics
import time

from benchmarks.common.results import write_result
from cfer.synth.dataset import Plan, take
from cfer.synth.figure import build_figure
from cfer.synth.truth import encode_truth


def main() -> None:
    """Measure and write."""
    take(Plan(1, 1, 8999).shots()[0])
    pictures, figures, truths = [], [], []
    for person in range(9000, 9005):
        start = time.process_time()
        build_figure(person)
        figures.append(time.process_time() - start)
        for shot in Plan(1, 1, person).shots():
            start = time.process_time()
            _, truth = take(shot)
            pictures.append(time.process_time() - start)
            start = time.process_time()
            encode_truth(truth)
            truths.append(time.process_time() - start)
    median = statistics.median(pictures)
    result = {
        "command": "python -m benchmarks.synth.speed",
        "pictures": len(pictures),
        "cpu_seconds_a_picture": {"median": round(median, 4), "worst": round(max(pictures), 4)},
        "pictures_a_core_second": round(1 / median, 2),
        "cpu_seconds_a_person": round(statistics.median(figures), 3),
        "cpu_seconds_to_code_a_truth": round(statistics.median(truths), 4),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }
    write_result("synth_speed", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
