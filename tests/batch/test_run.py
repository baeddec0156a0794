import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from cfer.batch import BatchError, Listed, list_pictures, read_many
from cfer.batch.parts import PART, Entry, Part, PartStore, key_of
from cfer.cli import app
from cfer.reading.reader import Reader
from cfer.system.files import load_tensors
from cfer.system.resources import EXAMPLES

runner = CliRunner()


@pytest.fixture(scope="module")
def album(photograph, tmp_path_factory):
    """Three parts of small face crops, and one file that is no picture."""
    root = tmp_path_factory.mktemp("album")
    face = Image.fromarray(photograph[0:260, 100:360])
    for number in range(2 * PART + 3):
        face.rotate(number / 4).resize((64, 64)).save(root / f"{number:03d}.png")
    (root / "zzz.png").write_bytes(b"no picture")
    return root


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_read_back_as_it_was_meant(reader, album, tmp_path, kind):
    out = tmp_path / f"table.{kind}"
    seen = []
    done = read_many(list_pictures([album]), out, reader, already_cropped=True, tick=seen.append)
    assert (done.pictures, done.faces, done.found, sum(seen)) == (2 * PART + 4, 2 * PART + 3, 0, 2 * PART + 4)
    assert [name for name, _ in done.failed] == [str(album / "zzz.png")]
    table = pd.read_csv(out) if kind == "csv" else pd.read_parquet(out)
    assert len(table) == 2 * PART + 4
    assert table["error"].notna().sum() == 1
    chances = table[[c for c in table if c.startswith("p_")]].dropna()
    assert chances.shape == (2 * PART + 3, 22)
    assert (chances.sum(axis=1) - 1).abs().max() < 1e-4
    if kind == "parquet":
        assert str(table["expression"].dtype) == "category"
    assert not (tmp_path / f"table.{kind}.partial").exists()


def same(one, other):
    """Tables that differ by a unit of the last place at most: sums in another order round otherwise."""
    pd.testing.assert_frame_equal(pd.read_csv(one), pd.read_csv(other), rtol=0, atol=1.5e-4)


def answers(table):
    return pd.read_csv(table)["expression"].tolist()


class Stopped:
    """An album of which a part was read, and how it goes on."""

    def __init__(self, folder, reader):
        self.folder, self.reader, self.out = folder, reader, folder.parent / "table.csv"

    def stop_after_a_part(self):
        def stop(count):
            if count:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            read_many(list_pictures([self.folder]), self.out, self.reader, already_cropped=True, tick=stop)

    def go_on(self):
        done = read_many(list_pictures([self.folder]), self.out, self.reader, already_cropped=True)
        names = sorted(p.name for p in self.folder.iterdir())
        assert [n.rsplit("/", 1)[1] for n in pd.read_csv(self.out)["path"]] == names
        return done


@pytest.fixture
def stopped(reader, album, tmp_path):
    shutil.copytree(album, tmp_path / "album")
    return Stopped(tmp_path / "album", reader)


def test_a_picture_that_was_replaced_is_read_again(stopped, reader, files, tmp_path):
    stopped.stop_after_a_part()
    other = Image.open(EXAMPLES / "6-sadly-angry.jpg").resize((64, 64))
    other.save(stopped.folder / "003.png")
    assert stopped.go_on().found == PART - 1
    read = reader.face(stopped.folder / "003.png", already_cropped=True)
    assert answers(stopped.out)[3] == read.top
    assert answers(stopped.out)[4] != read.top


def test_an_album_that_grew_goes_on_with_what_is_new(stopped):
    stopped.stop_after_a_part()
    for number in (0, 20, 40, 99):
        shutil.copy(stopped.folder / "001.png", stopped.folder / f"{number:03d}-new.png")
    (stopped.folder / "005.png").unlink()
    done = stopped.go_on()
    assert done.found == PART - 1
    assert done.pictures == 2 * PART + 4 + 3


@pytest.mark.parametrize("damage", ["emptied", "cut", "missing", "of another shape", "without rows", "rows cut"])
def test_a_part_that_was_damaged_is_made_again(stopped, damage):
    stopped.stop_after_a_part()
    part = stopped.out.with_name("table.csv.partial") / "000000.json"
    whole = part.read_text()
    entries = json.loads(whole)
    without = [{**entries[0], "rows": None}, *entries[1:]]
    cut = [{**entries[0], "rows": [{"path": "0.png"}]}, *entries[1:]]
    shapes = {"of another shape": '[{"x": 1}]', "without rows": json.dumps(without), "rows cut": json.dumps(cut)}
    part.write_text({"emptied": "", "cut": whole[:-40], "missing": "", **shapes}[damage])
    if damage == "missing":
        part.unlink()
    assert stopped.go_on().found == 0


