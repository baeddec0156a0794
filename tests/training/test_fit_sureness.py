import pytest
import torch

from cfer.checkpoint.sureness import PHOTOGRAPHS, RENDERED, Curve, Sureness, word_of
from cfer.training.fit_sureness import Answered, even_weights, fit_curve, fit_sureness

CLASSES = ("neutral", "happy", "sad", "happily surprised")


def drawn(count, scale, share, seed=0, classes=CLASSES):
    """Pictures whose labels are drawn from the softmax of their logits, which are then made larger by a factor."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, len(classes), generator=generator, dtype=torch.double) * 1.5
    y = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    return Answered(logits * scale, y, torch.full((count,), share, dtype=torch.double))


def joined(*parts):
    return Answered(*(torch.cat(each) for each in zip(*parts, strict=True)))


def test_every_class_counts_alike_and_the_absent_ones_are_stood_for():
    y = torch.tensor([0] * 30 + [1] * 10 + [3] * 5)
    weights = even_weights(y, (*CLASSES, "sadly angry"))
    assert weights.sum() == pytest.approx(1)
    # three plain classes, of which two have pictures; two compounds, of which one has
    assert weights[y == 0].sum() == pytest.approx(0.3)
    assert weights[y == 1].sum() == pytest.approx(0.3)
    assert weights[y == 3].sum() == pytest.approx(0.4)


def test_logits_of_photographs_that_are_twice_too_large_are_halved():
    held, test = (joined(drawn(4000, 2.0, 1.0, s), drawn(1000, 1.0, 0.0, s + 10)) for s in (0, 1))
    found = fit_sureness(held, test, CLASSES)
    assert found.photographs == pytest.approx(0.5, abs=0.11)
    for kind in (PHOTOGRAPHS, RENDERED):
        for word, (count, share) in found.hits[kind].items():
            if count > 150:
                least = {"certain": 0.9, "fairly": 0.7, "rather": 0.5, "unsure": 0.0}[word]
                assert least - 0.08 <= share <= least + 0.5


def test_a_curve_gives_the_share_that_is_right():
    answered = drawn(6000, 1.0, 1.0, 3)
    curve = fit_curve(answered, 1.0, CLASSES)
    assert curve.slope == pytest.approx(1.0, abs=0.15)
    assert curve("happy", 0.8) == pytest.approx(0.8, abs=0.06)


def test_too_few_pictures_fit_nothing():
    few = drawn(20, 2.0, 1.0)
    assert fit_sureness(few, few, CLASSES) == Sureness()


def test_words_keep_promises():
    assert [word_of(r) for r in (0.95, 0.9, 0.75, 0.5, 0.49)] == ["certain", "certain", "fairly", "rather", "unsure"]
    assert Curve()("happy", 1.0) < 1
