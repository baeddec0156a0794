"""Write docs/explanations.md from committed results.

python -m benchmarks.pages.explanations
"""

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.common.earlier import note
from benchmarks.common.results import ROOT, read_result
from benchmarks.explanations.saliency import FAST, HEADS
from benchmarks.explanations.saliency_methods import BLOB, DEFAULT, LAST
from benchmarks.pages.tables import percent, table
from cfer.checkpoint import load_checkpoint
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.reference import ELSEWHERE, MEAN_FACE, PERMUTED, RANDOM_HEAD, SHUFFLED, Reference, Tie, source
from cfer.measure.landmarks import FITTED

TEMPLATE = Path(__file__).with_suffix(".md")
PAGE = ROOT / "docs" / "explanations.md"
LEARNED = "learned with the backbone from rendered faces and from photographs"
LEARNED_NOTHING = (RANDOM_HEAD, PERMUTED, SHUFFLED)
NULLS = (GRAD_CAM, *(source(GRAD_CAM, name) for name in (*LEARNED_NOTHING, ELSEWHERE, MEAN_FACE)))
CHANGES = (INTEGRATED_GRADIENTS, *(source(INTEGRATED_GRADIENTS, name) for name in (*LEARNED_NOTHING, ELSEWHERE)))
CASCADE = ("shuffled last quarter", "shuffled last half", SHUFFLED)


def number(values: Sequence[float | None], digits: int = 2) -> str:
    """A value with its interval; in words where no face had evidence."""
    if None in values:
        return "no evidence"
    value, low, high = (f"{v:.{digits}f}" for v in values if v is not None)
    return f"{value} ({low} to {high})"


def saliency_table(found: dict[str, Any]) -> str:
    """Methods, the one that beats the mean map by most first."""
    rows = sorted(found["methods"].items(), key=lambda item: -item[1]["less_mean_map"][0])
    heads = ["method, layer", "faces", "cells", "ratio", "less the mean map", "pointing", "rank", "gain"]
    heads += ["gain, photographs", "s a face"]
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
                number(row["gain_on_photographs"], 1),
                f"{row['seconds']:.3f}",
            ]
            for name, row in rows
        ),
    )


def truth_words(found: dict[str, Any]) -> str:
    """The ratio of what moved itself, by the cells of either kind of map."""
    sides = (str(found["methods"][name]["side"]) for name in (LAST, DEFAULT))
    return ", ".join(f"{number(found['truth_by_cells'][side])} by {side} x {side}" for side in sides)


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
    for name, row in known.rows.items():
        rows.append(
            [
                f"{name} ({' + '.join(row.constituents)})",
                *(number(row.gap[null]["cosine"]) for null in NULLS),
                percent(row.both_first["cosine"]),
                f"{row.pair_rank['cosine'][0]:.1f}",
                f"{row.mixture_rank[0]:.1f}",
                number(row.deletion_gap, 1),
            ]
        )
    heads = ["compound", *_heads("gap", NULLS), "both nearest, %", "pair", "mixture", "deletion"]
    return table(heads, rows)


def by_compound(known: Reference, quantity: str, sources: tuple[str, ...]) -> str:
    """The gap or the AUC of every compound, by every source."""
    rows = known.rows.items()
    numbers = ([name, *(number(getattr(row, quantity)[source]["cosine"]) for source in sources)] for name, row in rows)
    return table(["compound", *_heads({"auc": "AUC"}.get(quantity, quantity), sources)], numbers)


def _heads(quantity: str, sources: tuple[str, ...]) -> list[str]:
    return [quantity, *(f"{quantity}, {source.split(', ', 1)[1]}" for source in sources[1:])]


def overall_table(known: Reference, sources: tuple[str, ...]) -> str:
    """The gap over all compounds by every measure, with its nulls."""
    overall = known.overall
    return table(
        ["measure", *_heads("gap", sources)],
        ([m, *(number(overall[source][m], 3) for source in sources)] for m in known.measures),
    )


def facs_table(known: Reference) -> str:
    """Agreement of every matrix with the coding manual."""
    return table(
        ["matrix", "Spearman", "p, constituents permuted"],
        ([name, number(row.spearman), f"{row.permuted_constituents_p:.4f}"] for name, row in known.agreement.items()),
    )


