import csv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from drawn_faces import VOTE_COLUMNS, write_ferplus
from hypothesis import given
from hypothesis import strategies as st

from cfer.data.ferplus import _PixelSource, derived_compound, majority, soft_votes
from cfer.data.readers import read_data
from cfer.emotions import BASICS, COMPOUNDS
from cfer.pictures import PictureError


def ballot(**votes: int) -> dict[str, int]:
    return dict.fromkeys(VOTE_COLUMNS, 0) | votes


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (ballot(happiness=10), "happy"),
        (ballot(happiness=5, surprise=5), None),  # exactly half is no majority
        (ballot(anger=5, disgust=4, fear=1), "angry"),  # the single vote goes, five of nine remain
        (ballot(contempt=8, neutral=2), None),
        (ballot(unknown=6, sadness=4), None),
        (ballot(NF=9, fear=1), None),
    ],
)
def test_the_majority_is_ferplus_own_rule(votes, label):
    assert majority(votes) == label


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        (ballot(fear=5, surprise=5), "fearfully surprised"),
        (ballot(happiness=6, surprise=3, neutral=1), "happily surprised"),
        (ballot(anger=4, sadness=3, neutral=3), None),  # neutral is not below the second
        (ballot(anger=4, sadness=3, fear=3), None),  # nor is the third
        (ballot(anger=7, sadness=2, neutral=1), None),  # the second has too few
        (ballot(anger=5, disgust=3, unknown=2), None),
        (ballot(anger=5, disgust=4, NF=1), None),
        (ballot(anger=5, disgust=4, unknown=1), "angrily disgusted"),
        (ballot(anger=5, happiness=5), None),  # not a pair of CFEE's
    ],
)
def test_a_compound_is_derived_from_two_peaks(votes, label):
    assert derived_compound(votes) == label


@given(st.lists(st.integers(0, 10), min_size=10, max_size=10))
def test_labels_stay_inside_the_vocabulary(numbers):
    votes = dict(zip(VOTE_COLUMNS, numbers, strict=True))
    assert majority(votes) in {None, *BASICS}
    assert derived_compound(votes) in {None, *COMPOUNDS}
    shares = soft_votes(votes)
    if shares is not None:
        assert sum(shares) == pytest.approx(1)
        assert len(shares) == 7


def test_soft_votes_drop_single_votes_and_share_the_rest():
    shares = soft_votes(ballot(neutral=6, sadness=3, fear=1))
    assert shares is not None
    assert dict(zip(BASICS, shares, strict=True))["neutral"] == pytest.approx(6 / 9)
    assert dict(zip(BASICS, shares, strict=True))["fearful"] == 0
    assert soft_votes(ballot(contempt=5, neutral=5)) is None


def test_the_folder_and_its_zip_read_alike(ferplus_folder, tmp_path):
    folder = read_data(ferplus_folder)
    for top in ("", "inside/"):
        path = tmp_path / f"data{len(top)}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(ferplus_folder.rglob("*.*")):
                archive.write(file, top + file.relative_to(ferplus_folder).as_posix())
        zipped = read_data(path)
        assert zipped.samples == folder.samples
        first = folder.samples[0].path
        np.testing.assert_array_equal(zipped.source.read(first), folder.source.read(first))
    assert folder.cropped
    assert len(folder) == 7 * 36 + 2 * 22
    assert {s.compound for s in folder.samples} == {None, "happily surprised", "sadly angry"}


def test_rows_join_pictures_by_name_and_say_what_is_absent(tmp_path):
    root = tmp_path / "few"
    write_ferplus(root, {"Training": 1, "PublicTest": 1, "PrivateTest": 1}, {})
    (root / "FER2013Train" / "fer0000000.png").unlink()
    table = read_data(root)
    assert len(table) == 20
    assert any("1 rows of fer2013new.csv have no picture" in text for text in table.oddities)


def _write_pair(root: Path, rows: list[tuple[str, str, dict[str, int]]]) -> None:
    with (root / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        writer.writerows([0, pixels, usage] for usage, pixels, _ in rows)
    with (root / "fer2013new.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["Usage", "Image name", *VOTE_COLUMNS])
        writer.writeheader()
        for i, (usage, _, votes) in enumerate(rows):
            name = f"fer{i:07d}.png" if votes["NF"] < 10 else ""
            writer.writerow({"Usage": usage, "Image name": name, **votes})


def test_the_original_csv_pair_joins_by_row_and_groups_identical_pixels(tmp_path):
    grey = [" ".join([str(level)] * 48 * 48) for level in (7, 8)]
    happy = ballot(happiness=10)
    _write_pair(
        tmp_path,
        [
            ("Training", grey[0], happy),
            ("Training", grey[1], ballot(NF=10)),
            ("PrivateTest", grey[0], ballot(sadness=10)),
        ],
    )
    table = read_data(tmp_path)
    assert [(s.label, s.split) for s in table.samples] == [("happy", "train"), ("sad", "test")]
    assert table.samples[0].group == table.samples[1].group
    assert (table.source.read(table.samples[0].path) == 7).all()
    assert table.oddities == ("1 rows are marked by FER+ as no face.",)


def test_a_votes_file_without_its_columns_is_refused(tmp_path):
    (tmp_path / "fer2013new.csv").write_text("Usage,Image name,neutral\nTraining,a.png,10\n")
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    with pytest.raises(PictureError, match="lacks the column"):
        read_data(tmp_path)


def test_grey_levels_decide_what_one_picture_is_not_how_they_are_spaced():
    rows = [" ".join(["7"] * 2304), "  ".join(["7"] * 2304), " ".join(["8"] * 2304)]
    first, spaced, other = _PixelSource(rows).digests(["0", "1", "2"])
    assert first == spaced != other
