"""Gather the reports of `tools/benchmark.sh` into one committed file.

python -m benchmarks.continual.streams runs/benchmark                 writes results/continual.json
python -m benchmarks.continual.streams runs/benchmark --only muscles  replaces that part's settings that were run again

"votes" is of an earlier version of the package, see docs/benchmark.md.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.results import read_result, write_result

DATA = ("muscles", "votes", "ferplus")
CONFUSIONS = (("compositional", 1, 0), ("compositional", None, 0))


def recall_by_class(confusion: list[list[int]]) -> list[float]:
    """Recall (K,) after the last step from counts (K, K), true by predicted."""
    counts = np.array(confusion)
    return [round(float(v), 4) for v in np.diag(counts) / np.maximum(counts.sum(1), 1)]


def gathered(report: dict[str, Any]) -> dict[str, Any]:
    """A report without the confusions that no page shows, and with recalls by class instead."""
    rows = []
    for row in report["settings"]:
        confusion = row.pop("confusion")
        row["recall"] = recall_by_class(confusion)
        if (row["method"], row["shots"], row["memory"]) in CONFUSIONS:
            row["confusion"] = confusion
        rows.append(row)
    return report | {"settings": rows}


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """An old report with the settings that a new one holds replaced; both draw the same people and shots.

    Raises:
        ValueError: The two are not of the same protocol.
    """
    if any(old[key] != new[key] for key in ("classes", "people", "pictures", "orders", "ours")):
        raise ValueError("The new report is of another protocol.")
    again = {(row["method"], row["shots"], row["memory"]): row for row in new["settings"]}
    rows = [again.get((row["method"], row["shots"], row["memory"]), row) for row in old["settings"]]
    return old | {"settings": rows}


def main() -> None:
    """Read, gather, write; a line a setting."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs/benchmark"))
    parser.add_argument("--only", choices=DATA, help="Replace the settings of one part that RUNS holds, keep the rest")
    chosen = parser.parse_args()
    parts_read = [chosen.only] if chosen.only else DATA
    found = {name: gathered(json.loads((chosen.runs / name / "report.json").read_text())) for name in parts_read}
    if chosen.only:
        kept = read_result("continual")
        found = {name: kept[name] for name in DATA} | {n: merged(kept[n], new) for n, new in found.items()}
    write_result("continual", found)


if __name__ == "__main__":
    main()
