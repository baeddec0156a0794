import numpy as np
import pytest
import torch

from cfer.emotions import EXPRESSIONS
from cfer.pictures import PictureError
from cfer.reader import Reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


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
    taught, report = reader.teach("beaming", [face.crop], parts=("happy",))
    assert taught.names == (*reader.names, "beaming")
    assert taught.constituents("beaming") == ("happy",)
    assert not taught.is_basic("beaming")
    assert report.shots == 1
    assert set(taught.reread(face).probabilities) == {*before, "beaming"}
    assert reader.reread(face).probabilities == before


def test_reading_is_repeatable_and_leaves_the_random_state_alone(reader, photograph):
    random = torch.random.get_rng_state()
    (first,), (second,) = reader.read(photograph).faces, reader.read(photograph).faces
    assert first.probabilities == second.probabilities
    assert torch.equal(first.maps.maps, second.maps.maps)
    assert torch.equal(random, torch.random.get_rng_state())


def test_maps_are_fine_enough_to_tell_eyes_from_mouth(reader, photograph):
    (face,) = reader.read(photograph).faces
    assert min(face.maps.maps.shape[-2:]) >= 7
