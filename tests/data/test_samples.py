import multiprocessing
import zipfile
from pathlib import Path

from cfer.data.samples import Sample, SampleTable
from cfer.data.sources import FolderSource, ZipSource


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


def test_a_zip_that_has_been_read_from_can_be_handed_to_another_process(tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as file:
        file.writestr("top/note.txt", "hello")
    source = ZipSource(tmp_path / "pictures.zip")
    assert source.read_text("note.txt") == "hello"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(source.read_text, ("note.txt",)) == "hello"
