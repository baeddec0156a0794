import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr, wasserstein_distance
from skimage.metrics import structural_similarity

from cfer.explain.similarity import MEASURES, cosine, spearman, structure, top_overlap, transport


def some_maps(seed, count=5, side=7):
    return torch.randn(count, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def test_cosine_and_spearman_are_scipys_of_the_positive_evidence():
    a, b = some_maps(0), some_maps(1)
    for x, y, c, s in zip(a, b, cosine(a, b), spearman(a, b), strict=True):
        p, q = x.clamp(min=0).flatten().numpy(), y.clamp(min=0).flatten().numpy()
        assert float(c) == pytest.approx(p @ q / np.linalg.norm(p) / np.linalg.norm(q))
        assert float(s) == pytest.approx(spearmanr(p, q).statistic)  # many ties at 0


def test_structure_is_scikit_images():
    a, b = some_maps(2), some_maps(3)
    for x, y, found in zip(a, b, structure(a, b), strict=True):
        p, q = (m.clamp(min=0).numpy() / m.clamp(min=0).max().item() for m in (x, y))
        assert float(found) == pytest.approx(
            structural_similarity(p, q, win_size=3, data_range=1, use_sample_covariance=False)
        )


def test_top_cells_are_counted_exactly_even_where_all_are_alike():
    flat, corner = torch.ones(5, 5), torch.zeros(5, 5)
    corner[4] = 1  # the last row; a flat map's first five cells are the first row
    assert float(top_overlap(flat, corner)) == 0
    assert float(top_overlap(corner, corner)) == 1
    half = torch.zeros(5, 5)
    half[4, :3] = half[0, :2] = 1  # three of five in common, seven in all
    assert float(top_overlap(half, corner)) == pytest.approx(3 / 7)


def test_transport_of_two_points_is_their_mean_projected_distance():
    a, b = torch.zeros(8, 8, dtype=torch.double), torch.zeros(8, 8, dtype=torch.double)
    a[2, 1], b[2, 5] = 3.0, 0.5  # four columns apart: half the face
    by_hand = np.mean([abs(np.cos(np.pi * n / 8)) for n in range(8)]) * 0.5
    assert float(transport(a, b)) == pytest.approx(1 - by_hand)
    rows = np.arange(8) / 8
    down = wasserstein_distance(rows, rows, a.sum(1).numpy(), b.sum(1).numpy())
    assert down == 0  # nothing has to be carried up or down


@pytest.mark.parametrize("name", MEASURES)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
@settings(max_examples=20, deadline=None)
def test_likeness_is_symmetric_highest_with_itself_and_free_of_scale(name, seed, scale):
    measure = MEASURES[name]
    a, b = some_maps(seed, 2)
    assert float(measure(a, a * scale)) == pytest.approx(1, abs=1e-6)
    assert float(measure(a, b)) == pytest.approx(float(measure(b, a)), abs=1e-6)
    assert float(measure(a, b)) <= 1 + 1e-6


@pytest.mark.parametrize("name", MEASURES)
def test_a_map_without_evidence_is_like_nothing(name):
    nothing, something = -torch.ones(1, 6, 6), torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(0))
    assert MEASURES[name](nothing, something).isnan().all()
    assert MEASURES[name](nothing, nothing).isnan().all()


@pytest.mark.parametrize("name", MEASURES)
def test_one_map_is_compared_with_many_at_once(name):
    one, many = some_maps(4, 3)[:, None], some_maps(5, 6).reshape(3, 2, 7, 7)
    together = MEASURES[name](one, many)
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[1, 1], MEASURES[name](one[1, 0], many[1, 1]))
