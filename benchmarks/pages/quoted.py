"""Write the pages that quote a few figures: docs/batches.md, method.md and synthetic-faces.md.

python -m benchmarks.pages.quoted
"""

from pathlib import Path
from string import Template

from benchmarks.common.results import ROOT, read_result
from benchmarks.pages.tables import table
from cfer.emotions import BASICS

READERS = {
    "cfer default checkpoint": "this project's first default checkpoint (14 classes, from photographs alone), "
    "asked for the seven",
    "cfer basic phase": "its basic phase (FER+ alone)",
    "cfer basic phase, prior taken out": "the same, FER+'s class frequencies taken out",
    "face-api": "face-api, by others",
}
"""Readers of rendered faces by their names in the result, and what they are called in the page."""


def interval(values: list[float], times: float = 1, digits: int = 2, unit: str = "") -> str:
    """A value with its interval, and its unit behind the value."""
    value, low, high = (f"{times * v:.{digits}f}" for v in values)
    return f"{value}{unit} ({low} to {high})"


def batches() -> dict[str, str]:
    """Figures of docs/batches.md."""
    found = read_result("batches")
    fer = found["the package fer"]
    return {
        "processes": {2: "two"}.get(found["processes"], str(found["processes"])),
        "pictures": f"{found['pictures']:,}",
        "faces": f"{found['faces']:,}",
        "command": f"{found['pictures_a_second']['command']['once_started']:.0f}",
        "ratio": f"{found['ratio']['once_started']:.1f}",
        "ratio_in_all": f"{found['ratio']['in_all']:.1f}",
        "fer": f"{fer['pictures_a_second']:.0f}",
        "fer_found": f"{100 * fer['faces_found'] / found['pictures']:.0f}",
    }


def method() -> dict[str, str]:
    """Figures of docs/method.md."""
    maps = read_result("unit_maps")["class maps"]
    names = {"own": "own", "mean_map": "mean of all faces", "random": "random head"}
    return {name: interval(maps[key]) for name, key in names.items()}


def synthetic_faces() -> dict[str, str]:
    """Figures of docs/synthetic-faces.md."""
    read, learn, speed = (read_result(f"synth_{name}") for name in ("read", "learn", "speed"))
    rows = (
        (words, f"{100 * read[key]['mean_recall']:.1f}", *(f"{100 * read[key]['recall'][name]:.0f}" for name in BASICS))
        for key, words in READERS.items()
    )
    first, last = read["people"]
    return {
        "readers_table": table(("reader", "mean", *BASICS), rows),
        "people": str(last - first + 1),
        "first": str(first),
        "last": str(last),
        "read": str(read["pictures"]),
        "learners": str(learn["train"]["people"]),
        "others": str(learn["test"]["people"]),
        "accuracy": interval([learn["accuracy_22"], *learn["interval_95_over_people"]], 100, 1, " %"),
        "auc": f"{learn['unit_presence_auc_mean']:.3f}",
        "hardest": ", ".join(sorted(learn["recall"], key=learn["recall"].__getitem__)[:4]),
        "a_second": f"{speed['pictures_a_core_second']:.1f}",
        "a_person": f"{speed['cpu_seconds_a_person']:.1f}",
        "memory": str(speed["peak_memory_mb"]),
        "ceiling": f"{100 * read_result('synth_ceiling')['accuracy_22']:.1f}",
    }


PAGES = {"batches": batches, "method": method, "synthetic-faces": synthetic_faces}
"""Pages by name, and what gives their figures."""


def page(name: str) -> str:
    """A page's text."""
    return Template((Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")).substitute(PAGES[name]())


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / "docs" / f"{name}.md").write_text(page(name), encoding="utf-8")
