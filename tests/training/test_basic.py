import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from drawn_faces import TINY, killed_after
from safetensors.torch import load_file

from cfer.emotions import BASICS
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.training.basic import BasicRun, learn_basic
from cfer.training.finish_basic import finish_basic
from cfer.training.initial_weights import start_heads
from cfer.training.loop import freeze, train_mode
from cfer.training.training_set import vote_targets


def test_it_learns_drawn_faces_and_writes_a_line_an_epoch(basic_run):
    out, checkpoint = basic_run
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in lines] == [1, 2, 3, 4, 5]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert checkpoint.names == BASICS
    test = checkpoint.facts.basic.test
    assert test.pictures == 52
    assert test.accuracy > 0.4  # chance is 0.14


def test_killed_at_any_moment_it_ends_with_the_same_numbers(drawn_faces, basic_run, tmp_path, monkeypatch):
    whole, _ = basic_run
    for steps in (5, 1, 11):  # within an epoch, and across one
        with killed_after(steps, monkeypatch):
            learn_basic(BasicRun(drawn_faces, TINY, "random", tmp_path), progress=False, save_seconds=0)
    learn_basic(BasicRun(drawn_faces, TINY, "random", tmp_path), progress=False)
    assert (tmp_path / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    first, second = load_file(whole / "best.safetensors"), load_file(tmp_path / "best.safetensors")
    assert all(torch.equal(first[k], second[k]) for k in first)


def test_a_folder_with_another_run_is_refused(drawn_faces, basic_run):
    out, _ = basic_run
    with pytest.raises(ValueError, match=r"epochs: 5 there, 4 now.*another --out"):
        learn_basic(BasicRun(drawn_faces, replace(TINY, epochs=4), "random", out), progress=False)


@pytest.mark.parametrize(("learned_at", "kept_at"), [(32, 16), (8, 8)])
def test_a_checkpoint_looks_no_more_coarsely_than_it_learned(drawn_faces, tmp_path, learned_at, kept_at):
    config = replace(TINY, epochs=0, backbone=replace(TINY.backbone, output_stride=learned_at))
    model = learn_basic(BasicRun(drawn_faces, config, "random", tmp_path), progress=False)
    checkpoint = finish_basic(model, BasicRun(drawn_faces, config, "random", tmp_path), progress=False)
    assert checkpoint.model.config.output_stride == kept_at


def test_data_without_a_validation_part_is_refused(drawn_faces, tmp_path):
    with pytest.raises(ValueError, match="for validation and for test"):
        learn_basic(BasicRun(drawn_faces.part("train"), TINY, "random", tmp_path), progress=False)


def test_training_leaves_the_global_random_state_alone(drawn_faces, tmp_path, monkeypatch):
    before = torch.random.get_rng_state()
    with killed_after(2, monkeypatch):
        learn_basic(BasicRun(drawn_faces, TINY, "random", tmp_path), progress=False)
    assert torch.equal(before, torch.random.get_rng_state())


def test_targets_are_votes_where_there_are_any_and_labels_otherwise(drawn_faces):
    mixed = next(s for s in drawn_faces.samples if s.compound == "sadly angry")
    plain = replace(mixed, label="happy", votes=None)
    targets = vote_targets(drawn_faces.only([mixed, plain]))
    assert targets[0].tolist() == pytest.approx([0, 0, 0.4, 0, 0.6, 0, 0])
    assert targets[1].tolist() == [0, 1, 0, 0, 0, 0, 0]


def test_frozen_groups_have_no_gradient_and_keep_their_statistics():
    model = FaceModel(BackboneConfig("test_efficientnet"), BASICS)
    freeze(model, 2)
    train_mode(model)
    assert not model.backbone.conv_stem.weight.requires_grad
    assert not model.backbone.blocks[0][0].conv.weight.requires_grad
    assert model.backbone.blocks[1][0].conv_exp.weight.requires_grad
    before = model.backbone.bn1.running_mean.clone()
    model(torch.randn(4, 3, 64, 64))
    assert torch.equal(before, model.backbone.bn1.running_mean)
    assert model.backbone.blocks[-1][0].bn1.training


def test_fixed_statistics_stay_those_of_the_start():
    model = FaceModel(BackboneConfig("test_efficientnet"), BASICS)
    train_mode(model, fixed_statistics=True)
    before = [m.running_mean.clone() for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    model(torch.randn(4, 3, 64, 64))
    after = [m.running_mean for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert before
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert model.training


def test_a_run_from_a_checkpoint_goes_on_from_its_heads(basic_run, drawn_faces, tmp_path):
    folder, checkpoint = basic_run
    heads = start_heads(folder / "checkpoint")
    assert torch.equal(heads["face.head.weight"], checkpoint.heads[0].weight)
    assert start_heads("random") == {}
    still = replace(TINY, epochs=1, learning_rate=0.0, weight_decay=0.0)
    learned = learn_basic(BasicRun(drawn_faces, still, str(folder / "checkpoint"), tmp_path), progress=False)
    torch.testing.assert_close(learned.head.weight, heads["face.head.weight"])


def test_heads_can_learn_faster_than_the_backbone(drawn_faces, tmp_path):
    fresh = FaceModel(TINY.backbone, BASICS, TINY.seed)
    asleep = replace(TINY, epochs=1, learning_rate=1e-9, head_rate=1e6)
    learned = learn_basic(BasicRun(drawn_faces, asleep, "random", tmp_path), progress=False)
    assert (learned.head.weight - fresh.head.weight).abs().max() > 1e-4
    assert (learned.backbone.conv_stem.weight - fresh.backbone.conv_stem.weight).abs().max() < 1e-5


@pytest.mark.slow
def test_a_process_that_is_killed_outright_is_resumed_with_the_same_numbers(ferplus_folder, tmp_path):
    def command(out: str) -> list[str]:
        small = "--backbone test_efficientnet --start random --input-px 64 --batch-size 16 --epochs 3"
        return [sys.executable, "-m", "cfer", *f"train basic --data {ferplus_folder} --out {out} {small}".split()]

    killed, whole = tmp_path / "killed", tmp_path / "whole"
    with subprocess.Popen(command(str(killed)), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (killed / "metrics.jsonl").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "checkpoint").exists()
    for out in (killed, whole):
        subprocess.run(command(str(out)), check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert (killed / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    name = "checkpoint/model.safetensors"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
