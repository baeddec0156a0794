import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix

from cfer.evaluation.metrics import (
    accuracy,
    count_table,
    expected_calibration_error,
    fit_temperature,
    harmonic_mean,
    macro_recall,
    recalls,
    stream_scores,
)


@given(st.integers(0, 1000), st.integers(2, 6))
def test_scores_from_counts_are_scikit_learns(seed, classes):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, classes, (2, 50))
    counts = count_table(true, predicted, classes)
    np.testing.assert_array_equal(counts, confusion_matrix(true, predicted, labels=range(classes)))
    assert accuracy(counts) == pytest.approx(accuracy_score(true, predicted))
    # scikit-learn's version drops predicted classes that never occur, as ours does
    present = np.isin(predicted, true)
    if present.all():
        assert macro_recall(counts) == pytest.approx(balanced_accuracy_score(true, predicted))


def test_a_class_that_does_not_occur_has_no_recall():
    got = recalls(np.array([[3, 1], [0, 0]]))
    assert got[0] == 0.75
    assert np.isnan(got[1])


def test_harmonic_mean():
    assert harmonic_mean(0.5, 1.0) == pytest.approx(2 / 3)
    assert harmonic_mean(0.0, 0.0) == 0.0


def test_stream_scores_by_hand():
    # two base classes of 10, then two new ones; diagonal counts give the recalls below
    def table(*right: int) -> np.ndarray:
        counts = np.zeros((len(right), len(right)), int)
        for k, r in enumerate(right):
            counts[k, k] = r
            counts[k, (k + 1) % len(right)] += 10 - r
        return counts

    scores = stream_scores([table(9, 7), table(8, 8, 5), table(6, 8, 4, 10)])
    assert scores.step_accuracy == pytest.approx((0.8, 0.7, 0.7))
    assert scores.average_incremental == pytest.approx(2.2 / 3)
    assert scores.base_recall == pytest.approx(0.7)
    assert scores.new_recall == pytest.approx(0.7)
    assert scores.harmonic == pytest.approx(0.7)
    # best before the last step: .9, .8, .5; last: .6, .8, .4
    assert scores.forgetting == pytest.approx((0.3 + 0.0 + 0.1) / 3)
    # when learned: .9, .7, .5
    assert scores.backward_transfer == pytest.approx((-0.3 + 0.1 - 0.1) / 3)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    # at 0.9: half right, gap .4; at 0.6: all right, gap .4
    assert expected_calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx(0.4)


def test_the_temperature_undoes_overconfidence():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4000, 3, generator=generator) * 2
    true = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    assert fit_temperature(logits, true) == pytest.approx(1.0, abs=0.1)
    assert fit_temperature(logits * 2.5, true) == pytest.approx(2.5, abs=0.25)


def test_a_chance_of_exactly_one_counts_in_the_last_bin():
    """Ten answers of chance 1.0, nine of 0.99: one bin, whose confidence and accuracy are means over all of them."""
    chances = np.array([[1.0, 0.0]] * 10 + [[0.99, 0.01]] * 9)
    true = np.array([0] * 8 + [1] * 2 + [0] * 9)
    by_hand = abs((10 * 1.0 + 9 * 0.99) / 19 - 17 / 19)
    for kind in (np.float64, np.float32):
        assert expected_calibration_error(chances.astype(kind), true) == pytest.approx(by_hand, abs=1e-6)
