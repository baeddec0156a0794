from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from cfer.checkpoint import load_checkpoint, save_checkpoint
from cfer.lessons.effect import Effect, Verdict
from cfer.lessons.lesson import _generator, observed, placement, taught, teach
from cfer.lessons.names import LessonError, clean_name
from cfer.lessons.placement import MARGIN, placed, room
from cfer.lessons.record import EAGER, Lesson, constituents_for
from cfer.pictures import PictureError
from cfer.reading.reader import Reader
from cfer.system.resources import EXAMPLES


@pytest.fixture(scope="module")
def checkpoint(basic_run):
    return basic_run[1]


@pytest.fixture(scope="module")
def default():
    return Reader().checkpoint


def shots(checkpoint, count: int, seed: int = 0) -> torch.Tensor:
    """Pictures of a new class, far from the old ones in a direction of its own."""
    generator = torch.Generator().manual_seed(seed)
    x = checkpoint.checks.x
    direction = torch.randn(x.shape[1], generator=torch.Generator().manual_seed(7))
    return x.mean(0) + 3 * x.std(0) * direction + 0.2 * x.std(0) * torch.randn(count, x.shape[1], generator=generator)


def lesson(x: torch.Tensor, name: str = "smirking", **given) -> Lesson:
    return Lesson(name, x, x, **given)


def none(checkpoint) -> torch.Tensor:
    return torch.empty(0, checkpoint.model.num_features)


def test_one_picture_teaches_a_class_scored_over_all_classes(checkpoint):
    given = lesson(shots(checkpoint, 1))
    effect = teach(checkpoint, given, held_out=shots(checkpoint, 20, seed=1))
    known = taught(checkpoint, [given])
    assert known.names == (*checkpoint.names, "smirking")
    assert effect.new_recall == 1.0
    assert effect.new_measured == 20
    assert effect.recognised == 1.0
    assert effect.old == checkpoint.names
    assert effect.harmonic == pytest.approx(2 * effect.old_after / (1 + effect.old_after))
    assert known.facts.lessons == {"smirking": 1}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eager", EAGER)
def test_what_was_taught_is_recognised_even_where_it_looks_like_an_old_class(checkpoint, seed, eager):
    x = checkpoint.checks.x[[seed * 3]]  # a picture of an old class under a new name
    known = taught(checkpoint, [lesson(x, eager=eager)])
    assert F.linear(x, *known.head).argmax(1).tolist() == [len(checkpoint.names)]


@pytest.mark.parametrize("eager", EAGER)
def test_a_class_claims_no_more_of_the_old_ones_than_it_may(default, eager):
    """The hardest newcomer: an old class's own mean."""
    x, y = default.checks.x, default.checks.y
    given = lesson(x[y == 1].mean(0, keepdim=True), eager=eager)
    head, where = observed(default, given)[1], placement(default, given)
    if where.pull.any():  # its own picture had to be pulled, which the next test bounds
        where = replace(where, pull=0 * where.pull, offset=where.offset + float(where.pull @ x.mean(0)))
    claimed = (room(placed(head, where), x) < 0).float()
    for k in y.unique().tolist():
        assert float(claimed[y == k].mean()) <= EAGER[eager].of_one + 1e-6


def test_a_picture_is_pulled_over_at_next_to_no_cost_to_others(default):
    """A picture far from the class's mean, on the other side of an old class."""
    x, y = default.checks.x, default.checks.y
    odd, own = x[y == 1][:1], x[y == 2].mean(0, keepdim=True)
    given = Lesson("new", own, odd)
    where, head = placement(default, given), observed(default, given)[1]
    assert where.pull.any()
    assert float(room(placed(head, where), odd)[0]) == pytest.approx(-MARGIN, abs=0.02)
    before = room(
        placed(head, replace(where, pull=0 * where.pull, offset=where.offset + float(where.pull @ x.mean(0)))), x
    )
    after = room(placed(head, where), x)
    assert float(((before >= 0) & (after < 0)).float().mean()) < 0.02


def test_a_picture_that_is_not_it_is_pushed_away(default):
    x = default.checks.x
    shot, other = x[[0]], x[[1]]
    near = shot + 0.1 * (other - shot)
    plain = taught(default, [lesson(shot)])
    assert int(F.linear(near, *plain.head).argmax(1)) == len(default.names)
    told = taught(default, [lesson(shot, against=near)])
    assert int(F.linear(near, *told.head).argmax(1)) != len(default.names)
    assert int(F.linear(shot, *told.head).argmax(1)) == len(default.names)


def test_each_half_of_the_checks_is_measured_by_the_placement_that_the_other_half_gave(checkpoint):
    given = lesson(checkpoint.checks.x[[0]])
    effect = teach(checkpoint, given)
    head, y = observed(checkpoint, given)[1], checkpoint.checks.y
    by_part = [F.linear(checkpoint.checks.x, *placed(head, placement(checkpoint, given, part))) for part in (0, 1)]
    rows = (torch.arange(len(y)) % 2 == 0)[:, None]
    after = torch.where(rows, by_part[1], by_part[0]).argmax(1)
    by_hand = [float((after[y == k] == k).float().mean()) for k in range(7)]
    assert effect.after == pytest.approx(by_hand)


