"""What the app shows of committed results.

python -m benchmarks.app.app_assets     writes cfer/app/assets/methods.json from saliency.json, streams.json from
                                    continual.json
"""

import json
from typing import Any

from benchmarks.common.results import ROOT, read_result
from benchmarks.explanations.saliency_methods import DEFAULT
from cfer.app.panels.map_kinds import SHOWN
from cfer.explain.methods import INTEGRATED_GRADIENTS, METHODS

ASSETS = ROOT / "cfer" / "app" / "assets"
STREAMS = (("compositional", 0), ("predictive-replay", 20), ("fine-tuning", 0))
"""Learners and exemplars a class: this project's, the paper's, and one that does nothing against forgetting."""


def verdicts(table: dict[str, Any]) -> dict[str, dict[str, list[float]]]:
    """Localization on rendered people, and that of the mean map of all faces, by the method's key."""
    names = {key: METHODS[key].title for key in SHOWN} | {INTEGRATED_GRADIENTS: DEFAULT}
    rows = table["methods"]
    return {
        ours: {"ratio": rows[theirs]["ratio"], "mean_map": rows[theirs]["mean_map"]}
        for ours, theirs in names.items()
        if theirs in rows
    }


def streams(results: dict[str, Any]) -> dict[str, Any]:
    """Accuracy over all classes seen, step by step, of some learners with all pictures of every class."""
    found = results["muscles"]
    rows = {(row["method"], row["memory"]): row for row in found["settings"] if row["shots"] is None}
    return {
        "people": found["people"],
        "orders": found["orders"],
        "step_accuracy": {name: rows[name, memory]["step_accuracy"] for name, memory in STREAMS},
    }


def assets() -> dict[str, Any]:
    """What each file of the app's holds."""
    return {"methods": verdicts(read_result("saliency")), "streams": streams(read_result("continual"))}


if __name__ == "__main__":
    for name, content in assets().items():
        (ASSETS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
