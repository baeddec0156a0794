import json

import pytest
import torch

from cfer.system.files import check_run_config, load_tensors, save_tensors, without_nan, write_json_lines


def test_tensors_and_facts_come_back(tmp_path):
    path = tmp_path / "deep" / "state.safetensors"
    save_tensors(path, {"a": torch.arange(3)}, {"step": 4, "rows": [{"x": 0.1}]})
    tensors, facts = load_tensors(path)
    assert tensors["a"].tolist() == [0, 1, 2]
    assert facts == {"step": 4, "rows": [{"x": 0.1}]}
    assert [p.name for p in path.parent.iterdir()] == ["state.safetensors"]


def test_a_run_folder_belongs_to_one_configuration(tmp_path):
    check_run_config(tmp_path, {"a": 1, "b": (1, 2)})
    check_run_config(tmp_path, {"a": 1, "b": (1, 2)})
    with pytest.raises(ValueError, match=r"a: 1 there, 2 now; c: None there, 3 now"):
        check_run_config(tmp_path, {"a": 2, "b": (1, 2), "c": 3})


def test_metrics_are_json_lines(tmp_path):
    write_json_lines(tmp_path / "m.jsonl", [{"a": 1}, {"a": 2}])
    assert [json.loads(line)["a"] for line in (tmp_path / "m.jsonl").read_text().splitlines()] == [1, 2]


def test_a_number_that_is_none_is_written_as_null():
    assert without_nan({"a": float("nan"), "b": [1.0, (float("nan"), "x")]}) == {"a": None, "b": [1.0, [None, "x"]]}
