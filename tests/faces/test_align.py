import numpy as np
import pytest
from PIL import Image

from cfer.faces.align import CENTRE_HEIGHT, SIDE_PER_BOX, align, face_crop, frame_of, whole_square
from cfer.faces.detect import Face, detect_faces
from cfer.pictures import PictureError


def marked(size: int = 400, roll: float = 0.0, at: tuple[float, float] = (200, 180)) -> tuple[np.ndarray, Face]:
    """A black picture with white spots where a turned face has its eyes and mouth, and that face."""
    turn = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    local = np.array([[-30, -20], [30, -20], [0, 10], [0, 40], [-60, 0], [60, 0]], dtype=float)
    points = local @ turn.T + at
    picture = np.zeros((size, size, 3), np.uint8)
    for x, y in points[[0, 1, 3]]:
        picture[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3] = 255
    x0, y0 = np.array(at) - 70
    return picture, Face((x0, y0, x0 + 140, y0 + 140), 0.9, points)


def spot(crop: np.ndarray, centre: tuple[float, float], reach: int = 5) -> int:
    x, y = (round(v) for v in centre)
    return int(crop[y - reach : y + reach + 1, x - reach : x + reach + 1].max())


@pytest.mark.parametrize("roll", [0.0, 0.5, -0.7, 2.8])
def test_eyes_are_level_and_the_face_sits_where_training_faces_do(roll):
    picture, face = marked(roll=roll)
    crop = align(picture, face)
    side = round(SIDE_PER_BOX * 140)
    assert crop.shape == (side, side, 3)
    middle = CENTRE_HEIGHT * side  # of eyes (at -20) and mouth (at 40): 10 in the face's own coordinates
    for x, y in ((-30, -20), (30, -20), (0, 40)):
        assert spot(crop, (side / 2 + x, middle + y - 10)) > 150
    assert spot(crop, (side / 2, middle - 30)) == 0


@pytest.mark.parametrize("roll", [0.0, 0.5, -0.7])
def test_a_frame_says_where_in_the_crop_a_point_of_the_picture_is(roll):
    picture, face = marked(roll=roll)
    crop = align(picture, face)
    placed = (frame_of(face).locate(face.points[[0, 1, 3]]) + 1) / 2 * len(crop)
    for place in placed:
        assert spot(crop, tuple(place), reach=2) > 150


def test_a_large_face_is_reduced_and_what_is_past_the_edge_repeats_it():
    picture = np.full((900, 900, 3), 90, np.uint8)
    points = np.array([[300, 400], [600, 400], [450, 500], [450, 700], [100, 500], [800, 500]], float)
    crop = align(picture, Face((-100, 0, 1000, 1100), 0.9, points))
    assert crop.shape == (512, 512, 3)
    assert (crop == 90).all()


def test_the_aligned_astronaut_is_found_again_upright(photograph):
    tilted = np.asarray(Image.fromarray(photograph).rotate(25, Image.Resampling.BICUBIC))
    (face,) = detect_faces(tilted)
    crop = align(tilted, face)
    framed = np.full((crop.shape[0] * 2, crop.shape[1] * 2, 3), 120, np.uint8)
    quarter = crop.shape[0] // 2
    framed[quarter : quarter + crop.shape[0], quarter : quarter + crop.shape[1]] = crop
    (again,) = detect_faces(framed)
    across = again.points[1] - again.points[0]
    assert abs(np.degrees(np.arctan2(across[1], across[0]))) < 5


def test_a_crop_that_is_not_square_is_padded_with_its_edges():
    picture = np.zeros((40, 20, 3), np.uint8)
    picture[:, 0], picture[:, -1] = 10, 200
    square = whole_square(picture)
    assert square.shape == (40, 40, 3)
    assert (square[:, :11] == 10).all()
    assert (square[:, 29:] == 200).all()
    assert whole_square(np.zeros((2000, 2000, 3), np.uint8)).shape == (512, 512, 3)


def test_refusals_are_in_words(photograph):
    with pytest.raises(PictureError, match="No face"):
        face_crop(np.full((200, 200, 3), 128, np.uint8), already_cropped=False)
    with pytest.raises(PictureError, match="too small"):
        face_crop(np.asarray(Image.fromarray(photograph).resize((96, 96))), already_cropped=False)
    with pytest.raises(PictureError, match="about square"):
        face_crop(np.zeros((20, 200, 3), np.uint8), already_cropped=True)
