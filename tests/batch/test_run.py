import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from cfer.batch import BatchError, list_pictures, read_many
from cfer.batch.run import PART
from cfer.cli import app
from cfer.files import load_tensors

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


@pytest.mark.slow
def test_several_processes_give_the_same_table(reader, album, tmp_path):
    listed = list_pictures([album])
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
    with pytest.raises(BatchError, match="over other pictures"):
        read_many(listed[1:], out, reader, already_cropped=True)
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
    (maps / "000000.safetensors").unlink()
    assert read_many(listed, tmp_path / "a.csv", reader, already_cropped=True, maps=maps).found == 0
    assert (maps / "000000.safetensors").is_file()
    with pytest.raises(BatchError, match="over other pictures"):
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
    with pytest.raises(BatchError, match="over other pictures"):
        read_many(list_pictures([tmp_path / "y" / "list.csv"]), out, reader, already_cropped=True)


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
