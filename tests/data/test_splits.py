from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import FolderSource
from cfer.data.splits import PARTS, split, split_together


def table(rows: list[Sample]) -> SampleTable:
    return SampleTable("t", tuple(rows), FolderSource(Path()))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["train", "validation", "test"])), min_size=1, max_size=40),
    st.booleans(),
    st.integers(0, 3),
)
def test_no_group_ever_stands_in_two_parts(rows, own_parts, seed):
    samples = [Sample(str(i), "happy", group=str(g), split=p if own_parts else None) for i, (g, p) in enumerate(rows)]
    done = split(table(samples), seed=seed)
    homes: dict[str, set[str | None]] = {}
    for s in done.samples:
        homes.setdefault(s.group, set()).add(s.split)
    assert all(len(parts) == 1 for parts in homes.values())
    assert all(s.split in PARTS for s in done.samples)
    if not own_parts:
        assert len(done) == len(samples)


def test_the_test_part_keeps_its_duplicates_and_training_loses_them():
    rows = [
        Sample("a", "happy", group="1", split="train"),
        Sample("b", "happy", group="1", split="test"),
        Sample("c", "happy", group="2", split="train"),
        Sample("d", "happy", group="2", split="validation"),
        Sample("e", "happy", group="3", split="train"),
    ]
    assert [s.path for s in split(table(rows)).samples] == ["b", "d", "e"]


def test_drawn_parts_follow_the_fractions_and_the_seed():
    rows = [Sample(str(i), "happy", group=str(i // 2)) for i in range(200)]
    first, again, other = (split(table(rows), fractions=(0.1, 0.2), seed=s) for s in (1, 1, 2))
    assert first == again
    assert first != other
    assert [len(first.part(p)) for p in PARTS] == [140, 20, 40]


def rows_of(count, prefix, split=None, contents=None):
    return [
        Sample(f"{prefix}{i}", "happy", person=f"p{i // 2}", group=f"p{i // 2}", split=split, content=c)
        for i, c in zip(range(count), contents or [f"{prefix}{i}" for i in range(count)], strict=True)
    ]


def parts_by_content(tables):
    found = {}
    for each in tables:
        for s in each.samples:
            found.setdefault(s.content, set()).add(s.split)
    return found


@given(st.integers(0, 5), st.sampled_from([None, "train", "test"]), st.booleans())
def test_no_picture_stands_in_two_parts_of_all_data(seed, brought, turned):
    """B holds A's pictures under other people's names, two of A's people in one of B's."""
    first = table(rows_of(40, "a"))
    shared = [f"a{i}" for i in np.random.default_rng(seed).permutation(40)]
    second = table(rows_of(40, "b", brought, shared))
    tables = [second, first] if turned else [first, second]
    done = split_together(tables, seed=seed)
    assert all(len(parts) == 1 for parts in parts_by_content(done).values())
    if brought == "test":  # what a data set brings as test pictures nobody trains on
        assert {s.split for t in done for s in t.samples if s.content in shared} == {"test"}
        assert len(done[tables.index(second)]) == 40
    if brought is None:
        assert [len(t) for t in done] == [40, 40]  # what is drawn here is moved, not lost


def test_without_anything_in_common_each_is_divided_as_alone():
    tables = [table(rows_of(30, "a")), table(rows_of(30, "b", "test") + rows_of(30, "c", "train"))]
    assert [t.samples for t in split_together(tables, seed=3)] == [split(t, seed=3).samples for t in tables]


def test_people_of_one_name_are_one_person_where_that_is_said():
    tables = [table(rows_of(40, "a")), table(rows_of(40, "b"))]
    for told in (False, True):
        homes = {}
        for each in split_together(tables, same_people=told):
            for s in each.samples:
                homes.setdefault(s.person, set()).add(s.split)
        assert all(len(parts) == 1 for parts in homes.values()) is told or told is False
    assert all(len(parts) == 1 for parts in homes.values())


def test_what_was_learned_from_is_for_training_and_never_tested():
    free, brought = table(rows_of(20, "a")), table(rows_of(20, "b", "test"))
    done = split_together([free, brought], learned=["a3", "b4"])
    assert {s.split for s in done[0].samples if s.person == "p1"} == {"train"}
    assert len(done[1]) == 18  # both pictures of the person whose picture was learned from are gone
    assert any("2 rows are left out" in text for text in done[1].oddities)


def test_one_person_is_known_whatever_the_case_and_an_invented_one_by_its_number():
    def people(*names, split=None, truth=None):
        return table([Sample(n, "happy", None, n, n, split, truth=truth, content=f"{n}{split}") for n in names])

    first, second = people("Person A", "b", split="test"), people("person  a", "c", split="train")
    assert [len(t) for t in split_together([first, second], same_people=True)] == [2, 1]
    assert [len(t) for t in split_together([first, second])] == [2, 2]
    first = people("person-00001", split="test", truth="1.png")
    second = people("person-00001", "person-00002", split="train", truth="2.png")
    assert [len(t) for t in split_together([first, second])] == [1, 1]
