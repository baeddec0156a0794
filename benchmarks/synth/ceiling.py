"""The best accuracy that perfect knowledge of which action units are present allows, by enumeration.

    python -m benchmarks.synth.ceiling

writes results/synth_ceiling.json. Units of an expression are taken as independent, required ones always there,
optional ones with their published shares, all expressions as equally frequent.
"""

import json
from itertools import product

from benchmarks.common.results import write_result
from cfer.emotions import EXPRESSIONS, Expression


def unit_sets(expression: Expression) -> dict[frozenset[int], float]:
    """Probability of every set of units that an expression can show."""
    sets = {}
    for shown in product((False, True), repeat=len(expression.optional)):
        chance, units = 1.0, set(expression.required)
        for there, (unit, share) in zip(shown, expression.optional.items(), strict=True):
            chance *= share if there else 1 - share
            units |= {unit} if there else set()
        sets[frozenset(units)] = chance
    return sets


def ceiling(names: list[str]) -> tuple[float, dict[str, float]]:
    """Bayes accuracy over some expressions, and the recall of each when the likeliest is always answered."""
    chances = {name: unit_sets(EXPRESSIONS[name]) for name in names}
    recall = dict.fromkeys(names, 0.0)
    for units in set().union(*chances.values()):
        best = max(names, key=lambda name: chances[name].get(units, 0.0))
        recall[best] += chances[best][units]
    return sum(recall.values()) / len(names), recall


def main() -> None:
    """Enumerate and write."""
    every = list(EXPRESSIONS)
    accuracy_22, recall = ceiling(every)
    accuracy_21, _ = ceiling([name for name in every if name != "neutral"])
    result = {
        "command": "python -m benchmarks.synth.ceiling",
        "accuracy_22": round(accuracy_22, 4),
        "accuracy_21_without_neutral": round(accuracy_21, 4),
        "recall": {name: round(share, 4) for name, share in recall.items()},
    }
    write_result("synth_ceiling", result)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
