import json

import pytest
import torch

from cfer.checkpoint import load_checkpoint
from cfer.features.table import extract_features
from cfer.learners.calibrated import fold
from cfer.protocol.stream import stream_label
from cfer.training import continual
from cfer.training.continual import ContinualConfig, build_stream, held_back, train_continual
from cfer.training.finish_basic import labelled_rows

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
    assert loaded.facts.commands[-1] == "cfer train continual"
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["seen"] for line in lines] == [7, 8, 9]
    scores = loaded.facts.continual.scores["test"]
    assert len(scores.step_accuracy) == 3
    assert torch.bincount(loaded.checks.y).tolist() == [3] * 7 + [2] * 2  # at most half of a class's
    torch.testing.assert_close(loaded.head, fold(loaded.learner.head(), loaded.calibration, loaded.offsets))
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
    for name in ("metrics.jsonl", "report.json", "checkpoint/model.safetensors", "checkpoint/learner.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()


def test_a_finished_run_that_is_started_again_gives_the_same(features, basic_run, tmp_path):
    first = train_continual(basic_run[1], [features], CONFIG, tmp_path)
    again = train_continual(basic_run[1], [features], CONFIG, tmp_path)
    assert first.facts.continual == again.facts.continual
    with pytest.raises(ValueError, match="seed: 0 there, 1 now"):
        train_continual(basic_run[1], [features], ContinualConfig(least=10, exemplars=8, checks=5, seed=1), tmp_path)


def test_what_lessons_are_measured_with_fitted_nothing(features):
    whole = build_stream(features, CONFIG)
    checks, stream = held_back(whole, CONFIG)
    kept = {tuple(row.tolist()) for row in checks.x}
    left = {tuple(row.half().float().tolist()) for row in stream.validation.x}
    assert not kept & left
    assert len(checks.y) + len(stream.validation.y) == len(whole.validation.y)
    assert checks.y.tolist() == sorted(checks.y.tolist())


def test_several_data_sets_are_for_learners_that_can_weigh_them(features, basic_run, tmp_path):
    config = ContinualConfig("predictive-replay", least=10)
    with pytest.raises(ValueError, match="learns from one data set; give --data once, or choose one of compositional"):
        train_continual(basic_run[1], [features, features], config, tmp_path)
    with pytest.raises(ValueError, match="does not end in a linear head"):
        train_continual(basic_run[1], [features], ContinualConfig("fecam", least=10), tmp_path)


def test_a_step_is_scored_once(features, basic_run, tmp_path, monkeypatch):
    asked = []
    finish = continual.finish_step
    monkeypatch.setattr(continual, "finish_step", lambda *a: asked.append(1) or finish(*a))
    train_continual(basic_run[1], [features], CONFIG, tmp_path)
    assert len(asked) == 3


def test_the_feature_cache_is_used_for_the_same_rows_and_weights_only(features, drawn_faces, basic_run, monkeypatch):
    out, checkpoint = basic_run
    rows = labelled_rows(drawn_faces)
    monkeypatch.setattr("cfer.features.table.load_crops", lambda *a, **k: pytest.fail("read again"))
    cached = extract_features(checkpoint.model, rows, checkpoint.preprocessing, out / "features.safetensors")
    assert torch.equal(cached.x, features.x)
    assert cached.table == features.table
    with pytest.raises(pytest.fail.Exception):
        extract_features(checkpoint.model, rows.part("test"), checkpoint.preprocessing, out / "features.safetensors")
