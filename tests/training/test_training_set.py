import json
from dataclasses import replace

import pytest
import torch
from drawn_faces import TINY

from cfer.emotions import BASICS
from cfer.features.teachers import PhotographCrops
from cfer.network.face_model import FaceModel
from cfer.training.augment import random_views
from cfer.training.basic import BasicRun, learn_basic, prepare_basic
from cfer.training.config import BasicConfig
from cfer.training.loop import learn, learned
from cfer.training.training_set import FILE, Photographs, load_material, load_saved_material, save_material


def photographs_of(count: int = 4) -> Photographs:
    generator = torch.Generator().manual_seed(0)
    basic = torch.eye(len(BASICS))[[0, 0, 1, 3]][:count]
    pixels = torch.randint(0, 256, (count, 1, 16, 16), dtype=torch.uint8, generator=generator)
    return Photographs.of(
        PhotographCrops(tuple(range(count)), pixels, basic, torch.rand(count, 52), torch.rand(count, 68, 2))
    )


def test_photographs_are_sorted_by_their_likeliest_class():
    assert [places.tolist() for places in photographs_of().by_class] == [[0, 1], [2], [3]]
    shares = photographs_of().shares
    assert shares.tolist() == pytest.approx([2**0.5 / (2 + 2**0.5), 1 / (2 + 2**0.5), 1 / (2 + 2**0.5)])


def test_what_is_kept_is_what_was_read(drawn_faces, tmp_path):
    read = replace(load_material(drawn_faces, TINY.preprocessing, progress=False), photographs=photographs_of())
    save_material(read, tmp_path / FILE, {"data": "these"})
    assert load_saved_material(tmp_path / FILE, {"data": "others"}) is None
    kept = load_saved_material(tmp_path / FILE, {"data": "these"})
    assert torch.equal(read.pixels, kept.pixels)
    assert torch.equal(read.targets, kept.targets)
    assert [torch.equal(a.true, b.true) for a, b in zip(read.validation, kept.validation, strict=True)] == [True]
    assert kept.faces is None
    assert torch.equal(kept.photographs.crops.landmarks, read.photographs.crops.landmarks)
    assert torch.equal(kept.photographs.log_prior, read.photographs.log_prior)


def test_a_prepared_run_is_learned_without_its_pictures_to_the_same_weights(drawn_faces, basic_run, tmp_path):
    whole, _ = basic_run
    path = prepare_basic(BasicRun(drawn_faces, TINY, "random", tmp_path), progress=False)
    model = FaceModel(TINY.backbone, BASICS, TINY.seed)
    assert learned(TINY, tmp_path) is None
    found = learn(model, load_saved_material(path), TINY, tmp_path, progress=False)
    assert (tmp_path / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    path.unlink()  # a run that is done needs nothing any more
    again = learn_basic(BasicRun(drawn_faces, TINY, "random", tmp_path), progress=False)
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), again.parameters(), strict=True))


def test_settings_are_read_back_from_a_run(drawn_faces, tmp_path):
    prepare_basic(BasicRun(drawn_faces, TINY, "random", tmp_path), progress=False)
    assert BasicConfig.from_plain(json.loads((tmp_path / "config.json").read_text())) == TINY


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"cut off")
    with pytest.raises(ValueError, match="damaged or cut off"):
        load_saved_material(tmp_path / FILE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_views_are_made_there_by_the_same_seed():
    pixels = torch.rand(4, 1, 32, 32)
    config = TINY.augmentation
    views = [random_views(pixels.cuda(), 48, config, torch.Generator().manual_seed(3)) for _ in range(2)]
    assert views[0].is_cuda
    assert torch.equal(*views)
    quiet = replace(config, noise=0.0)
    there, here = (random_views(p, 48, quiet, torch.Generator().manual_seed(3)) for p in (pixels.cuda(), pixels))
    torch.testing.assert_close(there.cpu().mean((1, 2, 3)), here.mean((1, 2, 3)), atol=0.02, rtol=0)


def test_where_a_part_of_photographs_is_labelled_it_has_a_say_in_the_score(drawn_faces, tmp_path):
    material = load_material(drawn_faces, TINY.preprocessing, progress=False)
    both = replace(material, validation=(*material.validation, material.validation[0]))
    config = replace(TINY, epochs=1)
    learn(FaceModel(config.backbone, BASICS, 0), both, config, tmp_path, progress=False)
    row = json.loads((tmp_path / "metrics.jsonl").read_text())
    assert row["others"][0]["accuracy"] == row["accuracy"]
    assert row["score"] == pytest.approx((row["accuracy"] + row["macro_recall"]) / 2)
