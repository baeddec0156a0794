import pytest
import torch
import torch.nn.functional as F

from cfer.lessons.lesson import LessonError, clean_name, constituents_for, new_mean, new_row, teach


@pytest.fixture(scope="module")
def checkpoint(basic_run):
    return basic_run[1]


def shots(checkpoint, count: int, seed: int = 0) -> torch.Tensor:
    """Pictures of a new class, far from the old ones in a direction of its own."""
    generator = torch.Generator().manual_seed(seed)
    means = checkpoint.memory.means
    direction = torch.randn(means.shape[1], generator=torch.Generator().manual_seed(7))
    centre = means.mean(0) + 3 * means.std() * direction
    return centre + 0.2 * means.std() * torch.randn(count, means.shape[1], generator=generator)


def test_one_picture_teaches_a_class_scored_over_all_classes(checkpoint):
    taught, report = teach(checkpoint, "Smirking ", shots(checkpoint, 1), held_out=shots(checkpoint, 20, seed=1))
    assert taught.names == (*checkpoint.names, "smirking")
    assert report.new_recall == 1.0
    assert report.new_measured == 20
    assert report.old == checkpoint.names
    assert report.old_before - report.old_after <= 0.06
    assert report.harmonic == pytest.approx(2 * report.old_after / (1 + report.old_after))


def test_before_and_after_are_counted_by_hand(checkpoint):
    taught, report = teach(checkpoint, "smirking", shots(checkpoint, 2))
    memory = checkpoint.memory
    for head, recalls in ((checkpoint.model.head, report.before), (taught.model.head, report.after)):
        predicted = F.linear(memory.check_x, head.weight, head.bias).argmax(1)
        for k, recall in enumerate(recalls):
            mine = memory.check_y == k
            assert recall == pytest.approx(float((predicted[mine] == k).sum() / mine.sum()))


def test_a_lesson_claims_no_more_exemplars_than_it_may(checkpoint):
    memory, head = checkpoint.memory, checkpoint.model.head
    for share in (0.0, 0.05, 0.3):
        # a copy of an old class: the hardest newcomer there is
        weight, bias = new_row(checkpoint, memory.means[1] * 1.01, share)
        old = F.linear(memory.exemplar_x, head.weight, head.bias).max(1).values
        claimed = (memory.exemplar_x @ weight + bias > old).float()
        balanced = torch.stack([claimed[memory.exemplar_y == k].mean() for k in range(7)]).mean()
        assert float(balanced) <= share + 1e-6


def test_several_pictures_are_each_measured_without_themselves(checkpoint):
    _, report = teach(checkpoint, "smirking", shots(checkpoint, 3))
    assert report.new_measured == 3
    assert report.new_recall == 1.0
    # pictures of an old class under a new name: left out, each goes back to where it belongs more often than not
    _, single = teach(checkpoint, "smirking", shots(checkpoint, 1))
    assert single.new_recall is None
    assert single.harmonic is None


def test_the_mean_is_drawn_towards_the_constituents(checkpoint):
    memory, x = checkpoint.memory, shots(checkpoint, 2)
    guess = (memory.means[1] + memory.means[5]) / 2
    torch.testing.assert_close(new_mean(memory, x, (1, 5), 1.0), (x.sum(0) + guess) / 3)
    torch.testing.assert_close(new_mean(memory, x, (), 0.0), x.mean(0))


def test_the_checkpoint_that_is_taught_stays_as_it_was(checkpoint):
    before = {k: v.clone() for k, v in vars(checkpoint.memory).items()}
    head = checkpoint.model.head.weight.clone()
    taught, _ = teach(checkpoint, "smirking", shots(checkpoint, 2))
    again, _ = teach(taught, "gloating", shots(checkpoint, 1, seed=4))
    assert again.names[-2:] == ("smirking", "gloating")
    assert all(torch.equal(v, getattr(checkpoint.memory, k)) for k, v in before.items())
    assert torch.equal(head, checkpoint.model.head.weight)
    assert len(checkpoint.names) == 7


@pytest.mark.parametrize(
    ("name", "words"),
    [("  ", "a name"), ("x" * 41, "too long"), ("<b>", "letters, digits"), ("Happy", "knows 'happy' already")],
)
def test_names_that_will_not_do(name, words):
    with pytest.raises(LessonError, match=words):
        clean_name(name, ("happy",))


def test_names_and_parts(checkpoint):
    assert clean_name("  Happily   Surprised ", ()) == "happily surprised"
    assert constituents_for("awed", (), checkpoint.names) == ("fearful", "surprised")
    assert constituents_for("awed", (), ("happy",)) == ()
    assert constituents_for("smirking", ("happy",), checkpoint.names) == ("happy",)
    with pytest.raises(LessonError, match="'bored' is not a class"):
        constituents_for("smirking", ("bored",), checkpoint.names)
    with pytest.raises(LessonError, match="at least one picture"):
        teach(checkpoint, "smirking", torch.empty(0, 5))
