import torch

from cfer.emotions import BASICS
from cfer.learning.features import FeatureTable
from cfer.learning.stream import basic_stream, make_stream, stream_label


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
