import numpy as np
import torch
from PIL import Image

from cfer.faces.blazeface import anchors
from cfer.faces.detect import _areas, _detector, _same, _weighted_suppression, detect_faces
from cfer.synth.dataset import Plan, render_table


def paste(faces: list[tuple[int, int, int]], photograph: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A grey picture with the astronaut's head at (x, y) and a given side."""
    canvas = Image.new("RGB", size, (120, 120, 120))
    head = Image.fromarray(photograph[0:260, 100:360])
    for x, y, side in faces:
        canvas.paste(head.resize((side, side)), (x, y))
    return np.asarray(canvas)


def test_the_astronaut_is_found_where_her_face_is(photograph):
    (face,) = detect_faces(photograph)
    x0, y0, x1, y1 = face.box
    assert 150 < x0 < 190
    assert 260 < x1 < 300
    assert 50 < y0 < 90
    assert 160 < y1 < 200
    assert face.score > 0.8
    right_eye, left_eye, _, mouth = face.points[:4]
    assert right_eye[0] < left_eye[0]
    assert mouth[1] > right_eye[1]
    assert not face.tiny


def test_several_faces_come_largest_first(photograph):
    found = detect_faces(paste([(20, 20, 200), (320, 60, 320), (20, 300, 240)], photograph, (700, 600)))
    assert len(found) == 3
    assert [round(f.width) for f in found] == sorted((round(f.width) for f in found), reverse=True)
    assert found[0].box[0] > 320


def test_a_picture_without_a_face_has_none():
    rng = np.random.default_rng(0)
    assert detect_faces(np.full((300, 400, 3), 128, np.uint8)) == []
    assert detect_faces(rng.integers(0, 255, (300, 400, 3), dtype=np.uint8)) == []


def test_a_tiny_face_says_so(photograph):
    small = np.asarray(Image.fromarray(photograph).resize((96, 96)))
    (face,) = detect_faces(small)
    assert face.tiny


def test_a_face_in_a_panorama_is_found_by_looking_again(photograph):
    wide = paste([(1500, 20, 180)], photograph, (2400, 220))
    (face,) = detect_faces(wide)
    assert 1500 < face.box[0] < 1680


def test_boxes_scale_with_the_picture(photograph):
    large = np.asarray(Image.fromarray(photograph).resize((2048, 2048), Image.Resampling.BICUBIC))
    (small_face,), (large_face,) = detect_faces(photograph), detect_faces(large)
    np.testing.assert_allclose(np.array(large_face.box) / 4, small_face.box, atol=4)


def test_a_large_picture_is_reduced_before_the_network_sees_it(photograph, monkeypatch):
    import cfer.faces.detect as module

    seen, model = [], module._detector()

    def spy(x):
        seen.append(x.shape[2] * x.shape[3])
        return model(x)

    monkeypatch.setattr(module, "_detector", lambda: spy)
    detect_faces(np.asarray(Image.fromarray(photograph).resize((3464, 3464))))
    assert max(seen) <= 2.1 * 256**2
    assert sum(seen) <= 4 * 256**2


def test_areas_and_what_is_the_same_face_by_hand():
    box, others = np.array([0.0, 0, 2, 2]), np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [0, 0, 1, 1.2]])
    shared, own, areas = _areas(box, others)
    np.testing.assert_allclose(shared, [4, 1, 0, 1.2])
    assert own == 4
    np.testing.assert_allclose(areas, [4, 4, 1, 1.2])
    assert _same(box, others).tolist() == [True, False, False, True]  # the last lies inside


def test_twenty_small_faces_of_a_twelve_megapixel_picture_are_all_found():
    people = render_table(Plan(people=10, first=9000, classes=("neutral", "happy")))
    canvas = np.full((3000, 4000, 3), 128, np.uint8)
    for number, sample in enumerate(people.samples):
        picture = people.source.read(sample.path)
        (face,) = detect_faces(picture)
        side = round(len(picture) * 150 / face.width)
        row, column = divmod(number, 5)
        y, x = row * 740 + 60 + 23 * column, column * 790 + 40 + 37 * row
        canvas[y : y + side, x : x + side] = np.asarray(Image.fromarray(picture).resize((side, side)))
    found = detect_faces(canvas)
    assert len(found) == 20
    assert all(100 < face.width < 200 for face in found)


def test_a_portrait_cropped_to_the_face_gives_one_face():
    people = render_table(Plan(people=9, first=9100, classes=("happy", "surprised")))
    counts = []
    for sample in people.samples:
        picture = people.source.read(sample.path)
        (face,) = detect_faces(picture)
        for margin in (0.0, 0.25):
            room = margin * face.width
            x0, y0 = (int(max(0, v - room)) for v in face.box[:2])
            x1, y1 = (int(v + room) for v in face.box[2:])
            counts.append(len(detect_faces(picture[y0:y1, x0:x1])))
    assert counts == [1] * 36


def test_overlapping_anchors_merge_into_their_weighted_mean():
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 12, 10], [50, 50, 60, 60]])
    scores = np.array([0.9, 0.6, 0.8])
    merged = _weighted_suppression(boxes, scores, np.zeros((3, 6, 2)))
    assert [m[1] for m in merged] == [0.9, 0.8]
    np.testing.assert_allclose(merged[0][0], [0, 0, (0.9 * 10 + 0.6 * 12) / 1.5, 10])


def test_there_are_896_anchors_inside_the_input():
    points = anchors()
    assert points.shape == (896, 2)
    assert torch.equal(points[0], torch.tensor([8.0, 8.0]))
    assert float(points.min()) > 0
    assert anchors(4, 6).shape == (896 * 24 // 64, 2)
    assert anchors(4, 6).amax(0).tolist() == [184, 120]
    assert float(points.max()) < 256


def test_detection_leaves_the_random_state_alone(photograph):
    _detector.cache_clear()  # building the network is part of the first call
    before = torch.random.get_rng_state()
    detect_faces(photograph)
    assert torch.equal(before, torch.random.get_rng_state())
