import pytest
import torch

from cfer.evaluation.head_scores import basic_scores, score_head
from cfer.features.table import FeatureTable
from cfer.learners.base import Head
from cfer.protocol.stream import basic_stream


def test_a_head_is_scored_by_hand(drawn_faces):
    stream = basic_stream(FeatureTable(drawn_faces, torch.ones(len(drawn_faces), 1)))
    always_happy = Head(torch.zeros(9, 1), torch.tensor([0.0, 5, 0, 0, 0, 0, 0, 9, 9]))
    scores = basic_scores(always_happy, stream)["test"]  # the eighth and ninth class may not answer
    assert scores["pictures"] == 52
    assert scores["recall"]["happy"] == 1
    assert scores["accuracy"] == pytest.approx(6 / 52)
    assert scores["macro_recall"] == pytest.approx(1 / 7)
    seven = Head(always_happy.weight[:7], always_happy.bias[:7])
    assert score_head(seven, stream.test)[:, 1].sum() == 52