def saliency_words(found: dict[str, Any]) -> str:
    """What the table says, whatever it says."""
    methods, random = found["methods"], found["randomised"][DEFAULT]
    own, last, blob = methods[DEFAULT], methods[LAST], methods[BLOB]
    checks = {
        "the area share": own["ratio"][1] > 1,
        "the mean map": own["less_mean_map"][1] > 0,
        "a random head": random["less head"][1] > 0,
        "a backbone of random weights": random[_whole_backbone(random)][1] > 0,
    }
    passed = [name for name, good in checks.items() if good]
    failed = [name for name, good in checks.items() if not good]
    said = [
        f"**The default maps** ({DEFAULT}) put {own['ratio'][0]:.2f} times as much evidence on what moved as its area"
        + (f", more than {_listed(passed)}" if passed else "")
        + (f", but not more than {_listed(failed)}" if failed else "")
        + ". "
        + ("They are" if found["picked"] == DEFAULT else f"**Not they, but {found['picked']} is**")
        + f" what the rule picks on {found['people_to_choose']} other people and other photographs: the most right of "
        f"the methods that take less than {FAST} s, are not clearly less faithful than the last layer's maps, and need "
        "no photographs."
        + ("" if found["picked_by_means"] == found["picked"] else f" By means alone it is {found['picked_by_means']}.")
        + (kept_words(own, last) if found["picked"] == LAST else ""),
        f"**The last layer's maps are {_compared(last)} what moved than the mean map of other faces.** "
        "They stay beside the change maps because all classes cost one pass, where change maps take a backward pass a "
        "class.",
        f"**A blob in the middle of the crop, which looks at nothing, has a ratio of {blob['ratio'][0]:.2f} and a gain "
        f"of {blob['gain'][0]:.1f}:** faces are in the middle, so neither score alone says that a map is good.",
    ]
    return "\n\n".join(said)


def kept_words(own: dict[str, Any], last: dict[str, Any]) -> str:
    """Why the app does not show the last layer's maps first, as far as the numbers say so."""
    if min(own["gain_less_last"][1], own["gain_on_photographs_less_last"][1]) <= 0:
        return ""
    return (
        " The app shows change maps first all the same, a decision made after seeing these numbers: they are twice as "
        f"fine, less the mean map they reach {number(own['less_mean_map'])} where the others reach "
        f"{number(last['less_mean_map'])}, and they are more faithful: their gain is higher by "
        f"{number(own['gain_less_last'], 1)}, on photographs by {number(own['gain_on_photographs_less_last'], 1)}."
    )


def _whole_backbone(random: dict[str, Any]) -> str:
    return [name for name in random if name.startswith("less last")][-1]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _compared(row: dict[str, Any]) -> str:
    low, high = row["less_mean_map"][1:]
    return "nearer to" if low > 0 else "farther from" if high < 0 else "no nearer to"


def relation_words(known: Reference, method: str = GRAD_CAM) -> str:
    """Counts of the verdicts."""
    ties = [known.tie(name, method=method) for name in known.compounds]
    nothing = [name for name, tie in zip(known.compounds, ties, strict=True) if tie is Tie.NONE]
    across = ties.count(Tie.EXPRESSIONS)
    said = (
        f"{len(ties) - len(nothing)} of {len(ties)} compounds are tied to their constituents beyond chance, "
        "beyond what a lucky head that learned nothing gives (the highest 5 % of heads and compounds), and beyond a "
        f"backbone of shuffled weights; {across} of them not measurably more on the same face than across people."
    )
    return said + (f" Not tied: {', '.join(nothing)}." if nothing else "")


def photograph_words(found: dict[str, Any]) -> str:
    """How far landmarks are off on photographs, if that was measured."""
    off = found.get("landmarks off by")
    if off is None:
        return "How far off they are on photographs is not known."
    parts = off["error_by_part"]
    numbers = (off["error"], off["error_of_the_mean_shape"], parts["eyes"], parts["jaw"])
    all_of, mean, eyes, jaw = (f"{100 * value:.1f}" for value in numbers)
    return (
        f"On held-out photographs they lie {all_of} % from those of MediaPipe's face mesh (mean shape: {mean} %; "
        f"eyes {eyes}, jaw {jaw}, where the mesh has the face's silhouette)."
    )


