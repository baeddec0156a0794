import io

import numpy as np
import pytest
from PIL import Image

from cfer.faces.align import face_crop
from cfer.pictures.near_duplicates import Shown, alike, first_same, mark_of
from cfer.synth.dataset import Plan, render_table


def shown(picture: np.ndarray) -> Shown:
    return Shown(face_crop(picture, already_cropped=False), mark_of(picture))


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    table = render_table(Plan(people=2, first=9300, classes=("neutral", "happy", "surprised")))
    return [table.source.read(s.path) for s in table.samples]


def test_a_picture_is_like_itself_and_unlike_noise():
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(noise[:9, :9]).resize((90, 90), Image.Resampling.BICUBIC))
    assert alike(smooth, smooth) == pytest.approx(1, abs=1e-5)
    assert alike(smooth, noise) < 0.6
    assert alike(np.full((50, 50, 3), 9, np.uint8), smooth) == pytest.approx(0, abs=1e-5)


def test_what_was_compressed_again_or_reduced_is_the_same_picture(faces):
    buffer = io.BytesIO()
    Image.fromarray(faces[1]).save(buffer, "JPEG", quality=50)
    again = np.asarray(Image.open(buffer).convert("RGB"))
    reduced = np.asarray(Image.fromarray(faces[1]).resize((160, 160)))
    assert first_same([shown(faces[1]), shown(again), shown(reduced)]) == [None, 0, 0]


def test_other_pictures_of_a_person_are_other_pictures(faces):
    assert first_same([shown(f) for f in faces]) == [None] * 6
    assert first_same([shown(faces[4])], [shown(f) for f in faces]) == [4]
