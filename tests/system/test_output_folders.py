import os

import pytest

from cfer.system.output_folders import OutputError, check_run_folder, claimed, replaced


def listed(folder):
    path = folder / "list.txt"
    return {*path.read_text().split(), "list.txt"} if path.exists() else None


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    out = tmp_path / "out"
    for names in (("a", "b"), ("c",)):
        with replaced(out, listed, "a list") as new:
            for name in names:
                (new / name).write_text(name)
            (new / "list.txt").write_text(" ".join(names))
    assert sorted(p.name for p in out.iterdir()) == ["c", "list.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_what_was_there(tmp_path):
    out = tmp_path / "out"
    with replaced(out, listed, "a list") as new:
        (new / "list.txt").write_text("")

    def fail():
        with replaced(out, listed, "a list") as new:
            (new / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [p.name for p in out.iterdir()] == ["list.txt"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_link_is_not_followed_and_a_file_not_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "link")
    (tmp_path / "file").write_text("mine")
    for name, words in (("link", "is a link"), ("file", "is a file")):
        with pytest.raises(OutputError, match=words), replaced(tmp_path / name, listed, "a list"):
            pass
    with pytest.raises(OutputError, match="is a file, so"):
        check_run_folder(tmp_path / "file" / "deeper", "evaluate")


def test_an_empty_folder_and_one_with_a_file_managers_leavings_may_be_claimed(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"x")
    with claimed(tmp_path, "evaluate"):
        pass
    with claimed(tmp_path, "evaluate"):
        pass