def test_another_number_of_threads_is_no_other_run(stopped, photograph, tmp_path):
    """The camera's shift differs in its last digits with the threads; the faces that it is measured on are the same."""
    shades = [
        reader_crop.rotate(n / 3) for n in range(20) for reader_crop in [Image.fromarray(photograph[:260, 100:360])]
    ]
    found, threads = [], torch.get_num_threads()
    for count in (1, 2):
        torch.set_num_threads(count)
        stopped.reader = Reader().adapt([np.asarray(shade) for shade in shades], already_cropped=True)[0]
        found.append(stopped.reader.checkpoint)
        if count == 1:
            stopped.stop_after_a_part()
        else:
            assert stopped.go_on().found == PART
    torch.set_num_threads(threads)
    assert found[0].facts.adapted_from == found[1].facts.adapted_from


def test_more_than_ninety_nine_parts_lie_in_their_order(tmp_path):
    store = PartStore(tmp_path, None, ())
    pictures = [Listed(f"{n}.png", tmp_path / f"{n}.png") for n in range(105)]
    for number, picture in enumerate(pictures):
        store.keep(Part(number, (picture,)), [Entry(key_of(picture), "", [{"path": picture.name}])])
    again = PartStore(tmp_path, None, ())
    assert again.next_number == 105
    assert [row["path"] for rows in again.rows(pictures) for row in rows] == [p.name for p in pictures]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["without a guard", "in a daemon"])
def test_processes_that_cannot_be_started_are_explained(album, tmp_path, kind):
    script = tmp_path / "script.py"
    body = (
        "import multiprocessing\n"
        "from pathlib import Path\n"
        "from cfer.batch import list_pictures, read_many\n"
        "from cfer.reading.reader import Reader\n"
        "def go(_=None):\n"
        f"    read_many(list_pictures([{str(album)!r}]), Path({str(tmp_path / 't.csv')!r}), Reader(), processes=2)\n"
    )
    daemon = "if __name__ == '__main__':\n    multiprocessing.get_context('spawn').Pool(1).map(go, [0])\n"
    script.write_text(body + ("go()\n" if kind == "without a guard" else daemon))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert done.returncode != 0
    words = "if __name__ == '__main__'" if kind == "without a guard" else "This is a daemon process"
    assert words in done.stderr
    assert "use processes=1" in done.stderr
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("step", [None, 3])
def test_several_processes_give_the_same_table(reader, album, tmp_path, step):
    listed = list_pictures([album])
    reader = reader if step is None else reader.at_step(step)
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    read_many(listed, one, reader, already_cropped=True)
    read_many(listed, two, reader, already_cropped=True, processes=2)
    same(one, two)


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_table(album, tmp_path):
    def command(out):
        start = [sys.executable, "-m", "cfer", "read", str(album), "--already-cropped", "--processes", "1"]
        return [*start, "--out", str(out)]

    killed, whole = tmp_path / "killed.csv", tmp_path / "whole.csv"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command(killed), env=environment)
    kept = tmp_path / "killed.csv.partial" / "000000.json"
    while not kept.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert kept.exists()
    assert not killed.exists()
    done = [subprocess.run(command(out), env=environment, capture_output=True, text=True) for out in (killed, whole)]
    assert "pictures had been read before" in done[0].stderr
    assert "pictures had been read before" not in done[1].stderr
    assert killed.read_bytes() == whole.read_bytes()


def test_what_is_kept_of_another_run_is_not_mixed_in(reader, album, tmp_path):
    out = tmp_path / "table.csv"
    listed = list_pictures([album])

    def stop(count):
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_many(listed, out, reader, already_cropped=True, tick=stop)
    with pytest.raises(BatchError, match="begun with another checkpoint, other options"):
        read_many(listed, out, reader)
    assert read_many(listed, out, reader, already_cropped=True).found == PART
    with pytest.raises(BatchError, match=r"table\.csv exists"):
        read_many(listed, out, reader, already_cropped=True)
    with pytest.raises(BatchError, match=r"must end in \.csv or \.parquet"):
        read_many(listed, tmp_path / "table.xls", reader)


def test_maps_lie_beside_the_table_which_says_where(reader, album, tmp_path):
    listed = [*list_pictures([album])[:3], *list_pictures([album / "zzz.png"])]
    out, maps = tmp_path / "table.parquet", tmp_path / "maps"
    read_many(listed, out, reader, already_cropped=True, maps=maps)
    table = pd.read_parquet(out)
    assert table["map_row"].tolist()[:3] == [0, 1, 2]
    assert table["map_file"].isna().tolist() == [False, False, False, True]
    tensors, facts = load_tensors(maps / table["map_file"][1])
    face = reader.face(listed[1].file, already_cropped=True)
    k = facts["classes"].index("happy")
    assert facts["faces"][1] == [str(listed[1].file), 0]
    assert tensors["maps"][1, k].float().sum().item() == pytest.approx(face.maps.of("happy").sum().item(), rel=0.02)


