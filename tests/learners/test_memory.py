import torch

from cfer.learners.memory import ExemplarMemory, levelled, predictive_sorting


def test_predictive_sorting_ranks_by_probability_not_by_logit():
    # the second picture has the larger logit for class 0 but the smaller probability
    logits = torch.tensor([[2.0, -2.0], [3.0, 3.0], [2.5, 0.0]])
    assert predictive_sorting(logits, 0, 3).tolist() == [0, 2, 1]
    assert predictive_sorting(logits, 0, 2).tolist() == [0, 2]
    assert predictive_sorting(logits, 1, 9).tolist() == [1, 2, 0]


def test_ties_keep_the_pictures_order():
    assert predictive_sorting(torch.zeros(5, 3), 2, 5).tolist() == [0, 1, 2, 3, 4]


def test_the_budget_is_the_same_for_every_class():
    memory = ExemplarMemory.empty(4)
    for label in range(3):
        memory = memory.with_class(label, torch.arange(10.0)[:, None].expand(-1, 4) + 100 * label)
    short = memory.trimmed(4)
    assert torch.bincount(short.labels).tolist() == [4, 4, 4]
    assert short.features[:, 0].tolist() == [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203]
    assert len(ExemplarMemory.empty(4).trimmed(3).labels) == 0


def test_a_rare_class_is_rehearsed_as_often_as_the_commonest():
    rows = levelled(torch.tensor([0, 0, 0, 1, 2, 2]))
    assert rows.tolist() == [0, 1, 2, 3, 3, 3, 4, 5, 4]
    assert levelled(torch.empty(0, dtype=torch.long)).tolist() == []
    assert levelled(torch.tensor([0, 0, 1, 1])).tolist() == [0, 1, 2, 3]
