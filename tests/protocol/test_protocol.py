from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import FolderSource
from cfer.data.splits import fold_split
from cfer.emotions import COMPOUNDS
from cfer.features.table import FeatureTable
from cfer.protocol.protocol import Protocol, few_shot, shortfalls, streams, taking_part
from cfer.protocol.stream import Features, Stream

NAMES = ("neutral", "happy", "surprised", "happily surprised", "sadly angry")


@pytest.fixture
def features(tmp_path) -> FeatureTable:
    """Twelve people in five classes; a picture's features are its class and its own number."""
    rows = [Sample(f"{p}/{n}.jpg", n, person=f"p{p}", group=f"p{p}") for p in range(12) for n in NAMES]
    x = torch.tensor([[float(NAMES.index(str(s.label))), float(i)] for i, s in enumerate(rows)])
    return FeatureTable(SampleTable("people", tuple(rows), FolderSource(tmp_path)), x)


def test_in_folds_everybody_is_tested_once_and_never_taught_at_the_same_time(features):
    tested = Counter()
    for number in range(4):
        table = fold_split(features.table, 4, number, seed=3)
        parts = {part: {s.person for s in table.part(part).samples} for part in ("train", "validation", "test")}
        assert sum(map(len, parts.values())) == 12
        assert not parts["train"] & parts["test"]
        assert not parts["validation"] & (parts["train"] | parts["test"])
        tested.update(parts["test"])
    assert set(tested.values()) == {1}
    assert len(tested) == 12


def test_fewer_people_than_folds_are_refused(features):
    with pytest.raises(ValueError, match="12"):
        fold_split(features.table, 13, 0)


def test_basics_come_first_and_compounds_in_drawn_orders(features):
    found = [s.classes for s in streams(features, Protocol(folds=3, orders=8, least=12), 0)]
    assert all(classes[:3] == NAMES[:3] for classes in found)
    assert {classes[3:] for classes in found} == {NAMES[3:], NAMES[:2:-1]}
    assert found == [s.classes for s in streams(features, Protocol(folds=3, orders=8, least=12), 2)]


def test_what_is_too_rare_takes_no_part_and_data_without_compounds_is_refused(features):
    basics, compounds = taking_part(features.table, 12)
    assert basics == NAMES[:3]
    assert compounds == NAMES[3:]
    with pytest.raises(ValueError, match="two basics and a compound"):
        taking_part(features.table, 13)
    alone = features.table.only(s for s in features.table.samples if s.label in NAMES[:3])
    with pytest.raises(ValueError, match="two basics and a compound"):
        taking_part(alone, 5)


def test_few_shots_are_the_same_for_any_order_and_grow_by_adding(features):
    by_order = {s.classes: s for s in streams(features, Protocol(folds=3, orders=8, least=12), 0)}
    drawn = []
    for stream in by_order.values():
        one, three = few_shot(stream, 1, (5,)), few_shot(stream, 3, (5,))
        for k in range(3, 5):
            first, more = one.train.x[one.train.y == k], three.train.x[three.train.y == k]
            assert len(first) == 1
            assert len(more) == 3
            assert any(torch.equal(first[0], row) for row in more)
        place = stream.classes.index("sadly angry")
        drawn.append(float(one.train.x[one.train.y == place][0, 1]))
        assert len(one.train.of(range(3)).y) == len(stream.train.of(range(3)).y)
        assert few_shot(stream, None, (5,)) is stream
    assert len(set(np.round(drawn, 4))) == 1


def test_every_compound_gets_people_of_its_own():
    """Fifteen compounds, a picture of each of a hundred people: one draw of one picture a class, another for each."""
    people = torch.arange(100).repeat(16)
    y = torch.arange(16).repeat_interleave(100)
    part = Features(people[:, None].float(), y, people)
    stream = Stream(("neutral", *COMPOUNDS), 1, part, part, part)
    draws = {}
    for order in range(6):
        found = few_shot(stream, 1, (0, 2, 0, order)).train
        draws |= {(order, k): int(found.groups[found.y == k]) for k in range(1, 16)}
    distinct = len(set(draws.values()))  # 90 draws out of 100 people: 60 are to be expected, and seldom under 50
    assert distinct > 50
    surprised = [int(draws[0, k]) for k, name in enumerate(COMPOUNDS, 1) if name.endswith("surprised")]
    assert len(surprised) == 5
    assert len(set(surprised)) > 1


def test_what_cannot_be_learned_or_tested_is_said(features):
    rows = [replace(s, split="test" if i < 20 else "train") for i, s in enumerate(features.table.samples)]
    own = Protocol(folds=1, least=8)

    def parted(kept):
        return features.table.only(s for s in rows if kept(s))

    with pytest.raises(ValueError, match="no picture for test"):
        taking_part(parted(lambda s: s.split == "train"), 8, own_parts=True)
    torn = parted(lambda s: s.label != "sadly angry" or s.split == "train")
    assert taking_part(torn, 8, own_parts=True)[1] == ("happily surprised",)
    assert shortfalls(torn, torn, own) == [
        "Classes without a picture to learn from, or to test on, do not take part: sadly angry."
    ]
    few = parted(lambda s: s.label != "sad" and (s.label != "sadly angry" or s.split == "test"))
    assert shortfalls(parted(lambda s: True), few, own) == [
        "Classes of fewer than 8 usable pictures do not take part: sadly angry (4)."
    ]
    alone = features.table.only(
        replace(s, group="p0") if s.label == "sadly angry" else s for s in features.table.samples
    )
    said = shortfalls(alone, alone, Protocol(folds=3, least=12))  # in one division to test on, in one to choose by
    assert [line.endswith("there is nothing to learn sadly angry from, yet it counts.") for line in said] == [True] * 2