def test_another_runs_maps_are_not_written_over_and_lost_ones_are_made_again(reader, album, tmp_path):
    listed, maps = list_pictures([album])[: PART + 1], tmp_path / "maps"

    def stop(count):
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_many(listed, tmp_path / "a.csv", reader, already_cropped=True, maps=maps, tick=stop)
    whole = (maps / "000000.safetensors").read_bytes()
    (maps / "000000.safetensors").write_bytes(whole[:-100])
    assert read_many(listed, tmp_path / "a.csv", reader, already_cropped=True, maps=maps).found == 0
    named = set(pd.read_csv(tmp_path / "a.csv")["map_file"].dropna())
    assert len(named) == 2
    assert all(load_tensors(maps / name) for name in named)
    with pytest.raises(BatchError, match="of another table"):
        read_many(listed[1:], tmp_path / "b.csv", reader, already_cropped=True, maps=maps)


def test_pictures_of_one_name_in_two_places_are_not_mixed_up(reader, album, tmp_path):
    for place, pictures in (("x", ("000.png", "001.png")), ("y", ("002.png", "003.png"))):
        (tmp_path / place).mkdir()
        for number, name in enumerate(pictures):
            (tmp_path / place / f"{number}.png").write_bytes((album / name).read_bytes())
        (tmp_path / place / "list.csv").write_text("path\n0.png\n1.png\n")
    out = tmp_path / "t.csv"

    def stop(count):
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_many(list_pictures([tmp_path / "x" / "list.csv"]), out, reader, already_cropped=True, tick=stop)
    assert read_many(list_pictures([tmp_path / "y" / "list.csv"]), out, reader, already_cropped=True).found == 0
    assert answers(out) == [reader.face(album / name, already_cropped=True).top for name in ("002.png", "003.png")]


@pytest.mark.skipif(sys.platform != "linux", reason="such names exist on Linux alone")
def test_a_name_that_is_no_text_stands_as_its_codes(reader, album, tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.png")).write_bytes((album / "000.png").read_bytes())
    for kind in ("csv", "parquet"):
        out = tmp_path / f"odd.{kind}"
        assert read_many(list_pictures([folder]), out, reader, already_cropped=True).faces == 1
        table = pd.read_csv(out) if kind == "csv" else pd.read_parquet(out)
        assert table["path"][0].endswith("odd/\\xff.png")


def test_the_command_lists_what_is_the_matter_at_the_end(files, tmp_path):
    out = tmp_path / "table.csv"
    done = runner.invoke(app, ["read", str(files), "--out", str(out), "--processes", "1"])
    assert done.exit_code == 2  # one could not be read
    assert "4 faces in 5 pictures" in done.stderr
    assert "2 pictures without a face:" in done.stderr
    assert "1 picture that could not be read:" in done.stderr
    assert str(files / "broken.png") in done.stderr
    again = runner.invoke(app, ["read", str(files), "--out", str(out)])
    assert again.exit_code == 2
    assert "exists" in again.stderr
    lone = runner.invoke(app, ["read", str(files), "--processes", "2"])
    assert "--maps and --processes go with --out" in lone.stderr


def test_json_lines_take_archives_and_tables_too(files, tmp_path):
    (files / "list.csv").write_text("path\nastronaut.png\n")
    done = runner.invoke(app, ["read", str(files / "list.csv"), "--json"])
    (files / "list.csv").unlink()
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["path"] == "astronaut.png"


def test_other_classes_of_the_same_weights_are_another_checkpoint(stopped):
    stopped.stop_after_a_part()
    checkpoint = stopped.reader.checkpoint
    names = (*checkpoint.names[:-1], "grinning")
    other = replace(
        checkpoint, model=checkpoint.model.with_head(names, *checkpoint.head), classes=_named(checkpoint, names)
    )
    with pytest.raises(BatchError, match="another checkpoint"):
        read_many(list_pictures([stopped.folder]), stopped.out, Reader(other), already_cropped=True)


def _named(checkpoint, names):
    return tuple(replace(info, name=name) for info, name in zip(checkpoint.classes, names, strict=True))


def test_a_picture_that_could_not_be_read_is_tried_again(stopped):
    """What was wanting may have been installed since."""
    shutil.copy(stopped.folder / "zzz.png", stopped.folder / "000.png")
    stopped.stop_after_a_part()
    assert stopped.go_on().found == PART - 1


def test_maps_that_no_row_names_are_cleared_away(reader, album, tmp_path):
    listed, out, maps = list_pictures([album])[:3], tmp_path / "table.csv", tmp_path / "maps"
    read_many(listed, out, reader, already_cropped=True, maps=maps)
    out.unlink()
    shutil.copy(maps / "000000.safetensors", maps / "000007.safetensors")
    read_many(listed, out, reader, already_cropped=True, maps=maps)
    assert set(pd.read_csv(out)["map_file"]) == {p.name for p in maps.glob("*.safetensors")}
