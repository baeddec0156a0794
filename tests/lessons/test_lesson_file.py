import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from cfer.lessons.lesson import taught
from cfer.lessons.lesson_file import MOST_LESSONS, LeftOut, merged, most_bytes, pack_lessons, unpack_lessons
from cfer.lessons.names import LessonError
from cfer.lessons.record import Lesson
from cfer.reading.reader import Reader


@pytest.fixture(scope="module")
def base():
    return Reader().checkpoint


@pytest.fixture(scope="module")
def lessons(base):
    x, none = base.checks.x, torch.empty(0, base.model.num_features)
    return (
        Lesson("smirking", x[:2], x[2:4], x[5:6], ("happy", "disgusted"), (12, 14 - 2), "careful"),
        Lesson("pouting", none, none, none, units=(15, 17)),
    )


def contents(data):
    size = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["lessons"])


def changed(data, **change):
    return save(load(data), {"lessons": json.dumps(contents(data) | change)})


def test_lessons_come_back_as_they_were_and_teach_the_same(base, lessons):
    found = unpack_lessons(base, pack_lessons(base, lessons))
    assert found == lessons
    assert torch.equal(taught(base, found).head.weight, taught(base, lessons).head.weight)


def test_there_is_no_picture_in_it(base, lessons):
    data = pack_lessons(base, lessons)
    assert set(load(data)) == {f"{i}.{part}" for i in (0, 1) for part in ("shots", "seen", "against")}
    assert len(data) < 40_000
    assert set(contents(data)) == {"schema_version", "backbone", "features", "lessons"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 9}, "another version"),
        ({"backbone": "0" * 16}, "another network"),
        ({"lessons": []}, "one to 32"),
        ({"extra": 1}, "not a lesson file"),
    ],
)
def test_a_file_that_does_not_fit_says_why(base, lessons, change, words):
    with pytest.raises(LessonError, match=words):
        unpack_lessons(base, changed(pack_lessons(base, lessons), **change))


def test_hostile_files_get_a_sentence(base, lessons):
    data, known = pack_lessons(base, lessons), load(pack_lessons(base, lessons))
    metadata = {"lessons": json.dumps(contents(data))}
    entry = contents(data)["lessons"][0]
    for bad, words in (
        (b"", "not a lesson file"),
        (b"\x80\x04pickle", "not a lesson file"),
        (b"\xff" * 100, "not a lesson file"),
        (data[:-10], "not a lesson file"),
        (b"x" * 9_000_000, "too large"),
        (save(known), "not a lesson file"),
        (save(known | {"0.shots": known["0.shots"] * float("nan")}, metadata), "not numbers"),
        (save(known | {"0.shots": known["0.shots"] + 1e6}, metadata), "not numbers"),
        (save(known | {"0.shots": torch.zeros(2, 7)}, metadata), "wrong shape"),
        (save(known | {"0.shots": known["0.shots"].half()}, metadata), "not a lesson file"),
        (save(known | {"more": torch.zeros(1)}, metadata), "do not belong together"),
        (save(known | {"0.seen": torch.zeros(1, known["0.seen"].shape[1])}, metadata), "both of its readings"),
        (changed(data, lessons=[entry | {"name": "<script>"}, entry | {"name": "b"}]), "letters, digits"),
        (changed(data, lessons=[entry | {"name": "happy"}, entry]), "knows 'happy' already"),
        (changed(data, lessons=[entry, entry]), "knows 'smirking' already"),
        (changed(data, lessons=[entry | {"constituents": ["bored"]}, entry | {"name": "b"}]), "does not know"),
    ):
        with pytest.raises(LessonError, match=words):
            unpack_lessons(base, bad)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 3000), value=st.binary(min_size=1, max_size=8), cut=st.integers(0, 3000))
def test_a_damaged_file_never_crashes_and_never_loads_as_something_else(base, lessons, place, value, cut):
    data = bytearray(pack_lessons(base, lessons))
    data[place : place + len(value)] = value
    try:
        found = unpack_lessons(base, bytes(data[: len(data) - cut]))
    except LessonError:
        return
    assert len(found) == 2  # features may differ in a bit; shapes, names and limits hold
    assert all(torch.isfinite(x.shots).all() for x in found)


def test_of_two_lessons_of_one_name_the_first_stays(base, lessons):
    other = Lesson("smirking", base.checks.x[7:8], base.checks.x[7:8])
    found, refused = merged(lessons, (other, Lesson("new", base.checks.x[:1], base.checks.x[:1])))
    assert [x.name for x in found] == ["smirking", "pouting", "new"]
    assert found[0] == lessons[0]
    assert refused == (LeftOut("smirking", "name", "smirking"),)
    assert merged(lessons, lessons) == (lessons, ())


def test_there_must_be_something_to_save(base):
    with pytest.raises(LessonError, match="no lesson"):
        pack_lessons(base, ())


def test_names_that_are_one_are_not_put_beside_each_other(base):
    x = base.checks.x
    mine = (Lesson("half smile", x[:1], x[:1]), Lesson("café", x[1:2], x[1:2]))
    theirs = (Lesson("half-smile", x[2:3], x[2:3]), Lesson("cafe\u0301", x[3:4], x[3:4]), Lesson("new", x[4:5], x[4:5]))
    found, left_out = merged(mine, theirs)
    assert [lesson.name for lesson in found] == ["half smile", "café", "new"]
    assert [str(each) for each in left_out] == [
        "'half-smile' was left out: its name is that of 'half smile'.",
        "'cafe\u0301' was left out: its name is that of 'café'.",
    ]
    assert [x.name for x in unpack_lessons(base, pack_lessons(base, found))] == [x.name for x in found]


def test_one_picture_under_two_names_is_not_put_together(base):
    x = base.checks.x
    found, left_out = merged((Lesson("one", x[:2], x[:2]),), (Lesson("other", x[1:3], x[1:3]),))
    assert [lesson.name for lesson in found] == ["one"]
    assert str(left_out[0]) == "'other' was left out: its picture is that of 'one'."
    with pytest.raises(LessonError, match="One picture was brought as 'one' and as 'other'"):
        taught(base, [Lesson("one", x[:2], x[:2]), Lesson("other", x[1:3], x[1:3])])


def test_whatever_is_written_can_be_opened(base):
    """As many lessons as a file holds, of as many pictures as a lesson has."""
    x = base.checks.x.repeat(20, 1)[:1280] + torch.arange(1280)[:, None] / 100  # no two are one picture
    lessons = tuple(
        Lesson(f"class {n}", x[40 * n : 40 * n + 20], x[40 * n : 40 * n + 20], x[40 * n + 20 : 40 * n + 40])
        for n in range(MOST_LESSONS)
    )
    data = pack_lessons(base, lessons)
    assert unpack_lessons(base, data) == lessons
    assert len(data) <= most_bytes(base.model.num_features)
    with pytest.raises(LessonError, match="holds one to 32 lessons"):
        pack_lessons(base, (*lessons, Lesson("one more", x[:1] * 2, x[:1] * 2)))
