import os
import zipfile

import pytest
from PIL import Image

from cfer.batch import list_pictures
from cfer.pictures import PictureError


@pytest.fixture
def album(tmp_path):
    root = tmp_path / "album"
    (root / "inner").mkdir(parents=True)
    for name in ("b.jpg", "a.png", "inner/c.webp"):
        Image.new("RGB", (20, 20)).save(root / name)
    (root / "notes.txt").write_text("no picture")
    return root


def test_a_folder_is_its_pictures_by_name_with_those_of_inner_folders(album):
    assert [p.name for p in list_pictures([album])] == [str(album / n) for n in ("a.png", "b.jpg", "inner/c.webp")]


def test_an_archive_is_its_pictures(album, tmp_path):
    packed = tmp_path / "album.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(album.rglob("*.*")):
            archive.write(path, path.relative_to(album))
    found = list_pictures([packed])
    assert [p.inside for p in found] == ["a.png", "b.jpg", "inner/c.webp"]
    assert found[0].open() == (album / "a.png").read_bytes()


def test_a_pattern_is_matched_here_where_the_shell_did_not(album):
    assert [p.file.name for p in list_pictures([str(album / "**" / "*.*")])] == ["a.png", "b.jpg", "c.webp"]
    with pytest.raises(PictureError, match=r"No picture is named like '.*\*\.heic'"):
        list_pictures([str(album / "*.heic")])


def test_a_table_is_what_it_names_as_it_names_it_missing_ones_too(album):
    (album / "list.csv").write_text("id;File\n1;b.jpg\n2;inner/c.webp\n3;gone.jpg\n")
    found = list_pictures([album / "list.csv"])
    assert [p.name for p in found] == ["b.jpg", "inner/c.webp", "gone.jpg"]
    assert found[1].open() == album / "inner" / "c.webp"
    (album / "blank.csv").write_text("path\n\n \n")
    with pytest.raises(PictureError):
        list_pictures([album / "blank.csv"])
    (album / "other.csv").write_text("id,age\n1,20\n")
    with pytest.raises(PictureError, match="no column of paths: call it 'path'"):
        list_pictures([album / "other.csv"])


def test_what_holds_no_picture_is_said(album, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(PictureError, match="holds no picture"):
        list_pictures([tmp_path / "empty"])
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(PictureError, match="holds no picture among 1 files"):
        list_pictures([tmp_path / "texts.zip"])


def test_a_file_stays_as_it_was_given(tmp_path):
    assert list_pictures(["gone.jpg"])[0].name == "gone.jpg"  # that it is missing is said when it is read


def test_an_album_is_read_with_the_folders_that_people_keep(album, tmp_path):
    for folder in ("Birthday (2)", "New folder (1)", "Family copy", "@anna", "Holiday~", "x - Copy", "#best of"):
        (album / folder).mkdir()
        Image.new("RGB", (20, 20)).save(album / folder / "1.png")
    for folder in (".trash", "@eaDir", "__MACOSX", "#recycle"):
        (album / folder).mkdir()
        Image.new("RGB", (20, 20)).save(album / folder / "2.png")
    said = []
    found = [p.file.relative_to(album).as_posix() for p in list_pictures([album], said.append)]
    assert len(found) == 3 + 7
    assert not [name for name in found if name.endswith("2.png")]
    assert len(said) == 2
    assert said[1].endswith("1 file is no picture (.txt).")
    assert "4 pictures that are hidden or a system's passed over" in said[0]


def test_links_are_followed_and_a_folder_is_visited_once(album, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "elsewhere" / "far.png")
    os.symlink(tmp_path / "elsewhere", album / "linked")
    os.symlink(album, tmp_path / "elsewhere" / "back")
    os.symlink(tmp_path / "elsewhere" / "far.png", album / "one.png")
    os.symlink(tmp_path / "gone.png", album / "lost.png")
    said = []
    names = [p.file.relative_to(album).as_posix() for p in list_pictures([album], said.append)]
    assert names == ["a.png", "b.jpg", "inner/c.webp", "linked/far.png", "one.png"]
    assert "1 link leads nowhere: 'lost.png'" in said[0]
    assert "to folders that are read already: 'linked/back'" in said[1]


def test_windows_paths_in_a_table_are_understood(album):
    (album / "list.csv").write_text("path\ninner\\c.webp\na.png\n")
    found = list_pictures([album / "list.csv"])
    assert [p.file for p in found] == [album / "inner" / "c.webp", album / "a.png"]
    assert [p.name for p in found] == ["inner\\c.webp", "a.png"]  # as the table says it


def test_an_archive_that_is_replaced_is_opened_anew(album, tmp_path):
    packed = tmp_path / "album.zip"
    for name in ("a.png", "b.jpg"):
        packed.unlink(missing_ok=True)
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(album / name, "same.png")
        assert list_pictures([packed])[0].open() == (album / name).read_bytes()


def test_one_name_for_a_list_gets_a_sentence(album):
    with pytest.raises(PictureError, match="A list of pictures is wanted"):
        list_pictures(str(album))


def test_what_is_passed_over_is_counted(album, tmp_path):
    for name in ("d.jfif", "e.jpe"):
        (album / name).write_bytes((album / "b.jpg").read_bytes())
    (album / "raw.dng").write_bytes(b"1")
    (album / ".originals").mkdir()
    (album / ".originals" / "f.jpg").write_bytes(b"1")
    (album / "originals").symlink_to(".originals")
    said = []
    names = [p.name.removeprefix(f"{album}/") for p in list_pictures([album], said.append)]
    assert names == ["a.png", "b.jpg", "d.jfif", "e.jpe", "inner/c.webp", "originals/f.jpg"]
    assert any("2 files are no pictures (" in line and ".dng" in line for line in said)
    assert not any("read already" in line for line in said)
    with pytest.raises(PictureError, match="give folders and archives by their names"):
        list_pictures([str(album / "*.txt")])
    with pytest.raises(PictureError, match="Brackets in a pattern mean a choice"):
        list_pictures([str(album / "[2024].png")])


def test_a_folder_that_cannot_be_opened_is_said(album, monkeypatch):
    walk = os.walk

    def shut(top, **given):
        given["onerror"](PermissionError(13, "Permission denied", str(album / "locked")))
        return walk(top, **given)

    monkeypatch.setattr("cfer.data.sources.os.walk", shut)
    said = []
    assert len(list_pictures([album], said.append)) == 3
    assert any("1 folder cannot be opened: 'locked'" in line for line in said)


def test_of_two_links_to_one_folder_the_first_by_name_counts(album, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.png").write_bytes((album / "a.png").read_bytes())
    for name in ("zoe", "ann"):
        (album / name).symlink_to(outside)
    said = []
    names = [p.name.removeprefix(f"{album}/") for p in list_pictures([album], said.append)]
    assert "ann/x.png" in names
    assert any("1 link leads to folders that are read already: 'zoe'" in line for line in said)