def page() -> str:
    """The template, filled."""
    found = read_result("saliency")
    maps = read_result("maps")
    measured = load_checkpoint().measured
    known = Reference.from_files(measured)
    assert known is not None
    marks = json.loads(measured["landmarks.json"])
    units = read_result("unit_maps")
    finer = read_result("finer_maps")
    gaps = known.overall
    overall = {null: f"{gaps[null]['cosine'][0]:.2f}" for null in NULLS}
    own, end = (found["methods"][name] for name in (DEFAULT, f"{DEFAULT}, gradient at the face alone"))
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        people=str(known.people),
        classes=str(maps["classes"]),
        earlier=note("saliency.json", "finer_maps.json", "maps.json", "unit_maps.json"),
        map_ratio=f"{maps['ours_over_forward']:.2f}",
        loop_ratio=f"{maps['pytorch_grad_cam_over_ours']:.0f}",
        area=percent(found["area_share"]) + " %",
        side=str(own["side"]),
        photographs=str(own["photographs"]),
        from_photographs=number(found["methods"][f"{DEFAULT}, from photographs"]["less_mean_map"]),
        default_ahead=number(own["less_mean_map"]),
        changes=overall_table(known, CHANGES),
        change_relations=by_compound(known, "gap", CHANGES) + "\n\n" + by_compound(known, "auc", CHANGES),
        change_words=relation_words(known, INTEGRATED_GRADIENTS),
        auc=by_compound(known, "auc", NULLS),
        cascade=", ".join(
            f"{name.removeprefix('shuffled ')} {number(gaps[source(GRAD_CAM, name)]['cosine'])}" for name in CASCADE
        ),
        people_changed=str(known.people_changed),
        change_own_gap=f"{gaps[INTEGRATED_GRADIENTS]['cosine'][0]:.2f}",
        change_other_gap=f"{gaps[source(INTEGRATED_GRADIENTS, ELSEWHERE)]['cosine'][0]:.2f}",
        whole_side=str(found["methods"][LAST]["side"]),
        heads=str(HEADS),
        random_ratio=f"{found['randomised'][DEFAULT]['head'][0]:.2f}",
        default_ratio=f"{own['ratio'][0]:.2f}",
        default_gain=number(own["gain"], 1),
        default_photo_gain=number(own["gain_on_photographs"], 1),
        end_gain=number(end["gain"], 1),
        end_photo_gain=number(end["gain_on_photographs"], 1),
        saliency=saliency_table(found),
        truth=truth_words(found),
        finer_side=str(finer["twice as fine"]["side"]),
        finer_ratio=number(finer["twice as fine"]["ratio"]),
        finer_gained=number(finer["ratio_gained"]),
        finer_one=f"{finer['pass_over_pass']['1']:.1f}",
        finer_many=f"{finer['pass_over_pass']['32']:.1f}",
        saliency_words=saliency_words(found),
        randomised=randomised_table(found),
        relations=relation_table(known),
        overall=overall_table(known, NULLS),
        relation_words=relation_words(known),
        facs=facs_table(known),
        draws=str(known.draws),
        control_people=str(known.people_of_controls),
        own_gap=overall[GRAD_CAM],
        other_gap=overall[source(GRAD_CAM, ELSEWHERE)],
        shuffled_gap=overall[source(GRAD_CAM, SHUFFLED)],
        unit_people=str(units["people"]),
        class_ratio=number(units["class maps"]["own"]),
        same_ratio=number(units["class maps"]["mean of those who show the same"]),
        random_now=number(units["class maps"]["random head"]),
        landmark_how=f"fitted on {marks[FITTED]:,} rendered pictures" if FITTED in marks else LEARNED,
        landmark_photographs=photograph_words(read_result("photographs")),
        landmark_tested=f"{marks['tested_on']:,}",
        landmark_error=f"{100 * marks['error']:.1f} %",
        landmark_mean=f"{100 * marks['error_of_the_mean_shape']:.1f} %",
        landmark_jaw=f"{100 * marks['error_by_part']['jaw']:.1f} %",
        landmark_mouth=f"{100 * marks['error_by_part']['mouth']:.1f} %",
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
