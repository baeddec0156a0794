import torch

from cfer.learners.memory import levelled, predictive_sorting


def test_predictive_sorting_ranks_by_probability_not_by_logit():
    # the second picture has the larger logit for class 0 but the smaller probability
    logits = torch.tensor([[2.0, -2.0], [3.0, 3.0], [2.5, 0.0]])
    assert predictive_sorting(logits, 0, 3).tolist() == [0, 2, 1]
    assert predictive_sorting(logits, 0, 2).tolist() == [0, 2]
    assert predictive_sorting(logits, 1, 9).tolist() == [1, 2, 0]


def test_ties_keep_the_pictures_order():
    assert predictive_sorting(torch.zeros(5, 3), 2, 5).tolist() == [0, 1, 2, 3, 4]


def test_a_rare_class_is_rehearsed_as_often_as_the_commonest():
    rows = levelled(torch.tensor([0, 0, 0, 1, 2, 2]))
    assert rows.tolist() == [0, 1, 2, 3, 3, 3, 4, 5, 4]
    assert levelled(torch.empty(0, dtype=torch.long)).tolist() == []
    assert levelled(torch.tensor([0, 0, 1, 1])).tolist() == [0, 1, 2, 3]
