import pytest
import torch

from cfer.learners.base import Head
from cfer.learners.domain import Domains, barycentric
from cfer.protocol.stream import Features, Stream
from cfer.training.domain_offsets import (
    CLAIMS,
    balanced,
    domain_coordinates,
    fit_domains,
    level,
    likeliest_offsets,
)


def test_offsets_are_added_in_their_own_domain_and_blended_between():
    head = Head(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.zeros(2))
    directions, origins = torch.tensor([[0.0, -2.0], [0.0, 2.0]]), torch.tensor([2.0, -1.0])
    domains = Domains(directions, origins, torch.tensor([[0.0, 3.0], [4.0, -1.0]]))
    weight, bias = domains.added(head)
    for second, added in ((0.5, (0.0, 3.0)), (1.0, (4.0, -1.0)), (0.75, (2.0, 1.0))):
        x = torch.tensor([5.0, second])
        torch.testing.assert_close(weight @ x + bias, torch.tensor([5.0, second]) + torch.tensor(added))
        torch.testing.assert_close(domains.shares(x[None]).sum(), torch.tensor(1.0))


def test_one_more_class_is_offset_as_the_later_ones_are():
    domains = Domains(torch.zeros(2, 2), torch.zeros(2), torch.tensor([[9.0, 1.0, 3.0], [9.0, 5.0, 7.0]]))
    assert domains.with_class(1).offsets.tolist() == [[9, 1, 3, 2], [9, 5, 7, 6]]
    assert domains.with_class(3).offsets[:, 3].tolist() == [0, 0]  # no later class yet


def test_coordinates_are_one_at_a_mean_and_blind_to_noise():
    means = torch.tensor([[1.0, 0, 0], [4.0, 0, 0], [1.0, 3.0, 0]], dtype=torch.double)
    noise = torch.diag(torch.tensor([1.0, 1.0, 1.0], dtype=torch.double))
    noise[1, 2] = noise[2, 1] = 0.9  # what moves the second feature by chance moves the third too
    directions, origins = barycentric(means, noise)
    torch.testing.assert_close(directions @ means.T + origins[:, None], torch.eye(3, dtype=torch.double))
    # of all coordinates with these values the noise along the third is used to take noise out
    assert float(directions[2, 2]) == pytest.approx(-0.9 * float(directions[2, 1]))


def test_likeliest_offsets_are_those_that_were_taken_away():
    generator = torch.Generator().manual_seed(0)
    wanted = torch.tensor([1.5, -0.5, -1.0], dtype=torch.double)
    y = torch.arange(3).repeat(4000)
    logits = torch.randn(12000, 3, generator=generator, dtype=torch.double)
    y = (logits + wanted).softmax(1).multinomial(1, generator=generator).squeeze(1)
    found, temperature = likeliest_offsets(logits, y, torch.ones(12000))
    torch.testing.assert_close(found, wanted, atol=0.1, rtol=0)
    assert abs(temperature - 1) < 0.1


def test_later_classes_each_claim_the_same_share():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(500, 6, generator=generator, dtype=torch.double) + torch.tensor([3.0, 3, 3, 9, -5, 0])
    weights = torch.full((500,), 1 / 500, dtype=torch.double)
    own = torch.tensor([0.2, -0.1, -0.1], dtype=torch.double)
    offsets = level(logits, own, weights, 1.3)
    claimed = ((logits + torch.cat([own, offsets])) / 1.3).softmax(1)[:, 3:].mean(0)
    torch.testing.assert_close(claimed, torch.full((3,), CLAIMS / 3, dtype=torch.double), atol=1e-4, rtol=0)
    assert len(level(logits[:, :3], own, weights, 1.0)) == 0


def test_classes_count_alike_or_as_often_as_they_are_there():
    y = torch.tensor([0, 0, 0, 0, 1])
    torch.testing.assert_close(balanced(y), torch.tensor([0.125] * 4 + [0.5], dtype=torch.double))
    torch.testing.assert_close(balanced(y, 0.0), torch.full((5,), 0.2, dtype=torch.double))
    torch.testing.assert_close(balanced(y, 0.5), torch.tensor([1 / 6] * 4 + [1 / 3], dtype=torch.double))


def two_domains(count: int, seed: int) -> Features:
    """Three classes; photographs lie 5 to the right and call for other offsets."""
    generator = torch.Generator().manual_seed(seed)
    y, sources = torch.arange(3).repeat(2 * count), torch.arange(2).repeat_interleave(3 * count)
    means = torch.tensor([[0.0, 0, 0], [0, 4, 0], [0, 0, 4]])
    x = means[y] + torch.randn(len(y), 3, generator=generator)
    x[:, 0] += 5 * sources
    return Features(x, y, torch.arange(len(y)), sources)


def test_domains_are_told_apart_whatever_the_class():
    found = two_domains(300, 0)
    directions, origins = domain_coordinates(found, torch.tensor([True, False]))
    read = found.x @ directions.T + origins
    for source in (0, 1):
        for k in range(3):
            shown = read[(found.sources == source) & (found.y == k)].mean(0)
            torch.testing.assert_close(shown, torch.eye(2)[source], atol=0.05, rtol=0)


def test_a_head_that_is_off_in_one_domain_is_put_right_there_alone():
    stream = Stream(
        ("a", "b", "c"), 3, two_domains(200, 0), two_domains(200, 1), two_domains(200, 2), rendered=(True, False)
    )
    head = Head(torch.tensor([[0.8, 0, 0], [0, 4.0, 0], [0, 0, 4.0]]), torch.tensor([0.0, -8, -8]))  # "a" grows with x0
    domains = fit_domains(head, stream)
    assert domains is not None
    assert float(domains.offsets[0, 0] - domains.offsets[1, 0]) > 2  # about 0.8 x 5 in relation to the others
    test = stream.test
    plain, offset = (
        float(((test.x @ weight.T + bias).argmax(1) == test.y)[test.sources == 1].float().mean())
        for weight, bias in (head, domains.added(head))
    )
    assert plain < 0.9
    assert offset > 0.93
    assert fit_domains(head, Stream(("a", "b", "c"), 3, *[two_domains(9, 0)] * 3, rendered=(False, False))) is None
