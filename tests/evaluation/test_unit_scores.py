"""Scores of action units by the expressions that usually show them."""

import numpy as np
import pytest

from cfer.evaluation.unit_scores import FEWEST, balanced_weights, unit_aucs

LABELS = [*["neutral"] * 60, *["happy"] * 40, *["surprised"] * 40, *["angry"] * 25]


def test_the_area_is_the_weighted_share_of_pairs_in_order():
    rng = np.random.default_rng(0)
    readings = rng.normal(size=(len(LABELS), 2)).round(1)  # ties among them
    found = unit_aucs(readings, LABELS, (12, 4))
    weights = balanced_weights(LABELS)
    for place, (unit, showing, never) in enumerate(
        [(12, {"happy"}, {"neutral", "surprised", "angry"}), (4, {"angry"}, {"neutral", "happy", "surprised"})]
    ):
        pairs = [
            (weights[i] * weights[j], (a > b) + 0.5 * (a == b))
            for i, a in enumerate(readings[:, place])
            for j, b in enumerate(readings[:, place])
            if LABELS[i] in showing and LABELS[j] in never
        ]
        right = sum(w * order for w, order in pairs) / sum(w for w, _ in pairs)
        assert found[unit] == pytest.approx(right)


def test_a_unit_that_reads_the_wrong_way_scores_below_chance():
    rises = np.array([[float(label == "happy")] for label in LABELS])
    assert unit_aucs(rises, LABELS, (12,)) == {12: 1.0}
    assert unit_aucs(-rises, LABELS, (12,)) == {12: 0.0}


def test_what_few_pictures_show_is_left_out():
    few = [*["neutral"] * 60, *["happy"] * (FEWEST - 1)]
    assert unit_aucs(np.zeros((len(few), 1)), few, (12,)) == {}
    # half of people show unit 6 in happiness, and nobody unit 9
    assert unit_aucs(np.zeros((len(LABELS), 2)), LABELS, (6, 9)) == {6: 0.5}


def test_classes_count_alike_but_for_a_handful():
    weights = balanced_weights(["happy"] * 100 + ["sad"] * 50 + ["angry"] * 3)
    assert weights[:100].sum() == pytest.approx(weights[100:150].sum())
    assert weights[150:].sum() == pytest.approx(3 / 30)
