import json

import pytest
import torch

from cfer.checkpoint import load_checkpoint
from cfer.learning import continual
from cfer.learning.continual import ContinualConfig, balanced_head, build_stream, train_continual
from cfer.learning.features import extract_features
from cfer.learning.finish_basic import labelled_rows
from cfer.learning.stream import stream_label

CONFIG = ContinualConfig(least=10, exemplars=8, checks=5)


@pytest.fixture(scope="module")
def features(drawn_faces, basic_run):
    out, checkpoint = basic_run
    rows = labelled_rows(drawn_faces)
    return extract_features(checkpoint.model, rows, checkpoint.preprocessing, out / "features.safetensors")


def test_basics_come_first_and_compounds_with_enough_pictures_follow(features):
    stream = build_stream(features, CONFIG)
    assert set(stream.classes[7:]) == {"happily surprised", "sadly angry"}
    assert stream.train_counts(9).tolist() == [24.0] * 7 + [12.0] * 2
    orders = {build_stream(features, ContinualConfig(least=10, seed=s)).classes[7:] for s in range(8)}
    assert len(orders) == 2
    with pytest.raises(ValueError, match=r"No compound has 13 training pictures.*'sadly angry': 12"):
        build_stream(features, ContinualConfig(least=13))


def test_a_derived_compound_counts_as_that_and_not_as_its_majority(features):
    mixed = [s for s in features.table.samples if s.compound]
    assert {s.label for s in mixed} == {"surprised", "angry"}
    assert {stream_label(s) for s in mixed} == {"happily surprised", "sadly angry"}


@pytest.mark.parametrize("learner", ["closed-form", "predictive-replay"])
def test_a_run_leaves_a_whole_checkpoint_with_every_steps_head(features, basic_run, tmp_path, learner):
    config = ContinualConfig(learner, least=10, exemplars=8, checks=5)
    done = train_continual(basic_run[1], [features], config, tmp_path, commands=("cfer train continual",))
    loaded = load_checkpoint(tmp_path / "checkpoint")
    assert loaded.names == done.names
    assert len(loaded.heads) == 3
    assert [len(h.bias) for h in loaded.heads] == [7, 8, 9]
    assert loaded.facts["commands"][-1] == "cfer train continual"
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["seen"] for line in lines] == [7, 8, 9]
    scores = loaded.facts["continual"]["scores"]["test"]
    assert len(scores["step_accuracy"]) == 3
    assert torch.bincount(loaded.memory.exemplar_y).tolist() == [8] * 9
    assert torch.bincount(loaded.memory.check_y).tolist() == [5] * 9
    assert loaded.classes[-1].constituents


def test_killed_after_a_step_it_ends_with_the_same_numbers(features, basic_run, tmp_path, monkeypatch):
    train_continual(basic_run[1], [features], CONFIG, tmp_path / "whole")
    saved = continual.save_checkpoint
    calls = []

    def killed(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        saved(*args)

    monkeypatch.setattr(continual, "save_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        train_continual(basic_run[1], [features], CONFIG, tmp_path / "killed")
    monkeypatch.setattr(continual, "save_checkpoint", saved)
    train_continual(basic_run[1], [features], CONFIG, tmp_path / "killed")
    for name in ("metrics.jsonl", "report.json", "checkpoint/model.safetensors", "checkpoint/memory.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()


def test_a_finished_run_that_is_started_again_gives_the_same(features, basic_run, tmp_path):
    first = train_continual(basic_run[1], [features], CONFIG, tmp_path)
    again = train_continual(basic_run[1], [features], CONFIG, tmp_path)
    assert first.facts["continual"] == again.facts["continual"]
    with pytest.raises(ValueError, match="seed: 0 there, 1 now"):
        train_continual(basic_run[1], [features], ContinualConfig(least=10, exemplars=8, checks=5, seed=1), tmp_path)


def test_the_balanced_head_is_the_basic_phases_own(basic_run):
    out, checkpoint = basic_run
    from safetensors.torch import load_file

    best = load_file(out / "best.safetensors")
    head = balanced_head(checkpoint)
    for ours, learned in ((head.weight, best["head.weight"]), (head.bias, best["head.bias"])):
        torch.testing.assert_close(ours - ours.mean(0), learned - learned.mean(0), atol=1e-5, rtol=1e-4)


def test_the_feature_cache_is_used_for_the_same_rows_and_weights_only(features, drawn_faces, basic_run, monkeypatch):
    out, checkpoint = basic_run
    rows = labelled_rows(drawn_faces)
    monkeypatch.setattr("cfer.learning.features.load_crops", lambda *a, **k: pytest.fail("read again"))
    cached = extract_features(checkpoint.model, rows, checkpoint.preprocessing, out / "features.safetensors")
    assert torch.equal(cached.x, features.x)
    assert cached.table == features.table
    with pytest.raises(pytest.fail.Exception):
        extract_features(checkpoint.model, rows.part("test"), checkpoint.preprocessing, out / "features.safetensors")
