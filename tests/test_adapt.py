import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from typer.testing import CliRunner

from cfer.adapt import LEAST, WORTH, AdaptError, adapt, camera_shift, reference_means, unadapted
from cfer.camera import look_of
from cfer.checkpoint import load_checkpoint, save_checkpoint
from cfer.cli import app
from cfer.learners.base import Head
from cfer.reader import Reader

runner = CliRunner()


@pytest.fixture(scope="module")
def checkpoint(basic_run):
    return basic_run[1]


def faces(checkpoint, count, moved, seed=0):
    """Features of check pictures, drawn with repetition and moved."""
    rows = torch.randint(len(checkpoint.checks.x), (count,), generator=torch.Generator().manual_seed(seed))
    return checkpoint.checks.x[rows] + moved, checkpoint.checks.y[rows]


def test_a_shift_is_found_whatever_expressions_are_shown():
    means = torch.tensor([[0.0, 0, 0], [9, 0, 0], [0, 9, 0]])
    head = Head(means, -0.5 * means.square().sum(1))
    generator = torch.Generator().manual_seed(0)
    moved = torch.tensor([1.5, -1.0, 4.0])
    for shown in ([0] * 300 + [1] * 100, [2] * 300 + [1] * 100):
        x = means[shown] + moved + 0.1 * torch.randn(400, 3, generator=generator)
        torch.testing.assert_close(camera_shift(x, head, means) * (1 + WORTH / 400), moved, atol=0.05, rtol=0)


def test_a_moved_camera_is_brought_back(checkpoint):
    moved = torch.randn(checkpoint.model.num_features, generator=torch.Generator().manual_seed(1))
    moved = 1.5 * checkpoint.checks.x.std() * moved
    x, y = faces(checkpoint, 200, moved)
    before = float((F.linear(x, *checkpoint.head).argmax(1) == y).float().mean())
    adapted, done = adapt(checkpoint, x)
    after = float((F.linear(x, *adapted.head).argmax(1) == y).float().mean())
    home = float((F.linear(x - moved, *checkpoint.head).argmax(1) == y).float().mean())
    assert before < home - 0.1
    assert after > home - 0.05
    assert done.faces == 200
    assert done.changed > 0.1
    assert sum(done.before.values()) == sum(done.after.values()) == 200


def test_going_back_gives_the_same_numbers_and_adapting_again_starts_from_there(checkpoint):
    x, _ = faces(checkpoint, 30, 0.3)
    once, _ = adapt(checkpoint, x)
    twice, _ = adapt(once, x)
    assert torch.equal(once.head.bias, twice.head.bias)
    assert torch.equal(once.head.weight, checkpoint.head.weight)  # no weight is learned: maps are the same
    back = unadapted(once)
    assert back.shift is None
    assert back.facts.adapted is None
    torch.testing.assert_close(back.head.bias, checkpoint.head.bias)
    assert unadapted(checkpoint) is checkpoint


def test_it_is_saved_with_a_checkpoint(checkpoint, tmp_path):
    adapted, _ = adapt(checkpoint, faces(checkpoint, 30, 0.3)[0])
    save_checkpoint(adapted, tmp_path / "saved", "a card")
    loaded = load_checkpoint(tmp_path / "saved")
    assert loaded.facts.adapted == 30
    torch.testing.assert_close(loaded.shift, adapted.shift)
    torch.testing.assert_close(loaded.head, adapted.head)
    torch.testing.assert_close(unadapted(loaded).head.bias, checkpoint.head.bias)


def test_a_lesson_after_adapting_is_judged_where_the_camera_is(checkpoint):
    moved = torch.full((checkpoint.model.num_features,), 0.5)
    adapted, _ = adapt(checkpoint, faces(checkpoint, 100, moved)[0])
    torch.testing.assert_close(adapted.check_features, checkpoint.checks.x + adapted.shift)
    torch.testing.assert_close(
        F.linear(adapted.check_features, *adapted.head),
        F.linear(checkpoint.checks.x, *checkpoint.head),
        atol=1e-3,
        rtol=0,
    )


def test_too_few_faces_are_refused_and_one_sided_ones_warned_of(checkpoint):
    with pytest.raises(AdaptError, match=f"at least {LEAST} faces; there are 19"):
        adapt(checkpoint, faces(checkpoint, 19, 0.0)[0])
    happy = checkpoint.checks.x[checkpoint.checks.y == 1]
    _, done = adapt(checkpoint, happy.repeat(20, 1)[:40])
    assert "are called happy now" in done.warning
    _, mixed = adapt(checkpoint, faces(checkpoint, 60, 0.0)[0])
    assert mixed.warning is None


def test_the_means_are_those_of_base_classes(checkpoint):
    classes, means = reference_means(checkpoint)
    assert classes == list(range(7))
    torch.testing.assert_close(means[2], checkpoint.checks.x[checkpoint.checks.y == 2].mean(0))


def test_pictures_of_a_poor_camera_are_put_right_before_they_are_read(reader, photograph, tmp_path):
    face = photograph[0:260, 100:360]
    shades = [np.asarray(Image.fromarray(face).rotate(angle)) for angle in range(-10, 10)]
    shrink = reader.checkpoint.preprocessing.uncorrected.shrink
    plain = [reader.read_crop(shade) for shade in shades]
    look = look_of(torch.stack([shrink(f.crop) for f in plain]))
    here = Reader(replace(reader.unadapted().checkpoint, look=look))
    blurred = [np.asarray(Image.fromarray(s).filter(ImageFilter.GaussianBlur(2))) // 2 + 90 for s in shades]
    seen = [here.read_crop(b.astype(np.uint8)) for b in blurred]
    adapted, done = here.adapt(seen)
    assert done.faces == len(seen)
    off = torch.stack([f.passes.x - p.passes.x for f, p in zip(seen, plain, strict=True)])
    left = torch.stack([adapted.reread(f).passes.x - p.passes.x for f, p in zip(seen, plain, strict=True)])
    assert left.square().mean() < 0.2 * off.square().mean()
    again, _ = adapted.adapt([adapted.reread(f) for f in seen])  # from the pictures, not from what was put right
    assert again.checkpoint.preprocessing == adapted.checkpoint.preprocessing
    save_checkpoint(adapted.checkpoint, tmp_path / "saved", "a card")
    loaded = Reader(tmp_path / "saved")
    assert loaded.checkpoint.preprocessing == adapted.checkpoint.preprocessing
    assert loaded.checkpoint.look == look
    back = loaded.unadapted()
    assert back.checkpoint.preprocessing.camera is None
    assert back.reread(seen[0]).probabilities == pytest.approx(seen[0].probabilities, abs=1e-5)


def test_a_folder_is_adapted_to_and_read(tmp_path, photograph):
    picture = photograph[0:260, 100:360]
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(LEAST):
        Image.fromarray((picture * (0.5 + number / 60)).astype(np.uint8)).save(folder / f"{number:02d}.png")
    done = runner.invoke(app, ["read", str(folder), "--adapt", "--json", "--save-adapted", str(tmp_path / "adapted")])
    assert done.exit_code == 0, done.output
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == LEAST
    assert f"adapted to {LEAST} faces" in done.stderr
    assert "Adapting is safer with several expressions" in done.stderr
    reader = Reader(tmp_path / "adapted")
    assert reader.checkpoint.facts.adapted == LEAST
    assert reader.unadapted().checkpoint.shift is None
    refused = runner.invoke(app, ["read", str(folder / "00.png"), "--adapt"])
    assert refused.exit_code == 2
    assert "at least 20 faces; there is 1." in refused.stderr
