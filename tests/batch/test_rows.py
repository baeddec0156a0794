import io
import os

import numpy as np
import pytest
from PIL import Image

from cfer.batch import BatchError, as_frame, list_pictures, read_many, read_rows
from cfer.batch.rows import AT_ONCE, columns, read_faces
from cfer.faces.detect import NO_FACE
from cfer.pictures import PictureError
from cfer.system.resources import EXAMPLES


def test_rows_say_what_a_reading_says(reader, files):
    rows = read_rows([files / "three.png"], ["three"], reader=reader)
    faces = reader.read(files / "three.png").faces
    assert [row["face"] for row in rows] == [0, 1, 2]
    for row, face in zip(rows, faces, strict=True):
        assert list(row) == columns(reader)
        assert row["expression"] == face.top
        assert [row[side] for side in ("x0", "y0", "x1", "y1")] == face.to_dict()["box"]
        for name, p in face.probabilities.items():
            assert row[f"p_{name.replace(' ', '_')}"] == pytest.approx(p, abs=1e-5)
        for unit in face.units:
            assert row[f"AU{unit.number:02d}"] == pytest.approx(unit.intensity, abs=1e-4)
        assert row["strangeness"] == pytest.approx(face.strangeness, abs=2e-3)


def test_what_cannot_be_read_has_a_row_of_its_own_in_its_place(reader, files):
    names = ["broken.png", "empty.png", "astronaut.png", "gone.png"]
    rows = read_rows([files / name for name in names], names, reader=reader)
    assert [row["path"] for row in rows] == names
    assert [row["face"] for row in rows] == [None, None, 0, None]
    assert rows[1]["error"] == NO_FACE
    assert rows[2]["error"] is None
    assert "picture" in rows[0]["error"]
    assert rows[3]["error"]
    assert rows[0]["p_happy"] is None


def test_how_many_go_through_the_network_at_once_changes_nothing(reader, photograph, monkeypatch):
    crops = [np.roll(photograph[0:260, 100:360], step, 1) for step in range(5)]
    names = [str(n) for n in range(5)]
    together = read_rows(crops, names, reader=reader, already_cropped=True)
    monkeypatch.setitem(AT_ONCE, "cpu", 1)
    alone = read_rows(crops, names, reader=reader, already_cropped=True)
    for one, other in zip(together, alone, strict=True):
        assert one["expression"] == other["expression"]
        assert one["p_happy"] == pytest.approx(other["p_happy"], abs=1e-5)


def test_maps_are_those_of_the_faces_in_their_order(reader, files):
    read = read_faces([files / "empty.png", files / "astronaut.png"], ["a", "b"], reader, with_maps=True)
    face = reader.face(files / "astronaut.png")
    assert read.maps.shape == face.maps.maps.shape
    np.testing.assert_allclose(read.maps.float(), face.maps.maps, rtol=2e-3, atol=2e-3)


def test_an_adapted_reader_gives_adapted_rows(reader):
    picture = EXAMPLES / "2-happy.jpg"
    adapted, _ = reader.adapt([reader.face(p) for p in sorted(EXAMPLES.glob("*.jpg"))] * 3)
    row = read_rows([picture], ["p"], reader=adapted)[0]
    face = adapted.face(picture)
    assert row["p_happy"] == pytest.approx(face.probabilities["happy"], abs=1e-5)
    assert row["AU12"] == pytest.approx(next(u.intensity for u in face.units if u.number == 12), abs=1e-4)


def test_a_frame_has_proper_types(reader, files):
    rows = read_rows([files / "empty.png", files / "astronaut.png"], ["a", "b"], reader=reader)
    frame = as_frame(rows, reader)
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["path"] == kinds["error"] == "string"
    assert kinds["face"] == "Int32"
    assert kinds["tiny"] == "boolean"
    assert kinds["expression"] == "category"
    assert kinds["p_happy"] == kinds["AU12"] == kinds["x0"] == "float32"
    assert list(frame["expression"].cat.categories) == list(reader.names)
    assert frame["face"].isna().tolist() == [True, False]


def test_a_taught_column_is_in_the_table_whoever_makes_it(reader, photograph):
    taught, _ = reader.teach("half smile", [photograph])
    frame = as_frame(read_rows([photograph], ["me"], reader=taught))
    assert "p_half_smile" in frame
    assert "half smile" in frame["expression"].cat.categories
    assert frame.equals(as_frame(read_rows([photograph], ["me"], reader=taught), taught))


def test_bad_things_among_good_ones_cost_only_themselves(photograph):
    rows = read_rows([photograph, None, 7, b"x", photograph[:2]], ["a", "b", "c", "d", "e"])
    assert [row["error"] is None for row in rows] == [True, False, False, False, False]
    assert "not nothing" in rows[1]["error"]


def test_what_is_no_list_gets_a_sentence(photograph):
    with pytest.raises(PictureError, match="A list of pictures is wanted"):
        read_rows("a.jpg", ["a"])
    with pytest.raises(PictureError, match="2 pictures and 1 names"):
        read_rows([photograph, photograph], ["a"])


def test_rows_and_names_may_come_one_after_the_other(reader, photograph):
    bad = Image.open(io.BytesIO(b"".join([png_head()])))
    rows = read_rows((p for p in (photograph, bad)), (n for n in ("a", os.fsdecode(b"\xff.png"))), reader=reader)
    assert [row["path"] for row in rows] == ["a", "\\xff.png"]
    assert rows[1]["error"].startswith("This image cannot be read")
    frame = as_frame({**row, "count": 16_777_217, "place": "here"} for row in rows)
    assert len(frame) == 2
    assert frame["count"].tolist() == [16_777_217] * 2
    assert frame["place"].tolist() == ["here"] * 2
    assert frame["expression"][0] == rows[0]["expression"]


def png_head():
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 60).save(buffer, "PNG")
    return buffer.getvalue()[:1500]


def test_what_no_batch_is_made_of_is_refused_in_words(reader, tmp_path):
    for given in (None, [None], [b"1"]):
        with pytest.raises(PictureError, match="A list of names"):
            list_pictures(given)
    with pytest.raises(BatchError, match="are what list_pictures gives"):
        read_many(["a.jpg"], tmp_path / "t.csv", reader)
    with pytest.raises(BatchError, match="no picture to read"):
        read_many([], str(tmp_path / "t.parquet"), reader)
