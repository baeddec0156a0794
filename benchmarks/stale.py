"""Committed results that today's code would not give, with the reason: pages that quote them say so."""

import json
from pathlib import Path

LIST = Path(__file__).with_suffix(".json")


def stale_files() -> dict[str, dict[str, str]]:
    """For each stale file its "rows" and the reason, "why"."""
    found = json.loads(LIST.read_text(encoding="utf-8"))
    return {name: {"rows": rows, "why": each["why"]} for each in found.values() for name, rows in each["files"].items()}


def note(*names: str) -> str:
    """A sentence for a page that quotes some files; nothing if none of them is stale."""
    listed = stale_files()
    mine = {name: listed[name] for name in names if name in listed}
    reasons = dict.fromkeys(each["why"] for each in mine.values())
    lines = []
    for why in reasons:
        rows = "; ".join(f"`{name}`, {each['rows']}" for name, each in mine.items() if each["why"] == why)
        lines.append(f"> **To be run again.** {rows}: {why}.")
    return "\n>\n".join(lines)
