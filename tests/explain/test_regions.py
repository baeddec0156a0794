import math

import numpy as np
import pytest
import torch

from cfer.explain.regions import (
    REGIONS,
    Shares,
    densest,
    densest_part,
    region_map,
    shares,
    unit_cells,
    unit_regions,
    unit_shares,
)
from cfer.faces.align import frame_of
from cfer.faces.detect import detect_faces
from cfer.features.displacement import moved_by
from cfer.synth.dataset import Shot, take


@pytest.fixture(scope="module")
def face():
    """Regions of a rendered face from its true landmarks."""
    picture, truth = take(Shot(5, "neutral", 0))
    (found,) = detect_faces(picture)
    places = torch.from_numpy(frame_of(found).locate(truth.landmarks).astype(np.float32))
    return places, region_map(places)


def centre(regions, name):
    rows, columns = np.nonzero(regions == REGIONS.index(name))
    return rows.mean() / len(regions), columns.mean() / len(regions)


def test_parts_lie_where_they_lie_in_a_face(face):
    _, regions = face
    heights = [centre(regions, name)[0] for name in ("forehead", "brows", "eyes", "nose", "mouth", "chin")]
    assert heights == sorted(heights)
    for name in REGIONS[:-1]:
        assert 0.35 < centre(regions, name)[1] < 0.65, name
        assert 0.005 < (regions == REGIONS.index(name)).mean() < 0.35, name


def test_each_landmark_lies_in_its_part(face):
    places, regions = face
    size = len(regions)
    at = ((places.numpy() + 1) / 2 * size).astype(int).clip(0, size - 1)
    for number, name in ((30, "nose"), (51, "mouth"), (37, "eyes"), (19, "brows"), (8, "chin")):
        column, row = at[number]
        around = regions[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4]
        assert REGIONS.index(name) in around, name


def test_even_evidence_is_once_the_area_everywhere(face):
    _, regions = face
    found = shares(torch.ones(8, 8), regions)
    assert found.speaks_for == pytest.approx([1.0] * len(found.regions), abs=1e-4)
    assert all(math.isnan(v) for v in found.speaks_against)
    assert sum(found.area) == pytest.approx(1)
    assert not densest(found)


def test_evidence_on_the_mouth_is_said_to_be_there(face):
    _, regions = face
    rows, columns = centre(regions, "mouth")
    raw = -torch.ones(16, 16)
    raw[int(rows * 16), int(columns * 16) - 1 : int(columns * 16) + 1] = 4
    found = shares(raw, regions)
    by_name = dict(zip(found.regions, found.speaks_for, strict=True))
    assert by_name["mouth"] == max(by_name.values())
    assert by_name["mouth"] > 5
    assert by_name["eyes"] == 0
    assert densest(found)[0][1] == "mouth"


def test_outside_of_the_face_is_not_called_a_part():
    found = Shares(("mouth", "outside the face"), (0.1, 0.9), (0.5, 3.0), (1.0, 1.0))
    assert not densest(found)


@pytest.mark.parametrize("expression", ["surprised", "disgusted", "happily surprised", "sadly angry"])
def test_units_are_where_the_renderer_moves_the_face(expression):
    picture, truth = take(Shot(6, expression, 0))
    (found,) = detect_faces(picture)
    places = torch.from_numpy(frame_of(found).locate(truth.landmarks).astype(np.float32))
    moved = moved_by(truth, frame_of(found), 96)
    assert moved is not None
    face = region_map(places) != REGIONS.index("outside the face")
    masks = unit_regions(places)
    for unit, distance in zip(moved.units, moved.by_unit.numpy(), strict=True):
        if unit in masks:
            assert distance[masks[unit] & face].mean() > 1.2 * distance[face].mean(), unit


def test_evidence_on_the_brows_is_shared_out_to_their_units(face):
    places, _ = face
    masks = unit_regions(places)
    assert unit_shares(torch.ones(8, 8), masks) == pytest.approx(dict.fromkeys(masks, 1.0), abs=1e-4)
    raw = torch.zeros(24, 24)
    rows, columns = np.nonzero(masks[4])
    raw[int(rows.mean() / 4), int(columns.mean() / 4)] = 1
    found = unit_shares(raw, masks)
    assert found[4] == max(found.values())
    assert found[12] == found[17] == 0


def test_cells_of_a_batch_have_the_shares_that_the_masks_cover(face):
    places, _ = face
    masks = unit_regions(places, 96)
    cells = unit_cells(torch.stack([places, places]), tuple(masks), 8)
    assert cells.shape == (2, len(masks), 8, 8)
    for row, mask in zip(cells[0], masks.values(), strict=True):
        expected = mask.reshape(8, 12, 8, 12).mean((1, 3))
        assert np.abs(row.numpy() - expected).max() < 0.2  # four samples a side against twelve
        assert row.mean() == pytest.approx(mask.mean(), abs=0.01)


def test_the_densest_part_is_one_of_the_face():
    found = Shares(("mouth", "chin", "outside the face"), (0.1, 0.1, 0.8), (0.5, 0.7, 3.0), (1.0, 1.0, 1.0))
    assert densest_part(found) == "chin"
    assert densest_part(Shares(("mouth",), (0.1,), (float("nan"),), (1.0,))) == ""
