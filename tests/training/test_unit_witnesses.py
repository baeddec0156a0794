"""Readout of action units from rendered faces, blendshapes and expression labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cfer.emotions import BASICS
from cfer.features.rendered import UNITS
from cfer.training.unit_witnesses import (
    BLENDSHAPES,
    WEIGHTS,
    LabelledFeatures,
    expected_units,
    performances,
    spread_within,
    with_witnesses,
)

WIDTH = 24
GENERATOR = torch.Generator().manual_seed(0)
Y = torch.arange(7).repeat_interleave(60)
MEANS = torch.randn(7, WIDTH, generator=GENERATOR)
X = MEANS[Y] + 0.5 * torch.randn(len(Y), WIDTH, generator=GENERATOR)
PHOTOGRAPHS = LabelledFeatures(X, Y)
ROWS = torch.randn(len(UNITS), WIDTH, generator=GENERATOR)
STILL = 0.1 * torch.randn(5, WIDTH, generator=GENERATOR)
SPREAD = torch.eye(WIDTH) * 0.1


def readings(rows, x=X):
    return (x @ rows.T).double().numpy()


def test_labels_put_the_means_of_classes_right_and_hardly_touch_what_differs_within_them():
    plain = with_witnesses(ROWS, [PHOTOGRAPHS], None, SPREAD, STILL, replace(WEIGHTS, labels=0.0))
    found = with_witnesses(ROWS, [PHOTOGRAPHS], None, SPREAD, STILL, replace(WEIGHTS, ridge=1e-6))
    wanted = WEIGHTS.labels * (expected_units() - expected_units().mean(0)).numpy()
    means = np.stack([readings(found)[k == Y].mean(0) for k in range(7)])
    np.testing.assert_allclose(means - means.mean(0), wanted, atol=0.02)

    def within(rows):
        values = readings(rows)
        return values - np.stack([values[k == Y].mean(0) for k in range(7)])[Y]

    # regressing on the labels' shares instead takes what differs within a class for noise
    z = (X - X.mean(0)).double().numpy()
    regressed = np.linalg.lstsq(z, (expected_units().numpy() - expected_units().numpy().mean(0))[Y], rcond=None)[0].T

    def kept(rows):
        ours, before = within(torch.as_tensor(rows, dtype=torch.float32)), within(plain)
        return np.mean([np.corrcoef(ours[:, u], before[:, u])[0, 1] for u in range(len(UNITS))])

    assert kept(found) > kept(regressed) + 0.1


def test_without_a_say_of_photographs_only_the_scale_changes():
    found = with_witnesses(ROWS, [PHOTOGRAPHS], None, SPREAD, STILL, replace(WEIGHTS, labels=0.0, blendshapes=0.0))
    np.testing.assert_allclose(readings(found).std(0), 1, rtol=0.01)
    ratio = found / ROWS
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio), rtol=1e-4, atol=1e-6)


def test_a_unit_follows_its_blendshape_and_others_are_left_alone():
    smile = torch.sigmoid(X @ torch.randn(WIDTH, generator=GENERATOR))
    shapes = torch.full((len(X), 52), 0.1)
    shapes[:, list(BLENDSHAPES[12])] = smile[:, None]
    weights = replace(WEIGHTS, labels=0.0, blendshapes=5.0)
    found = with_witnesses(ROWS, [PHOTOGRAPHS], (X, shapes), SPREAD, STILL, weights)
    plain = with_witnesses(ROWS, [PHOTOGRAPHS], None, SPREAD, STILL, weights)
    place = UNITS.index(12)
    logits = torch.logit(smile).numpy()
    assert np.corrcoef(logits, readings(found)[:, place])[0, 1] > 0.9
    assert abs(np.corrcoef(logits, readings(plain)[:, place])[0, 1]) < 0.8
    torch.testing.assert_close(found[UNITS.index(11)], plain[UNITS.index(11)])


def test_sets_with_too_few_pictures_of_a_class_correct_nothing():
    few = LabelledFeatures(X[::30], Y[::30])
    found = with_witnesses(ROWS, [few], None, SPREAD, STILL)
    plain = with_witnesses(ROWS, [few], None, SPREAD, STILL, replace(WEIGHTS, labels=0.0))
    torch.testing.assert_close(found, plain)


def test_performances_are_told_apart_by_their_units_and_spread_is_within_them():
    units = torch.tensor([[0.0, 0.5], [0.0, 0.9], [0.2, 0.0], [0.0, 0.0]])
    groups = performances(units)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 3
    x = torch.tensor([[1.0], [3.0], [7.0], [9.0]])
    assert float(spread_within(x, groups)) == pytest.approx(2 / 4)
    assert expected_units().shape == (len(BASICS), len(UNITS))
