import torch

from cfer.emotions import BASICS
from cfer.features.table import FeatureTable, joined
from cfer.protocol.stream import basic_stream, make_stream, stream_label


def numbered(drawn_faces) -> FeatureTable:
    """Each row's feature is its own number."""
    return FeatureTable(drawn_faces, torch.arange(float(len(drawn_faces)))[:, None])


def test_rows_keep_their_features_labels_and_parts(drawn_faces):
    stream = make_stream(numbered(drawn_faces), ("sad", "happily surprised"), 1, stream_label)
    for part, split in ((stream.train, "train"), (stream.validation, "validation"), (stream.test, "test")):
        rows = [drawn_faces.samples[int(i)] for i in part.x[:, 0]]
        assert {s.split for s in rows} == {split}
        assert [stream.classes[k] for k in part.y] == [stream_label(s) for s in rows]
    assert stream.train_counts(2).tolist() == [24, 12]


def test_the_basic_stream_goes_by_the_majority(drawn_faces):
    stream = basic_stream(numbered(drawn_faces))
    rows = [drawn_faces.samples[int(i)] for i in stream.test.x[:, 0]]
    assert [BASICS[k] for k in stream.test.y] == [s.label for s in rows]
    assert len(stream) == 1
    assert any(s.compound for s in rows)


def test_a_step_shows_its_own_classes_only_with_their_constituents(drawn_faces):
    classes = ("neutral", "happy", "surprised", "happily surprised")
    stream = make_stream(numbered(drawn_faces), classes, 3, stream_label)
    assert len(stream) == 2
    assert stream.step(0).y.unique().tolist() == [0, 1, 2]
    step = stream.step(1)
    assert step.y.unique().tolist() == [3]
    assert (step.seen, step.side.neutral, step.side.sources) == (4, 0, None)
    assert [{classes[i] for i in each} for each in step.side.constituents] == [{"happy", "surprised"}]


def test_joined_data_sets_keep_their_rows_apart(drawn_faces):
    first = FeatureTable(drawn_faces, torch.zeros(len(drawn_faces), 2))
    second = FeatureTable(drawn_faces.part("test"), torch.ones(len(drawn_faces.part("test")), 2), ("one was dark",))
    both = joined([first, second])
    assert len(both.table) == len(both.x) == len(first.table) + len(second.table)
    assert torch.equal(both.sources.float(), both.x[:, 0])
    assert both.refused == ("one was dark",)
    assert joined([first]) is first
