import pytest
import torch
import torch.nn.functional as F

from cfer.checkpoint import load_checkpoint, save_checkpoint
from cfer.lessons.lesson import (
    LessonError,
    Policy,
    clean_name,
    constituents_for,
    observed,
    offset_for,
    room,
    teach,
)


@pytest.fixture(scope="module")
def checkpoint(basic_run):
    return basic_run[1]


def shots(checkpoint, count: int, seed: int = 0) -> torch.Tensor:
    """Pictures of a new class, far from the old ones in a direction of its own."""
    generator = torch.Generator().manual_seed(seed)
    x = checkpoint.checks.x
    direction = torch.randn(x.shape[1], generator=torch.Generator().manual_seed(7))
    return x.mean(0) + 3 * x.std(0) * direction + 0.2 * x.std(0) * torch.randn(count, x.shape[1], generator=generator)


def test_one_picture_teaches_a_class_scored_over_all_classes(checkpoint):
    taught, effect = teach(checkpoint, "Smirking ", shots(checkpoint, 1), held_out=shots(checkpoint, 20, seed=1))
    assert taught.names == (*checkpoint.names, "smirking")
    assert effect.new_recall == 1.0
    assert effect.new_measured == 20
    assert effect.old == checkpoint.names
    assert effect.harmonic == pytest.approx(2 * effect.old_after / (1 + effect.old_after))
    assert taught.facts.lessons == {"smirking": 1}


def test_a_lesson_is_the_step_that_the_learner_takes(checkpoint):
    x = shots(checkpoint, 2)
    taught, _ = teach(checkpoint, "smirking", x)
    learner, _ = observed(checkpoint, "new", x, ())
    torch.testing.assert_close(taught.learner.head(), learner.head(), rtol=0, atol=0)


@pytest.mark.parametrize("seed", range(5))
def test_what_was_taught_is_recognised_even_where_it_looks_like_an_old_class(checkpoint, seed):
    x = checkpoint.checks.x[[seed * 3]]  # a picture of an old class under a new name
    taught, _ = teach(checkpoint, "smirking", x)
    assert F.linear(x, *taught.head).argmax(1).tolist() == [len(checkpoint.names)]
    careful, _ = teach(checkpoint, "smirking", x, policy=Policy(recognise=False))
    assert float(careful.offsets[-1]) <= min(0.0, float(taught.offsets[-1]))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3])
def test_a_lesson_claims_no_more_of_the_old_classes_than_it_may(checkpoint, share):
    x, y = checkpoint.checks.x, checkpoint.checks.y
    _, head = observed(
        checkpoint, "new", x[y == 1].mean(0, keepdim=True), ()
    )  # the hardest newcomer: an old class again
    offset = offset_for(head, checkpoint, None, share)
    claimed = (room(head, x) < offset).float()
    balanced = torch.stack([claimed[y == k].mean() for k in range(7)]).mean()
    assert float(balanced) <= share + 1e-6


def test_each_half_of_the_checks_is_measured_by_the_offset_that_the_other_half_allows(checkpoint):
    x = checkpoint.checks.x[[0]]
    _, effect = teach(checkpoint, "smirking", x)
    _, head = observed(checkpoint, "new", x, ())
    even, odd = (offset_for(head, checkpoint, x, 0.05, part=part) for part in (0, 1))
    logits = F.linear(checkpoint.checks.x, *head)
    rows = torch.arange(len(logits)) % 2
    logits[:, -1] += torch.where(rows == 0, odd, even)
    after, y = logits.argmax(1), checkpoint.checks.y
    by_hand = [float((after[y == k] == k).float().mean()) for k in range(7)]
    assert effect.after == pytest.approx(by_hand)


def test_several_pictures_are_each_measured_without_themselves(checkpoint):
    _, effect = teach(checkpoint, "smirking", shots(checkpoint, 3))
    assert effect.new_measured == 3
    assert effect.new_recall == 1.0
    _, single = teach(checkpoint, "smirking", shots(checkpoint, 1))
    assert single.new_recall is None
    assert single.harmonic is None


def test_the_checkpoint_that_is_taught_stays_as_it_was_and_is_the_undo(checkpoint):
    before = {k: v.clone() for k, v in checkpoint.learner.state().items()}
    head = checkpoint.head.weight.clone()
    taught, _ = teach(checkpoint, "smirking", shots(checkpoint, 2))
    again, _ = teach(taught, "gloating", shots(checkpoint, 1, seed=4))
    assert again.names[-2:] == ("smirking", "gloating")
    assert all(torch.equal(v, checkpoint.learner.state()[k]) for k, v in before.items())
    assert torch.equal(head, checkpoint.head.weight)
    assert len(checkpoint.names) == 7


def test_saved_and_loaded_it_is_taught_as_if_it_had_never_been_saved(checkpoint, tmp_path):
    taught, _ = teach(checkpoint, "smirking", shots(checkpoint, 1))
    save_checkpoint(taught, tmp_path / "taught", "card")
    loaded = load_checkpoint(tmp_path / "taught")
    (first, effect), (second, other) = (teach(c, "gloating", shots(checkpoint, 1, seed=4)) for c in (taught, loaded))
    assert torch.equal(first.head.weight, second.head.weight)
    assert torch.equal(first.head.bias, second.head.bias)
    assert effect == other


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("  ", "a name"),
        ("x" * 41, "too long"),
        ("<b>", "letters, digits"),
        ("Happy", "knows 'happy' already"),
        ("Happiness", "knows 'happy' already"),
    ],
)
def test_names_that_will_not_do(name, words):
    with pytest.raises(LessonError, match=words):
        clean_name(name, ("happy",))


def test_names_and_constituents(checkpoint):
    assert clean_name("  Happily   Surprised ", ()) == "happily surprised"
    assert constituents_for("awed", (), checkpoint.names) == ("fearful", "surprised")
    assert constituents_for("awed", (), ("happy",)) == ()
    assert constituents_for("smirking", ("happy",), checkpoint.names) == ("happy",)
    with pytest.raises(LessonError, match="'bored' is not a class"):
        constituents_for("smirking", ("bored",), checkpoint.names)
    with pytest.raises(LessonError, match="at least one picture"):
        teach(checkpoint, "smirking", torch.empty(0, 5))
