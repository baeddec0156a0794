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


def test_a_table_in_a_zip_or_further_inside_is_not_passed_over(tmp_path):
    for number, name in enumerate(("happy", "sad")):
        picture(tmp_path / "data" / name / f"{number}.png", 50 + number)
    (tmp_path / "data" / "samples.csv").write_text(
        "path,label,person,split\nhappy\\0.png,happy,p1,train\nsad/1.png,sad,p2,test\n"
    )
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for path in sorted((tmp_path / "data").rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path))
    rows = [(s.path, s.label, s.person, s.split, s.content) for s in read_data(tmp_path / "data").samples]
    assert [row[:4] for row in rows] == [("happy/0.png", "happy", "p1", "train"), ("sad/1.png", "sad", "p2", "test")]
    assert [(s.path, s.label, s.person, s.split, s.content) for s in read_data(tmp_path / "data.zip").samples] == rows
    (tmp_path / "around" / "inner").mkdir(parents=True)
    (tmp_path / "data").rename(tmp_path / "around" / "inner" / "data")
    with pytest.raises(PictureError, match=r"give the folder of inner/data/samples\.csv instead"):
        read_data(tmp_path / "around")


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (["happy/Val", "happy/Dev"], "'Dev', 'Val' is taken for a part of the data, not for somebody"),
        (["happy/Jean", "happy/Ann", "happy/?"], None),
        (["happy/Jean-Luc", "happy/Anna", "happy/Nil"], "'Nil' is taken to say that nobody knows who is shown"),
        (["anna/studio/happy", "ben/studio/happy"], "The classes' folders lie in 2 others, 'anna', 'ben'"),
        (["happy/studio/anna", "happy/studio/ben"], "All pictures count as one person's, 'studio'"),
        (["happy/Anna", "happy/ANNA"], "'ANNA', 'Anna' count as 2 people"),
        (["happy/07", "happy/7.0"], "'07', '7.0' count as 2 people"),
    ],
)
def test_folders_that_may_mean_something_else_are_said(tmp_path, folders, said):
    for number, folder in enumerate(folders):
        picture(tmp_path / folder / f"{number}.png", 50 + number)
    oddities = read_data(tmp_path).oddities
    assert any(said in line for line in oddities) if said else not oddities


def test_a_picture_of_several_people_is_said(tmp_path):
    for person in ("anna", "ben", "cleo"):
        picture(tmp_path / "happy" / person / "none.png", 50)
        picture(tmp_path / "sad" / person / "none.png", ord(person[0]))
    table = read_data(tmp_path)
    assert any("is of 3 people, who therefore count as one" in line for line in table.oddities)
    assert len({s.group for s in table.samples}) == 1
