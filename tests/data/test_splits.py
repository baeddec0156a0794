from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cfer.data.samples import FolderSource, Sample, SampleTable
from cfer.data.splits import PARTS, split


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
