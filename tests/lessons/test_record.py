"""The record of a lesson."""

from dataclasses import replace

import pytest
import torch

from cfer.lessons.record import Lesson


def a_lesson() -> Lesson:
    return Lesson("smirking", torch.ones(2, 3), torch.ones(2, 3))


def test_two_lessons_are_equal_if_they_say_the_same_to_the_last_bit():
    assert a_lesson() == a_lesson()
    assert a_lesson() != replace(a_lesson(), eager="careful")
    assert a_lesson() != replace(a_lesson(), seen=torch.ones(2, 3).nextafter(torch.tensor(2.0)))


def test_a_lesson_cannot_be_a_key():
    """Its tensors would be compared by where they lie, so that equal lessons had different keys."""
    with pytest.raises(TypeError, match="unhashable"):
        hash(a_lesson())
