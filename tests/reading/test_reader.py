import doctest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import cfer
from cfer.emotions import BASICS, EXPRESSIONS
from cfer.explain import methods
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.pictures import PictureError
from cfer.reading.reader import Reader


def test_the_astronaut_is_happy(reader, photograph):
    (face,) = reader.read(photograph).faces
    basic = {n: p for n, p in face.probabilities.items() if reader.is_basic(n)}
    assert max(basic, key=lambda n: basic[n]) == "happy"
    assert face.top == "happy"
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert set(face.probabilities) <= set(EXPRESSIONS)


def test_no_face_is_a_reading_without_faces(reader):
    assert reader.read(np.full((200, 200, 3), 128, np.uint8)).faces == ()


def test_a_crop_is_read_whole(reader, photograph):
    (found,) = reader.read(photograph).faces
    (face,) = reader.read(found.crop, already_cropped=True).faces
    assert face.box == (0.0, 0.0, float(found.crop.shape[1]), float(found.crop.shape[0]))
    assert face.probabilities == pytest.approx(found.probabilities)
    with pytest.raises(PictureError, match="about square"):
        reader.read(np.zeros((20, 200, 3), np.uint8), already_cropped=True)


def test_a_lesson_gives_another_reader(reader, photograph):
    (face,) = reader.read(photograph).faces
    before = face.probabilities
    taught, effect = reader.teach("beaming", [face], constituents=("happy",))
    assert taught.names == (*reader.names, "beaming")
    assert taught.constituents("beaming") == ("happy",)
    assert not taught.is_basic("beaming")
    assert effect.shots == 1
    assert taught.reread(face).top == "beaming"  # on the very picture that it was taught from
    assert set(taught.reread(face).probabilities) == {*before, "beaming"}
    assert reader.reread(face).probabilities == before
    assert taught.neutral is reader.neutral


def test_reading_is_repeatable_and_leaves_the_random_state_alone(reader, photograph):
    random = torch.random.get_rng_state()
    (first,), (second,) = reader.read(photograph).faces, reader.read(photograph).faces
    assert first.probabilities == second.probabilities
    assert torch.equal(first.maps.maps, second.maps.maps)
    assert torch.equal(random, torch.random.get_rng_state())


def test_maps_are_fine_enough_to_tell_eyes_from_mouth(reader, photograph):
    (face,) = reader.read(photograph).faces
    assert min(face.maps.maps.shape[-2:]) >= 7


@pytest.fixture
def counted(monkeypatch):
    """How often a backbone looks at pictures, as a whole or up to a layer; attributions, and classes in them."""
    calls = {"passes": 0, "attributions": 0, "classes": 0}
    for name in ("features", "until"):
        own = getattr(FaceModel, name)

        def look(self, x, *rest, own=own):
            calls["passes"] += 1
            return own(self, x, *rest)

        monkeypatch.setattr(FaceModel, name, look)
    attribute = methods.mirrored_gradients

    def counting(model, pair, names, *rest):
        calls["attributions"] += 1
        calls["classes"] += len(names)
        return attribute(model, pair, names, *rest)

    monkeypatch.setattr(methods, "mirrored_gradients", counting)
    return calls


def test_a_first_look_is_two_passes_and_one_attribution_and_nothing_is_done_twice(photograph, counted):
    reader = Reader()
    assert reader.neutral is not None
    counted["passes"] = 0
    (face,) = reader.read(photograph).faces
    assert counted == {"passes": 1, "attributions": 0, "classes": 0}
    trio = reader.trio(face, "happily surprised")
    first = face.maps_by(INTEGRATED_GRADIENTS, trio)
    looked = {"passes": 2, "attributions": 1, "classes": 3}
    assert counted == looked
    again = face.maps_by(INTEGRATED_GRADIENTS, trio[::-1])
    again.contrast([trio[0]], trio[1:])
    face.maps_by(GRAD_CAM, trio)
    face.explain(trio[1])
    assert counted == looked  # another order, method or contrast
    assert torch.equal(first.of(trio[0]), again.of(trio[0]))
    face.relation(trio[1])  # its compound and two of the six basics were there
    assert (counted["attributions"], counted["classes"]) == (2, 7)
    passes = counted["passes"]
    face.relation(trio[1])
    taught, _ = reader.teach("beaming", [face])
    taught.reread(face)
    assert counted == {"passes": passes, "attributions": 2, "classes": 7}


def test_eight_threads_on_readers_that_share_a_backbone_give_what_one_gives(photograph):
    base = Reader()
    taught, _ = base.teach("beaming", [base.face(photograph)])
    names = ["happy", "happily surprised", "surprised"]

    def ask(reader):
        face = reader.face(photograph)
        return face.maps.maps, face.maps_by(INTEGRATED_GRADIENTS, names).maps

    alone = {reader: ask(reader) for reader in (base, taught)}
    shared = base.face(photograph)
    wanted = shared.maps_by(INTEGRATED_GRADIENTS, names).maps
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, [base, taught] * 8))
        same = list(pool.map(lambda n: shared.explain(n).raw, names * 4))
    for reader, maps in zip([base, taught] * 8, found, strict=True):
        for mine, theirs in zip(maps, alone[reader], strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)
    for name, raw in zip(names * 4, same, strict=True):
        torch.testing.assert_close(raw, wanted[0, names.index(name)])
    assert all(p.grad is None for p in base.checkpoint.model.parameters())


def test_a_picture_may_be_a_path_an_image_or_an_array(reader, photograph, files):
    wanted = reader.face(photograph).probabilities
    image = Image.fromarray(photograph)
    for given in (
        files / "astronaut.png",
        str(files / "astronaut.png"),
        image,
        photograph / 255,
        image.convert("RGBA"),
    ):
        assert reader.face(given).probabilities == pytest.approx(wanted, abs=1e-3)
    assert reader.face(np.asarray(image.convert("L"))).top == "happy"


def test_a_backbone_that_cannot_be_divided_gives_grad_cam_and_no_maps_by_layer(photograph):
    model = FaceModel(BackboneConfig("densenet121"), BASICS).eval()
    base = Reader().checkpoint
    reader = Reader(replace(base, model=model, classes=base.classes[:7], measured={}))
    face = reader.read_crop(photograph[40:220, 130:310])
    assert reader.methods[0] == GRAD_CAM
    with pytest.raises(KeyError, match="no maps by 'integrated_gradients' here"):
        face.maps_by(INTEGRATED_GRADIENTS, ["happy"])
    assert face.explain("happy").method == GRAD_CAM
    assert face.explain("happy").regions is None


def test_the_public_door_is_open():
    assert cfer.load(Reader().checkpoint).names == cfer.load().names
    assert cfer.Reader is Reader
    with pytest.raises(AttributeError, match="no attribute"):
        cfer.nothing  # noqa: B018
    result = doctest.testmod(cfer)
    assert result.attempted >= 8
    assert result.failed == 0
