"""What the app shows of committed results.

python -m benchmarks.app.app_assets     writes cfer/app/assets/methods.json from saliency.json and
                                    photograph_maps.json, streams.json from continual.json
"""

import json
from typing import Any

from benchmarks.common.results import ROOT, read_result
from benchmarks.explanations.saliency_methods import DEFAULT
from cfer.app.panels.map_kinds import SAME, SHOWN
from cfer.explain.methods import INTEGRATED_GRADIENTS, METHODS

ASSETS = ROOT / "cfer" / "app" / "assets"
STREAMS = (("compositional", 0), ("predictive-replay", 20), ("fine-tuning", 0))
"""Learners and exemplars a class: this project's, the paper's, and one that does nothing against forgetting."""


def verdicts(rendered: dict[str, Any], photographs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is known of methods, by key: localization of each map and of the mean map of others, by kind of picture.

    "class_likeness" is how alike a method's maps of different classes are, "twin" the method whose maps it has, with
    their likeness, if any.
    """
    names = {key: METHODS[key].title for key in SHOWN} | {INTEGRATED_GRADIENTS: DEFAULT}
    drawn, taken = rendered["methods"], photographs["methods"]
    found: dict[str, dict[str, Any]] = {}
    for key, title in names.items():
        found[key] = {
            kind: {"ratio": row["ratio"], "mean_map": row["mean_map"]}
            for kind, row in (("rendered", drawn.get(title)), ("photographs", taken.get(key)))
            if row
        }
        if key in taken:
            found[key]["class_likeness"] = taken[key]["class_likeness"][0]
            other, likeness = max(photographs["likeness"][key].items(), key=lambda item: item[1])
            if likeness >= SAME:
                found[key]["twin"] = [other, likeness]
    return found


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
    return {
        "methods": verdicts(read_result("saliency"), read_result("photograph_maps")),
        "streams": streams(read_result("continual")),
    }


if __name__ == "__main__":
    for name, content in assets().items():
        (ASSETS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