def test_several_pictures_are_each_measured_without_themselves(checkpoint):
    effect = teach(checkpoint, lesson(shots(checkpoint, 3)))
    assert effect.new_measured == 3
    assert effect.new_recall == 1.0
    single = teach(checkpoint, lesson(shots(checkpoint, 1)))
    assert single.new_recall is None
    assert single.harmonic is None


def test_the_order_of_lessons_does_not_matter_and_removing_one_restores_the_rest_bit_for_bit(default):
    each = [
        lesson(default.checks.x[[3 * i, 3 * i + 1]], name) for i, name in enumerate(("gloating", "smirking", "awe x"))
    ]
    heads = [taught(default, order).head for order in permutations(each)]
    assert all(torch.equal(head.weight, heads[0].weight) and torch.equal(head.bias, heads[0].bias) for head in heads)
    two, removed = taught(default, each[:2]), taught(default, [x for x in each if x.name != "awe x"])
    assert torch.equal(two.head.weight, removed.head.weight)
    assert taught(default, []) is default


def test_without_a_picture_a_class_is_its_constituents_or_its_muscles(default):
    nothing = none(default)
    blend = taught(default, [Lesson("smirking", nothing, nothing, constituents=("happy", "disgusted"))])
    assert blend.names[-1] == "smirking"
    units = teach(default, Lesson("pouting", nothing, nothing, units=(15, 17)))
    assert units.shots == 0
    assert units.recognised is None
    other = taught(default, [Lesson("pouting", nothing, nothing, units=(12,))])
    assert not torch.equal(
        taught(default, [Lesson("pouting", nothing, nothing, units=(15, 17))]).head.weight, other.head.weight
    )
    with pytest.raises(LessonError, match="Bring a picture"):
        Lesson("pouting", nothing, nothing)


def test_the_checkpoint_that_is_taught_stays_as_it_was(checkpoint):
    before = {k: v.clone() for k, v in checkpoint.learner.state().items()}
    head = checkpoint.head.weight.clone()
    taught(checkpoint, [lesson(shots(checkpoint, 2)), lesson(shots(checkpoint, 1, seed=4), "gloating")])
    assert all(torch.equal(v, checkpoint.learner.state()[k]) for k, v in before.items())
    assert torch.equal(head, checkpoint.head.weight)
    assert len(checkpoint.names) == 7


def test_saved_and_loaded_it_is_taught_as_if_it_had_never_been_saved(checkpoint, tmp_path):
    known = taught(checkpoint, [lesson(checkpoint.checks.x[[0]])])
    save_checkpoint(known, tmp_path / "taught", "card")
    loaded = load_checkpoint(tmp_path / "taught")
    assert torch.equal(loaded.pulls, known.pulls)
    further = lesson(shots(checkpoint, 1, seed=4), "gloating")
    first, second = (taught(c, [further]) for c in (known, loaded))
    assert torch.equal(first.head.weight, second.head.weight)
    assert torch.equal(first.head.bias, second.head.bias)
    assert teach(known, further) == teach(loaded, further)


def test_lessons_follow_the_camera(default):
    """A lesson's features are of the camera that was learned from; what is read for another one is off by its shift."""
    shift = 0.05 * torch.randn(default.model.num_features, generator=torch.Generator().manual_seed(1))
    x = default.checks.x[[0, 4]]
    plain = taught(default, [lesson(x)])
    moved = taught(default.with_shift(shift, 20), [lesson(x)])
    logits = [F.linear(default.checks.x + s, *c.head) for c, s in ((plain, 0), (moved, shift))]
    assert torch.allclose(*logits, atol=2e-3)


def effect_with(before, after, lost) -> Effect:
    return Effect("x", 1, ("a", "b"), before, after, lost, 1.0, None, 0, (("a", 0.5),))


def test_a_verdict_is_fine_costly_or_a_collision():
    assert effect_with((0.8, 0.8), (0.79, 0.8), (0.01, 0.0)).verdict is Verdict.FINE
    assert effect_with((0.8, 0.8), (0.75, 0.78), (0.05, 0.02)).verdict is Verdict.COSTS
    assert effect_with((0.8, 0.8), (0.8, 0.6), (0.0, 0.2)).verdict is Verdict.COLLIDES
    assert effect_with((0.8, 0.8), (0.8, 0.6), (0.0, 0.2)).most_hurt == ("b", 0.2)


def test_most_may_be_called_the_new_class_where_least_is_lost():
    effect = effect_with((0.9, 0.6), (0.8, 0.6), (0.05, 0.2))
    assert effect.most_hurt == ("b", 0.2)
    assert effect.most_lost == ("a", 0.9, 0.8)
    assert effect_with((0.5, 0.5), (0.25, 0.25), (0.05, 0.2)).worst_first == [1, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"eager": "wild"}, "'wild' is none"),
        ({"units": (3,)}, "no action unit 3"),
        ({"seen": torch.zeros(2, 5)}, "both of its readings"),
        ({"shots": torch.zeros(21, 5), "seen": torch.zeros(21, 5)}, "at most 20"),
    ],
)
def test_records_that_will_not_do(change, words):
    with pytest.raises(LessonError, match=words):
        replace(Lesson("x", torch.zeros(1, 5), torch.zeros(1, 5)), **change)


