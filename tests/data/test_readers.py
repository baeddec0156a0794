import zipfile

import numpy as np
import pytest
from PIL import Image

from cfer.data.readers import read_data
from cfer.pictures import PictureError


def picture(path, level: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (level,) * 3).save(path)


def test_class_folders_with_people_and_parts(tmp_path):
    picture(tmp_path / "train" / "Happy" / "anna" / "1.png")
    picture(tmp_path / "train" / "sadly_angry" / "anna" / "2.jpg")
    picture(tmp_path / "test" / "happiness" / "3.png")
    picture(tmp_path / "test" / "bored" / "4.png")
    (tmp_path / "test" / "happiness" / "notes.txt").write_text("not a picture")
    table = read_data(tmp_path)
    rows = {s.path: (s.label, s.person, s.split) for s in table.samples}
    assert rows == {
        "train/Happy/anna/1.png": ("happy", "anna", "train"),
        "train/sadly_angry/anna/2.jpg": ("sadly angry", "anna", "train"),
        "test/happiness/3.png": ("happy", None, "test"),
    }
    assert table.samples[0].group  # people group their pictures
    assert not table.cropped
    assert any("'test/bored'" in text for text in table.oddities)


def test_class_folders_in_a_zip(tmp_path):
    picture(tmp_path / "tree" / "happy" / "1.png", 33)
    with zipfile.ZipFile(tmp_path / "tree.zip", "w") as archive:
        archive.write(tmp_path / "tree" / "happy" / "1.png", "tree/happy/1.png")
    table = read_data(tmp_path / "tree.zip")
    assert table.samples[0].label == "happy"
    assert (table.source.read(table.samples[0].path) == 33).all()


def test_a_manifest_names_paths_labels_people_and_parts(tmp_path):
    picture(tmp_path / "pictures" / "a.png", 50)
    picture(tmp_path / "pictures" / "b.png")
    (tmp_path / "list.csv").write_text(
        "path,label,person,split\n"
        "pictures/a.png,Anger,p1,train\n"
        "pictures/b.png,boredom,p2,train\n"
        "pictures/c.png,happy,p3,test\n"
    )
    table = read_data(tmp_path / "list.csv", cropped=True)
    (row,) = table.samples
    assert (row.label, row.person, row.group, row.split) == ("angry", "p1", "p1", "train")
    assert table.cropped
    assert len(table.oddities) == 2
    np.testing.assert_array_equal(np.unique(table.source.read(row.path)), [50])


def test_columns_may_go_by_other_names(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "list.csv").write_text("Subject, Expression ,File\n7,happily_surprised,a.png\n")
    (row,) = read_data(tmp_path / "list.csv").samples
    assert (row.path, row.label, row.person) == ("a.png", "happily surprised", "7")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: d / "nothing", "nothing at"),
        (lambda d: (d / "x.bin").write_bytes(b"1") and d / "x.bin", "neither a folder, a zip nor a CSV"),
        (lambda d: (d / "m.csv").write_text("name,mood\na,b\n") and d / "m.csv", "needs the columns"),
        (
            lambda d: (d / "m.csv").write_text("path,label\na.png,happy\n") and d / "m.csv",
            "None of the pictures that m.csv names exists",
        ),
        (lambda d: picture(d / "bored" / "1.png") or d, "No folder bears the name of an expression"),
        (lambda d: (d / "a.txt").write_text("x") and d, "holds no picture; it holds 1 other files"),
        (lambda d: picture(d / "3" / "1.png") or d, "do not agree what numbers mean"),
        (lambda d: d, "is empty"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(tmp_path, make, words):
    with pytest.raises(PictureError, match=words):
        read_data(make(tmp_path))
