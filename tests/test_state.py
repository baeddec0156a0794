import json

import pytest
import torch

from cfer.learning.state import (
    claim_run,
    flatten_optimizer,
    load_state,
    restore_optimizer,
    save_state,
    write_json_lines,
)


def test_tensors_and_facts_come_back(tmp_path):
    path = tmp_path / "deep" / "state.safetensors"
    save_state(path, {"a": torch.arange(3)}, {"step": 4, "rows": [{"x": 0.1}]})
    tensors, facts = load_state(path)
    assert tensors["a"].tolist() == [0, 1, 2]
    assert facts == {"step": 4, "rows": [{"x": 0.1}]}
    assert [p.name for p in path.parent.iterdir()] == ["state.safetensors"]


def test_an_optimizer_goes_on_exactly_where_it_was():
    def fresh():
        weight = torch.nn.Parameter(torch.ones(3))
        return weight, torch.optim.AdamW([weight], 0.1)

    def advance(weight, optimizer, steps):
        for i in range(steps):
            optimizer.zero_grad()
            (weight * torch.tensor([1.0, -2.0, 0.5 * i])).sum().backward()
            optimizer.step()

    weight, optimizer = fresh()
    advance(weight, optimizer, 3)
    other, restored = fresh()
    with torch.no_grad():
        other.copy_(weight)
    restore_optimizer(restored, flatten_optimizer(optimizer))
    advance(weight, optimizer, 2)
    advance(other, restored, 2)
    assert torch.equal(weight, other)


def test_a_run_folder_belongs_to_one_configuration(tmp_path):
    claim_run(tmp_path, {"a": 1, "b": (1, 2)})
    claim_run(tmp_path, {"a": 1, "b": (1, 2)})
    with pytest.raises(ValueError, match=r"a: 1 there, 2 now; c: None there, 3 now"):
        claim_run(tmp_path, {"a": 2, "b": (1, 2), "c": 3})


def test_metrics_are_json_lines(tmp_path):
    write_json_lines(tmp_path / "m.jsonl", [{"a": 1}, {"a": 2}])
    assert [json.loads(line)["a"] for line in (tmp_path / "m.jsonl").read_text().splitlines()] == [1, 2]
