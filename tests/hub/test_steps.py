import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from drawn_faces import draw_face

from cfer.checkpoint import load_checkpoint
from cfer.emotions import BASICS, COMPOUNDS, EXPRESSIONS
from cfer.hub import HubError, StepPusher, pull
from cfer.reading.reader import Reader

NAME = "me/steps"


def test_steps_that_could_not_be_pushed_go_with_the_next_one_in_order(hub, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    pusher = StepPusher(tmp_path, NAME, endpoint=hub.url)
    pusher(0, folder)
    hub.failing = 500
    pusher(1, folder)
    pusher(2, folder)
    assert pusher.waiting == ["step-01", "step-02"]
    assert load_checkpoint(tmp_path / "to-push" / "step-01").names == load_checkpoint(folder).names
    hub.failing = 0
    pusher(3, folder)
    assert pusher.waiting == []
    commits = [sha for sha, _ in hub.commits[NAME]]
    assert [commits.index(hub.tags[NAME][f"step-{n:02d}"]) for n in range(4)] == [1, 2, 3, 4]
    pusher(3, folder)  # the same step again, after an interruption
    assert len(hub.commits[NAME]) == 5
    assert json.loads((tmp_path / "pushed.json").read_text())["steps"] == hub.tags[NAME]


def test_what_an_interruption_left_of_a_step_does_not_stop_the_next(hub, folder, tmp_path):
    pusher = StepPusher(tmp_path, NAME, endpoint=hub.url)
    pusher(0, folder)
    (tmp_path / "to-push" / "step-00").mkdir()  # pushed, and only half deleted
    (tmp_path / "to-push" / "step-01").mkdir()  # damaged
    pusher(2, folder)
    assert pusher.waiting == ["step-01", "step-02"]  # in their order; the log says why
    (tmp_path / "to-push" / "step-01").rmdir()
    assert pusher.push_waiting() == []


def test_the_steps_of_a_run_go_to_one_place(hub, folder, tmp_path):
    StepPusher(tmp_path, NAME, endpoint=hub.url)(0, folder)
    with pytest.raises(HubError, match=f"go to {NAME}"):
        StepPusher(tmp_path, "me/other")
    with pytest.raises(HubError, match="Push to owner/name"):
        StepPusher(tmp_path, "me/other@step-01")


@pytest.fixture
def all_classes(tmp_path):
    """A manifest of drawn faces of all 22 classes; two that blend the same pair are drawn alike."""
    rng = np.random.default_rng(5)
    rows = ["path,label,person"]
    for name in (*BASICS, *COMPOUNDS):
        for person in range(12):
            rows.append(f"{name}-{person}.png,{name},{person}")
            draw_face(EXPRESSIONS[name].constituents or (name,), rng).save(tmp_path / f"{name}-{person}.png")
    (tmp_path / "faces.csv").write_text("\n".join(rows))
    return tmp_path / "faces.csv"


@pytest.mark.slow
def test_training_that_is_killed_twice_puts_the_same_sixteen_steps_on_the_hub(hub, all_classes, basic_run, tmp_path):
    settings = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "hf_secret"}
    whole, killed = "me/whole", "me/killed"

    def command(name):
        start = [sys.executable, "-m", "cfer", "train", "continual", "--data", str(all_classes), "--already-cropped"]
        start += ["--least", "5"]
        return [*start, "--basic", str(basic_run[0]), "--out", str(tmp_path / name), "--push", name]

    def run(name):
        environment = {**os.environ, **settings}
        return subprocess.run(command(name), env=environment, capture_output=True, text=True, check=True)

    run(whole)
    for tag in ("step-04", "step-09"):
        with subprocess.Popen(command(killed), env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 240
            while tag not in hub.tags.get(killed, {}) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
            process.kill()
        assert tag in hub.tags[killed]
        assert "step-15" not in hub.tags[killed]
    done = run(killed)
    assert f"pushed: {killed}" in done.stdout
    assert "hf_secret" not in done.stdout + done.stderr
    assert sorted(hub.tags[killed]) == [f"step-{step:02d}" for step in range(16)]
    face = draw_face(("happy", "surprised"), np.random.default_rng(1)).convert("RGB")
    for step in range(16):
        pulled = [pull(f"{n}@step-{step:02d}", endpoint=hub.url, cache=tmp_path / "cache") for n in (whole, killed)]
        readers = [Reader(found.folder) for found in pulled]
        assert len(readers[0].names) == 7 + step
        one, other = (reader.face(face, already_cropped=True).to_dict() for reader in readers)
        assert one == other
    assert not list((tmp_path / killed / "to-push").iterdir())
