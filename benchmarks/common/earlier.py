"""Committed results that are not known to be of today's code and checkpoint, with the reason.

Those that today's code would not give are stale: pages that quote them say so.
"""

import json
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_suffix(".json")


def _listed() -> dict[str, Any]:
    return json.loads(LIST.read_text(encoding="utf-8"))


def earlier_files() -> dict[str, str]:
    """For each result that does not name the project's own checkpoint, the reason."""
    return {name: group["why"] for group in _listed()["unnamed"] for name in group["files"]}


def stale_files() -> dict[str, dict[str, str]]:
    """For each stale file its "rows" and the reason, "why"."""
    found = _listed()["stale"].values()
    return {name: {"rows": rows, "why": each["why"]} for each in found for name, rows in each["files"].items()}


def note(*names: str) -> str:
    """Sentences for a page that quotes some files; nothing if all of them are of today's code and checkpoint."""
    listed = stale_files()
    mine = {name: listed[name] for name in names if name in listed}
    reasons = dict.fromkeys(each["why"] for each in mine.values())
    lines = []
    for why in reasons:
        rows = "; ".join(f"`{name}`, {each['rows']}" for name, each in mine.items() if each["why"] == why)
        lines.append(f"> **To be run again.** {rows}: {why}.")
    earlier = earlier_files()
    for why in dict.fromkeys(earlier[name] for name in names if name in earlier):
        files = ", ".join(f"`{name}`" for name in names if earlier.get(name) == why)
        lines.append(f"> **Of an earlier checkpoint.** {files}: {why}.")
    return "\n>\n".join(lines)
