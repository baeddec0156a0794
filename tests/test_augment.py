import pytest
import torch

from cfer.learning.augment import Augmentation, random_views

STILL = Augmentation(0, 0, 0, 0, 0, 0, 48, 0, 0)


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
    settings = Augmentation(0, 0, 0, 0, 0, 0, coarsest, 0, 0)
    detail = [
        float(random_views(crops(), 48, settings, torch.Generator().manual_seed(s)).diff(dim=-1).abs().mean())
        for s in range(8)
    ]
    plain = float(crops().diff(dim=-1).abs().mean())
    if coarsest == 48:
        assert detail == pytest.approx([plain] * 8, rel=1e-3)
    else:
        assert min(detail) < 0.5 * plain
