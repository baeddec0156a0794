"""What ties a compound to its basics on the face that is shown: sentences with their yardstick, numbers behind them."""

import html
from typing import Any

import numpy as np

from cfer.evidence import relation_numbers
from cfer.reader import FaceReading, Reader

_KINDS = {"change": "What differs from a neutral face", "maps": "The whole face"}
"""Parts of `relation_numbers`, in words; the first is missing where the backbone lacks the layer."""
_NO_YARDSTICK = (
    "How large a gap is by chance was measured on the project's own checkpoint, not on this one: read these numbers "
    "with care."
)


def tie_panel(reader: Reader, face: FaceReading, name: str) -> str:
    """HTML about one class on one face, everything escaped; empty unless two of the six basics make it up."""
    if not reader.relatable(name):
        return ""
    numbers = relation_numbers(reader, face, name)
    said = [
        f"{words}: {numbers[key]['in_words']}"
        for key, words in _KINDS.items()
        if key in numbers and numbers[key]["in_words"]
    ]
    lines = "".join(f'<p class="cfer-tie">{html.escape(line)}</p>' for line in said or [_NO_YARDSTICK])
    summary = html.escape(f"Numbers: {name} and the six basics")
    return f"{lines}<details><summary>{summary}</summary>{_table(numbers)}{_notes(numbers)}</details>"


def _table(numbers: dict[str, Any]) -> str:
    kinds = {key: words.lower() for key, words in _KINDS.items() if key in numbers}
    columns: dict[str, list[float | None]] = {
        **{f"likeness of maps: {words}": numbers[key]["likeness"]["cosine"] for key, words in kinds.items()},
        "likeness of the head's rows": numbers["head_likeness"],
        "score lost without its evidence": numbers["lost_without"],
    }
    own = [name in numbers["constituents"] for name in numbers["basics"]]
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in ("basic", *columns))
    rows = []
    for place, name in enumerate(numbers["basics"]):
        cells = "".join(f"<td>{_cell(values[place])}</td>" for values in columns.values())
        shown = f"<b>{html.escape(name)}</b>" if own[place] else html.escape(name)
        rows.append(f"<tr><td>{shown}</td>{cells}</tr>")
    gaps = "".join(f"<td><b>{_cell(_gap(values, own), sign=True)}</b></td>" for values in columns.values())
    rows.append(f"<tr><td><b>constituents less others</b></td>{gaps}</tr>")
    return f'<div class="cfer-numbers"><table><tr>{heads}</tr>{"".join(rows)}</table></div>'


def _gap(values: list[float | None], own: list[bool]) -> float | None:
    known = np.array([np.nan if v is None else v for v in values])
    sides = [known[np.array(own) == mine] for mine in (True, False)]
    if any(np.isnan(side).all() for side in sides):
        return None
    return float(np.nanmean(sides[0]) - np.nanmean(sides[1]))


def _cell(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "no evidence"
    return f"{value:+.2f}" if sign else f"{value:.2f}"


def _notes(numbers: dict[str, Any]) -> str:
    first, second = numbers["constituents"]
    mixture = numbers["mixture"]
    said = [
        "Likeness is a cosine; by chance the difference in the last row is 0. A score is a logit less the mean logit; "
        f"blurring as many cells at random costs {_cell(numbers['lost_without_random_cells'])}."
    ]
    if mixture["explained"] is not None:
        said.append(
            f"{first} and {second} together explain {100 * mixture['explained']:.0f} % of the compound's whole-face "
            f"evidence: place {mixture['rank_of_15']:g} among the 15 pairs of basics, 8 by chance."
        )
    return "".join(f'<p class="cfer-note">{html.escape(line)}</p>' for line in said)
