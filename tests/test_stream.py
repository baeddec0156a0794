import torch

from cfer.emotions import BASICS
from cfer.learning.features import FeatureTable, joined
from cfer.learning.stream import Features, basic_stream, make_stream, stream_label


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


def test_every_data_set_counts_alike_in_every_class():
    y, sources = torch.tensor([0, 0, 0, 0, 1, 1]), torch.tensor([0, 0, 0, 1, 1, 1])
    rows = Features(torch.zeros(6, 1), y, torch.arange(6), sources)
    weights = rows.weights()
    torch.testing.assert_close(weights, torch.tensor([2 / 3, 2 / 3, 2 / 3, 2.0, 1.0, 1.0]))
    assert rows.of(range(1, 2)).weights().tolist() == [1, 1]
    assert Features(torch.zeros(2, 1), torch.tensor([0, 1]), torch.arange(2)).weights().tolist() == [1, 1]


def test_joined_data_sets_keep_their_rows_apart(drawn_faces):
    first = FeatureTable(drawn_faces, torch.zeros(len(drawn_faces), 2))
    second = FeatureTable(drawn_faces.part("test"), torch.ones(len(drawn_faces.part("test")), 2), ("one was dark",))
    both = joined([first, second])
    assert len(both.table) == len(both.x) == len(first.table) + len(second.table)
    assert torch.equal(both.sources.float(), both.x[:, 0])
    assert both.refused == ("one was dark",)
    assert joined([first]) is first
