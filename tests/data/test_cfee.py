import pandas
import pytest
from PIL import Image

from cfer.data.readers import read_data
from cfer.emotions import EXPRESSIONS
from cfer.pictures import PictureError

CLASSES = {1: "Neutral", 2: "Happy", 3: "Sad", 8: "Happily surprised", 12: "Sadly angry", 21: "Smug"}


@pytest.fixture
def folder(tmp_path):
    """A small tree in CFEE's own layout; the numbers are the workbook's business."""
    with pandas.ExcelWriter(tmp_path / "AU_annotation_all_subjects.xls", engine="openpyxl") as book:
        pandas.DataFrame(CLASSES.items(), columns=["Category", "Name"]).to_excel(
            book, sheet_name="summary", index=False
        )
        pandas.DataFrame({"subject": [110], "AU12": [1]}).to_excel(book, sheet_name="Happy", index=False)
    for place in ("01-04/Images1", "05-08/Images2", "09-12/Images3", "21-26/Images6"):
        (tmp_path / place).mkdir(parents=True)
    pictures = (
        "01-04/Images1/01_110_2555.jpg",
        "01-04/Images1/02_110_2556.JPG",
        "01-04/Images1/02_128_4191.jpg",
        "05-08/Images2/08_110_2559.jpg",
        "09-12/Images3/12_128_4192.jpg",
        "21-26/Images6/21_110_2560.jpg",
    )
    for number, name in enumerate(pictures):
        Image.new("RGB", (40, 30), (30 * number, 90, 90)).save(tmp_path / name)
    (tmp_path / "01-04/Images1/Thumbs.db").write_bytes(b"")
    return tmp_path


def test_numbers_are_named_by_the_workbook_and_people_by_the_file_names(folder):
    table = read_data(folder)
    assert table.name == "CFEE"
    assert not table.cropped
    found = {s.path: (s.label, s.person, s.group) for s in table.samples}
    assert found == {
        "01-04/Images1/01_110_2555.jpg": ("neutral", "110", "110"),
        "01-04/Images1/02_110_2556.JPG": ("happy", "110", "110"),
        "01-04/Images1/02_128_4191.jpg": ("happy", "128", "128"),
        "05-08/Images2/08_110_2559.jpg": ("happily surprised", "110", "110"),
        "09-12/Images3/12_128_4192.jpg": ("sadly angry", "128", "128"),
    }
    assert table.source.read("05-08/Images2/08_110_2559.jpg").shape == (30, 40, 3)


def test_what_is_no_expression_is_reported(folder):
    said = " ".join(read_data(folder).oddities)
    assert "Smug" in said
    assert "1 pictures of class 21" in said


def test_a_workbook_without_the_list_of_classes_is_named(folder):
    pandas.DataFrame({"a": [1]}).to_excel(
        folder / "AU_annotation_all_subjects.xls", sheet_name="other", index=False, engine="openpyxl"
    )
    with pytest.raises(PictureError, match="summary"):
        read_data(folder)


def test_all_names_of_the_database_are_in_the_vocabulary(folder):
    names = [n for n in EXPRESSIONS if n not in {"neutral"}]
    with pandas.ExcelWriter(folder / "AU_annotation_all_subjects.xls", engine="openpyxl") as book:
        rows = [(k + 2, n.capitalize()) for k, n in enumerate(names)]
        pandas.DataFrame(rows).to_excel(book, sheet_name="summary", index=False)
    assert not [line for line in read_data(folder).oddities if "no expression's name" in line]
