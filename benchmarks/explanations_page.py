"""Write docs/explanations.md from committed results.

python -m benchmarks.explanations_page
"""

import json
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.benchmark_tables import percent, table
from cfer.explain.reference import Reference, reference
from cfer.reader import FINER_LAYER, FINER_RULE

HERE = Path(__file__).parent
DEFAULT = "Grad-CAM, last layer, all classes at once"
NULLS = ("own", "random head", "shuffled backbone", "another person", "mean face")


def number(values: list[float], digits: int = 2) -> str:
    """A value with its interval."""
    value, low, high = (f"{v:.{digits}f}" for v in values)
    return f"{value} ({low} to {high})"


def saliency_table(found: dict[str, Any]) -> str:
    """Methods, the one that beats the mean map by most first."""
    rows = sorted(found["methods"].items(), key=lambda item: -item[1]["less_mean_map"][0])
    heads = ["method, layer", "faces", "cells", "ratio", "less the mean map", "pointing", "rank", "gain", "s a face"]
    return table(
        heads,
        (
            [
                name,
                str(row["faces"]),
                str(row["side"]),
                number(row["ratio"]),
                number(row["less_mean_map"]),
                number(row["pointing"]),
                number(row["rank"]),
                number(row["gain"], 1),
                f"{row['seconds']:.3f}",
            ]
            for name, row in rows
        ),
    )


def randomised_table(found: dict[str, Any]) -> str:
    """Ratios of models that know less."""
    rows = []
    for method, values in found["randomised"].items():
        for name, ratio in values.items():
            if not name.startswith("less "):
                rows.append([method, name, number(ratio), number(values[f"less {name}"])])
    return table(["method", "randomised", "ratio", "whole model's less this"], rows)


def relation_table(known: Reference) -> str:
    """The fifteen compounds."""
    rows = []
    for name, row in known.facts["compounds"].items():
        gap = row["gap"]
        rows.append(
            [
                f"{name} ({' + '.join(row['constituents'])})",
                *(number(gap[null]["cosine"]) for null in NULLS),
                f"{row['auc']['own']['cosine'][0]:.2f}",
                percent(row["both_first"]["cosine"]),
                f"{row['pair_rank']['cosine'][0]:.1f}",
                f"{row['mixture_rank'][0]:.1f}",
                number(row["deletion_gap"], 1),
            ]
        )
    heads = [
        "compound",
        "gap",
        *(f"gap, {null}" for null in NULLS[1:]),
        "AUC",
        "both nearest, %",
        "mixture",
        "deletion",
    ]
    return table(heads, rows)


def overall_table(known: Reference) -> str:
    """Every measure, with its nulls."""
    overall = known.facts["overall"]
    return table(
        ["measure", "gap", *(f"gap, {null}" for null in NULLS[1:])],
        ([m, *(number(overall[null][m], 3) for null in NULLS)] for m in known.measures),
    )


def facs_table(known: Reference) -> str:
    """Agreement of every matrix with the coding manual."""
    return table(
        ["matrix", "Spearman", "Mantel p"],
        (
            [name, number(row["spearman"]), f"{row['mantel_p']:.4f}"]
            for name, row in known.facts["agreement_with_facs"].items()
        ),
    )


def saliency_words(found: dict[str, Any]) -> str:
    """What the table says, whatever it says."""
    methods = found["methods"]
    own = methods[DEFAULT]
    low, high = own["less_mean_map"][1:]
    if low > 0:
        first = "The default map puts more evidence on what moved than the mean map does."
    elif high < 0:
        first = "**The default map puts less evidence on what moved than the mean map does.**"
    else:
        first = (
            "**The default map is no nearer to what moved than the mean map of other faces:** it looks at the lower "
            "middle of every face."
        )
    better = [n for n, r in methods.items() if r["less_mean_map"][1] > max(0, own["less_mean_map"][2])]
    double = [n for n, r in methods.items() if r["ratio"][1] >= 2]
    second = (
        f"Clearly nearer are {', '.join(sorted(better))}; they cost a backward pass a class or more."
        if better
        else "No other method is clearly nearer."
    )
    third = (
        f"Twice the area share is reached by {', '.join(double)}."
        if double
        else "No method reaches twice the area share."
    )
    blob = methods["a blob in the middle"]
    fourth = (
        f"**A blob in the middle of the crop, which looks at nothing, has a ratio of {blob['ratio'][0]:.2f} and a gain "
        f"of {blob['gain'][0]:.1f}:** faces are in the middle, so neither score alone says that a map is good."
    )
    fifth = (
        "The app's first maps stay those of the last layer, because they alone give all classes at once, on one scale, "
        "with contrasts and relations, and they do depend on what was learned (next table); "
        f"{FINER_RULE} at {FINER_LAYER} is offered beside them, nearer to what moved and as faithful."
    )
    return "\n\n".join([f"{first} {second} {third}", fourth, fifth])


def relation_words(known: Reference) -> str:
    """Counts of the verdicts."""
    verdicts = [known.verdict(name) for name in known.compounds]
    nothing = [n for n, v in zip(known.compounds, verdicts, strict=True) if v.startswith("No evidence")]
    across = sum("just as much when" in v for v in verdicts)
    said = (
        f"{len(verdicts) - len(nothing)} of {len(verdicts)} compounds are tied to their constituents beyond chance and "
    )
    said += f"beyond a head or a backbone that learned nothing; {across} of them just as much across people as on the "
    said += "same face."
    return said + (f" Not tied: {', '.join(nothing)}." if nothing else "")


def main() -> None:
    """Fill the template."""
    found = json.loads((HERE / "saliency.json").read_text(encoding="utf-8"))
    maps = json.loads((HERE / "maps.json").read_text(encoding="utf-8"))
    known = reference()
    assert known is not None
    marks = json.loads((HERE / "landmarks.json").read_text(encoding="utf-8"))
    overall = {null: f"{known.facts['overall'][null]['cosine'][0]:.2f}" for null in NULLS}
    text = Template((HERE / "explanations_page.md").read_text(encoding="utf-8")).substitute(
        people=str(known.people),
        classes=str(maps["classes"]),
        map_ratio=f"{maps['ours_over_forward']:.2f}",
        loop_ratio=f"{maps['pytorch_grad_cam_over_ours']:.0f}",
        area=percent(found["area_share"]) + " %",
        side=str(found["methods"][DEFAULT]["side"]),
        saliency=saliency_table(found),
        saliency_words=saliency_words(found),
        randomised=randomised_table(found),
        relations=relation_table(known),
        overall=overall_table(known),
        relation_words=relation_words(known),
        facs=facs_table(known),
        own_gap=overall["own"],
        other_gap=overall["another person"],
        shuffled_gap=overall["shuffled backbone"],
        landmark_people=f"{marks['fitted_on']:,}",
        landmark_tested=f"{marks['tested_on']:,}",
        landmark_error=f"{100 * marks['error']:.1f} %",
        landmark_mean=f"{100 * marks['error_of_the_mean_shape']:.1f} %",
        landmark_jaw=f"{100 * marks['error_by_part']['jaw']:.1f} %",
        landmark_mouth=f"{100 * marks['error_by_part']['mouth']:.1f} %",
    )
    (HERE.parent / "docs" / "explanations.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
