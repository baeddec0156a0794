"""The table of what people bring, each with what must come out."""

import os
from pathlib import Path

import numpy as np
import pytest
from cases.made import BAD_ENTRY, DATA_READ, DATA_REFUSED, REFUSED, SOUND, encoded, plain, table, tree
from PIL import Image

from cfer.data.readers import read_data
from cfer.data.splits import split
from cfer.pictures import PictureError, decode_picture, read_picture
from cfer.reading.reader import Reader
from cfer.system.resources import EXAMPLES


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_picture_is_read(kind):
    got = decode_picture(SOUND[kind]())
    assert got.pixels.dtype == np.uint8
    assert got.pixels.std() > 1 or "megapixels" in kind


def test_an_odd_tag_does_not_hide_the_orientation():
    for kind in ("an odd tag beside the orientation", "a fraction with nothing in it"):
        assert read_picture(SOUND[kind]()).shape == (40, 32, 3)  # 40 wide and 32 high, turned


def test_twelve_bits_are_shown_over_their_whole_range():
    got = read_picture(SOUND["twelve bits of grey in sixteen"]())
    assert got.min() == 0
    assert got.max() == 255


def test_a_large_picture_is_reduced_and_says_by_how_much():
    got = decode_picture(SOUND["forty-eight megapixels"]())
    assert got.pixels.shape == (3000, 4000, 3)
    assert got.scale == 2


def test_boxes_are_in_pixels_of_the_picture_as_it_was_brought():
    """A face of a 48-megapixel picture, which is read reduced, is said where it is in the file."""
    small = Image.open(sorted(Path(EXAMPLES).glob("*.jpg"))[0]).convert("RGB")
    canvas = Image.new("RGB", (8000, 6000), (128, 128, 128))
    canvas.paste(small.resize((2000, 2000)), (5000, 3500))
    (face,) = Reader().read(encoded("JPEG", canvas)).faces
    x0, y0, x1, y1 = face.box
    assert 5000 < x0 < x1 < 7000
    assert 3500 < y0 < y1 < 5500


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_in_words(kind):
    make, words = REFUSED[kind]
    with pytest.raises(PictureError, match=words):
        read_picture(make())


def test_only_the_end_of_a_picture_may_be_missing():
    """A JPEG whose picture itself is cut off is damaged, however little is missing."""
    whole = encoded("JPEG", plain(400, 400))
    for missing in (40, 200, 2000):
        with pytest.raises(PictureError, match="damaged"):
            read_picture(whole[:-missing])


@pytest.mark.parametrize("kind", DATA_REFUSED)
def test_a_data_set_that_cannot_be_used_is_refused_in_words(kind, tmp_path):
    make, words = DATA_REFUSED[kind]
    with pytest.raises(PictureError, match=words):
        read_data(make(tmp_path))


@pytest.mark.parametrize("kind", DATA_READ)
def test_a_data_set_is_read_as_it_was_meant(kind, tmp_path):
    make, rows, said = DATA_READ[kind]
    got = read_data(make(tmp_path))
    assert {s.path: (s.label, s.person, s.split) for s in got.samples} == rows
    assert said in " ".join(got.oddities)
    for sample in got.samples:
        assert got.source.read(sample.path).ndim == 3


@pytest.mark.parametrize("kind", BAD_ENTRY)
def test_a_picture_that_an_archive_cannot_give_is_named(kind, tmp_path):
    make, words = BAD_ENTRY[kind]
    got = read_data(make(tmp_path))
    with pytest.raises(PictureError, match=words):
        got.source.read(got.samples[0].path)


def test_links_are_followed_and_a_folder_is_visited_once(tmp_path):
    tree(tmp_path / "set", "happy/a.png")
    tree(tmp_path / "elsewhere", "b.png", "c.png", "d.png")
    os.symlink(tmp_path / "elsewhere", tmp_path / "set" / "sad")
    os.symlink(tmp_path / "set", tmp_path / "elsewhere" / "round")  # a circle
    os.symlink(tmp_path / "set" / "happy", tmp_path / "set" / "joy")
    os.symlink(tmp_path / "elsewhere" / "c.png", tmp_path / "set" / "happy" / "linked.png")
    os.symlink(tmp_path / "gone.png", tmp_path / "set" / "happy" / "lost.png")
    got = read_data(tmp_path / "set")
    found = {s.path: s.label for s in got.samples}
    assert found == {
        "happy/a.png": "happy",
        "happy/linked.png": "happy",
        "sad/b.png": "sad",
        "sad/c.png": "sad",
        "sad/d.png": "sad",
    }
    said = " ".join(got.oddities)
    assert "2 links lead to folders that are read already: 'joy', 'sad/round'" in said
    assert "1 link leads nowhere: 'happy/lost.png'" in said
    assert "2 pictures are under two labels" in said


def test_a_picture_under_two_labels_is_said_and_never_crosses_a_split(tmp_path):
    text = "path,label\n" + "".join(f"{n}.png,{label}\n" for n in range(8) for label in ("happy", "sad"))
    got = read_data(table(tmp_path, text, *(f"{n}.png" for n in range(8))))
    assert any("under two labels" in text for text in got.oddities)
    parts = split(got)
    for path in {s.path for s in parts.samples}:
        assert len({s.split for s in parts.samples if s.path == path}) == 1


def test_copies_under_other_names_and_people_share_a_group(tmp_path):
    same = encoded("PNG")
    tree(tmp_path, "happy/anna/a.png", "sad/bert/b.png", "happy/cleo/c.png")
    (tmp_path / "happy/anna/a.png").write_bytes(same)
    (tmp_path / "sad/bert/b.png").write_bytes(same)
    got = read_data(tmp_path)
    groups = {s.person: s.group for s in got.samples}
    assert groups["anna"] == groups["bert"] != groups["cleo"]


def test_what_was_called_test_is_never_trained_on(tmp_path):
    words = ("test", "Testing", "hold-out", "HOLDOUT", "PrivateTest", "eval", "tst")
    text = "path,label,split\n" + "".join(f"{n}.png,happy,{word}\n" for n, word in enumerate(words))
    got = split(read_data(table(tmp_path, text, *(f"{n}.png" for n in range(len(words))))))
    assert {s.split for s in got.samples} == {"test"}
