import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cfer.learners.losses import distillation, log_prior, logit_adjusted, soft_cross_entropy


def test_soft_cross_entropy_is_torchs_own():
    generator = torch.Generator().manual_seed(0)
    logits, targets = torch.randn(5, 4, generator=generator), torch.rand(5, 4, generator=generator).softmax(1)
    torch.testing.assert_close(soft_cross_entropy(logits, targets), F.cross_entropy(logits, targets))


def test_logit_adjustment_adds_the_prior_by_hand():
    logits = torch.tensor([[0.0, 0.0]])
    prior = torch.log(torch.tensor([0.75, 0.25]))
    target = torch.tensor([[0.0, 1.0]])
    assert float(logit_adjusted(logits, target, prior)) == pytest.approx(math.log(4))
    assert float(logit_adjusted(logits, target, prior, strength=0)) == pytest.approx(math.log(2))


def test_the_prior_counts_with_one_pseudo_count():
    got = log_prior(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]]))
    torch.testing.assert_close(got.exp(), torch.tensor([3.5 / 5, 1.5 / 5]))


def test_distillation_by_hand_and_blind_to_newer_classes():
    # teacher (0, T ln 3) -> (1/4, 3/4) softened; student (0, 0) -> (1/2, 1/2)
    student = torch.tensor([[0.0, 0.0, 5.0]])
    teacher = torch.tensor([[0.0, 3 * math.log(3)]])
    expected = 9 * (0.25 * math.log(0.5) + 0.75 * math.log(1.5))
    assert float(distillation(student, teacher)) == pytest.approx(expected, rel=1e-5)
    student[0, 2] = -7
    assert float(distillation(student, teacher)) == pytest.approx(expected, rel=1e-5)


@given(st.floats(0.5, 8), st.integers(0, 50))
def test_distilling_a_model_from_itself_costs_nothing(temperature, seed):
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(seed))
    assert float(distillation(logits, logits[:, :3], temperature)) == pytest.approx(0, abs=1e-4)
