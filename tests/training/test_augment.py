import pytest
import torch

from cfer.training.augment import Augmentation, follow_points, random_frames, random_views

STILL = Augmentation(0, (1, 1), 0, 0, 0, 0, 48, 0, 0)


def crops(n: int = 6) -> torch.Tensor:
    return torch.rand(n, 1, 48, 48, generator=torch.Generator().manual_seed(3))


def test_the_same_generator_gives_the_same_views_and_the_global_one_is_not_touched():
    before = torch.random.get_rng_state()
    first, second = (random_views(crops(), 64, Augmentation(), torch.Generator().manual_seed(1)) for _ in range(2))
    other = random_views(crops(), 64, Augmentation(), torch.Generator().manual_seed(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.shape == (6, 1, 64, 64)
    assert torch.equal(before, torch.random.get_rng_state())


def test_without_ranges_a_view_is_the_crop_or_its_mirror():
    views = random_views(crops(40), 48, STILL, torch.Generator().manual_seed(0))
    plain = [torch.allclose(v, c, atol=1e-5) for v, c in zip(views, crops(40), strict=True)]
    mirrored = [torch.allclose(v, c.flip(-1), atol=1e-5) for v, c in zip(views, crops(40), strict=True)]
    assert all(a != b for a, b in zip(plain, mirrored, strict=True))
    assert 5 < sum(plain) < 35


def test_views_of_a_batch_differ():
    same = crops(1).expand(8, -1, -1, -1)
    views = random_views(same, 48, Augmentation(), torch.Generator().manual_seed(0))
    assert len({round(float(v.mean()), 4) for v in views}) == 8


@pytest.mark.parametrize("coarsest", [12, 48])
def test_coarsening_removes_detail(coarsest):
    settings = Augmentation(0, (1, 1), 0, 0, 0, 0, coarsest, 0, 0)
    detail = [
        float(random_views(crops(), 48, settings, torch.Generator().manual_seed(s)).diff(dim=-1).abs().mean())
        for s in range(8)
    ]
    plain = float(crops().diff(dim=-1).abs().mean())
    if coarsest == 48:
        assert detail == pytest.approx([plain] * 8, rel=1e-3)
    else:
        assert min(detail) < 0.5 * plain


def test_points_go_where_the_pixels_go():
    """A bright spot is drawn at a point; it must be found where the point is said to have gone."""
    settings = Augmentation(0.4, (0.8, 1.2), 0.1, 0, 0, 0, 64, 0, 0)
    points = torch.tensor([[[-0.5, -0.3], [0.5, -0.3]]]).expand(30, 2, 2)
    pixels = torch.zeros(30, 1, 64, 64)
    pixels[:, 0, 21:24, 15:18] = 1  # about the first point: (-0.5 + 1) / 2 * 64 = 16, (-0.3 + 1) / 2 * 64 = 22.4
    generator = torch.Generator().manual_seed(4)
    frames = random_frames(30, settings, generator)
    views = random_views(pixels, 128, settings, generator, frames)
    moved = follow_points(points, frames, torch.tensor([1, 0]))
    mirrored = torch.linalg.det(frames[:, :, :2]) < 0
    assert 5 < int(mirrored.sum()) < 25
    grid = (torch.arange(128) + 0.5) / 64 - 1
    for view, places, flipped in zip(views[:, 0], moved, mirrored, strict=True):
        weight = view / view.sum()
        found = torch.stack([(weight.sum(0) * grid).sum(), (weight.sum(1) * grid).sum()])
        # in a mirror the face's right is its left: the spot is where the partner is said to be
        torch.testing.assert_close(places[int(flipped)], found, atol=0.05, rtol=0)