def test_lessons_that_do_not_fit_a_model(checkpoint):
    for given, words in (
        ([lesson(torch.zeros(1, 5))], "another network"),
        ([lesson(shots(checkpoint, 1)), lesson(shots(checkpoint, 1))], "knows 'smirking' already"),
        ([lesson(shots(checkpoint, 1), "Smirking ")], "not the name of a lesson"),
        ([lesson(shots(checkpoint, 1), constituents=("bored",))], "'bored' is not a class"),
    ):
        with pytest.raises(LessonError, match=words):
            taught(checkpoint, given)


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


def test_classes_of_other_names_draw_from_generators_of_their_own(default):
    names, x = ("tea", "eat", "ate", "smirk", "kirsm", "half smile", "full smile"), torch.ones(1, 3)
    drawn = {int(torch.randint(2**40, (), generator=_generator(default, Lesson(name, x, x)))) for name in names}
    assert len(drawn) == len(names)


def test_a_picture_that_is_brought_as_it_and_as_not_it_is_refused(reader):
    shots = [EXAMPLES / "2-happy.jpg", EXAMPLES / "8-disgusted.jpg"]
    with pytest.raises(LessonError, match="Picture 2 is brought as 'smirking' and as not it"):
        reader.teach("smirking", shots, against=[EXAMPLES / "6-sadly-angry.jpg", shots[1]])
    taught_once, _ = reader.teach("smirking", shots[:1])
    with pytest.raises(LessonError, match="One picture was brought as 'smirking' and as 'beaming'"):
        taught_once.teach("beaming", shots[:1])
    assert set(taught_once.teach("beaming", shots[1:])[0].names[-2:]) == {"smirking", "beaming"}


def test_a_lesson_of_another_network_is_refused_however_alike_it_is(default):
    x = default.checks.x[:1]
    with pytest.raises(LessonError, match="made with another network"):
        taught(default, [Lesson("new", x, x, backbone="0123456789abcdef")])


def test_one_picture_for_a_list_gets_a_sentence(reader):
    for work in (lambda: reader.teach("smirking", str(EXAMPLES / "2-happy.jpg")), lambda: reader.lesson("x", None)):
        with pytest.raises(PictureError, match="A list of pictures is wanted"):
            work()


def test_the_picture_that_is_meant_is_named_and_a_check_is_not_what_it_is_not(reader):
    happy, angry, disgusted = (EXAMPLES / n for n in ("2-happy.jpg", "6-sadly-angry.jpg", "8-disgusted.jpg"))
    with pytest.raises(LessonError, match="Picture 3 is brought as 'smirking' and as not it"):
        reader.teach("smirking", [happy, happy, disgusted], against=[disgusted])
    with pytest.raises(LessonError, match="Check picture 1 is brought as 'smirking' and as not it"):
        reader.teach("smirking", [happy], held_out=[disgusted], against=[angry, disgusted])


def test_what_was_taught_before_is_said_where_its_pictures_are_not_there_to_compare(reader):
    inside = Reader(reader.teach("smirking", [EXAMPLES / "2-happy.jpg"])[0].checkpoint)
    _, effect = inside.teach("beaming", [EXAMPLES / "2-happy.jpg"])
    assert effect.notes == ("1 of the pictures was called smirking, which was taught before.",)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"units": (12.0,)}, "a list of their numbers"),
        ({"units": (True,)}, "a list of their numbers"),
        ({"units": 12}, "a list of their numbers"),
        ({"units": ("12",)}, "a list of their numbers"),
        ({"units": (99,)}, "no action unit 99"),
    ],
)
def test_muscles_that_are_no_numbers_are_refused(reader, given, words):
    with pytest.raises(LessonError, match=words):
        reader.lesson("smirking", **given)


def test_numbers_and_lists_of_every_kind_make_one_record(reader):
    for units in ((12, 6), [12, 6], np.array([12, 6]), iter((12, 6))):
        assert reader.lesson("smirking", units=units).units == (12, 6)
    for parts in (("happy", "sad"), ["happy", "sad"], iter(("happy", "sad"))):
        assert reader.lesson("smirking", constituents=parts).constituents == ("happy", "sad")
    with pytest.raises(LessonError, match=r"The constituents are a list: \['happy'\]"):
        reader.lesson("smirking", constituents="happy")


def test_a_crop_that_the_caller_changes_afterwards_is_not_the_lessons(reader):
    buffer = np.array(Image.open(EXAMPLES / "2-happy.jpg").convert("RGB").resize((160, 160)))
    face = reader.read_crop(buffer)
    lesson, before = reader.lesson("smirking", [face]), buffer.copy()
    buffer[:] = 0
    np.testing.assert_array_equal(lesson.crops[0].crop, before)
    assert reader.read_crop(before / 255).top == face.top  # numbers from 0 to 1 are a crop, too
    with pytest.raises(PictureError):
        reader.read_crop(None)
