import pytest
from PIL import Image

from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.pictures import PictureError

BASIC = "train_00001.jpg 1\ntrain_00002.jpg 4\ntest_0001.jpg 7\ntest_0002.jpg 6\n"
COMPOUND = "train_0001.jpg 1\ntest_0001.jpg 11\ntest_0002.jpg 7\n"


def write(folder, listing, suffix="_aligned", place="Image/aligned"):
    (folder / "EmoLabel").mkdir(parents=True)
    (folder / "EmoLabel" / "list_patition_label.txt").write_text(listing)
    (folder / place).mkdir(parents=True)
    for number, line in enumerate(listing.splitlines()):
        stem = line.split()[0].removesuffix(".jpg")
        Image.new("RGB", (100, 100), (5 * number, 90, len(folder.name))).save(folder / place / f"{stem}{suffix}.jpg")


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "basic", BASIC)
    write(tmp_path / "compound", COMPOUND)
    return tmp_path


def test_both_parts_with_their_own_numbers_and_splits(folder):
    table = read_data(folder)
    assert table.name == "RAF-DB"
    assert table.cropped
    assert [(s.label, s.split) for s in table.samples] == [
        *(("surprised", "train"), ("happy", "train"), ("neutral", "test"), ("angry", "test")),
        *(("happily surprised", "train"), ("disgustedly surprised", "test"), ("fearfully angry", "test")),
    ]
    assert table.source.read(table.samples[0].path).shape == (100, 100, 3)


def test_one_part_alone_is_told_by_its_folder(folder):
    labels = {s.label for s in read_data(folder / "basic").samples}
    assert labels == {"surprised", "happy", "neutral", "angry"}
    assert "disgustedly surprised" in {s.label for s in read_data(folder / "compound").samples}


def test_original_pictures_are_not_taken_for_crops(tmp_path):
    write(tmp_path, BASIC, suffix="", place="Image/original")
    table = read_data(tmp_path)
    assert len(table) == 4
    assert not table.cropped


def test_listed_pictures_that_are_missing_are_counted(folder):
    (folder / "basic/Image/aligned/train_00002_aligned.jpg").unlink()
    table = read_data(folder)
    assert len(table) == 6
    assert any("1 lines" in line for line in table.oddities)


def test_a_strange_list_is_refused(folder):
    (folder / "basic/EmoLabel/list_patition_label.txt").write_text("train_00001.jpg happy\n")
    with pytest.raises(PictureError, match="row 1: a picture's name and a number"):
        read_data(folder)


def test_a_validation_part_is_drawn_where_the_data_brings_none(tmp_path):
    listing = "".join(f"train_{i:05d}.jpg {i % 7 + 1}\n" for i in range(1, 41)) + "test_0001.jpg 1\n"
    write(tmp_path, listing)
    parts = split(read_data(tmp_path))
    assert {part: len(parts.part(part)) for part in ("train", "validation", "test")} == {
        "train": 34,
        "validation": 6,
        "test": 1,
    }
