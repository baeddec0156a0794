from pathlib import Path

from cfer.data.samples import FolderSource, Sample, SampleTable


def test_parts_and_counts_of_a_table():
    rows = (
        Sample("a", "happy", split="train"),
        Sample("b", "happy", split="test"),
        Sample("c", None, split="train"),
    )
    table = SampleTable("t", rows, FolderSource(Path()), cropped=True)
    assert table.counts() == {"happy": 2, "(none)": 1}
    part = table.part("train")
    assert [s.path for s in part.samples] == ["a", "c"]
    assert part.cropped
    assert len(table.only([])) == 0
