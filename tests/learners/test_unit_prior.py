import torch

from cfer.learners.base import SideInformation, Step
from cfer.learners.compositional import Composition, Compositional
from cfer.learners.unit_prior import patterns, unit_scale


def test_the_scale_of_units_is_found_again():
    generator = torch.Generator().manual_seed(0)
    shares = torch.rand(7, 5, generator=generator)
    origin = torch.randn(5, generator=generator)
    found = unit_scale(origin + 3.5 * shares, shares)
    torch.testing.assert_close(found.origin, origin)
    torch.testing.assert_close(found.gain, torch.tensor(3.5))


def test_readings_that_contradict_the_prototypes_have_no_scale():
    shares = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    found = unit_scale(-2 * shares, shares)
    assert float(found.gain) == 0


def test_a_pattern_moves_its_own_unit_by_one_and_no_other():
    generator = torch.Generator().manual_seed(1)
    readout = torch.randn(4, 9, generator=generator, dtype=torch.double)
    mix = torch.randn(9, 9, generator=generator, dtype=torch.double)
    found = patterns(readout, mix @ mix.T)
    torch.testing.assert_close(readout @ found, torch.eye(4, dtype=torch.double), atol=1e-4, rtol=0)
    # of all moves that do so it is the one that is likeliest under the covariance
    free = torch.linalg.svd(readout).Vh[4:]  # (5, 9), no unit reads these directions
    inverse = torch.linalg.inv(mix @ mix.T)
    torch.testing.assert_close(free @ inverse @ found, torch.zeros(5, 4, dtype=torch.double), atol=1e-4, rtol=0)


def taught(prototype: float) -> Compositional:
    """Neutral, two basics that show one unit each; units are read off the first two of three features."""
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.1
    means = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 2, 0]])
    x, y = (means[:, None] + corners).reshape(12, 3), torch.arange(3).repeat_interleave(4)
    shares = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    learner = Compositional(Composition(share=0.5, prototype=prototype))
    readout = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])
    base = Step(
        0,
        range(3),
        3,
        x,
        y,
        side=SideInformation(constituents=((), (), ()), neutral=0, readout=readout, prototypes=shares),
    )
    learner.observe(base, torch.Generator())
    return learner


def test_the_guess_goes_as_far_to_the_published_units_as_it_is_told():
    """The half-way mean of both basics is (1, 1, 0); a class whose prototype is both units reads (2, 2)."""
    for far, place in ((0.0, 1.0), (0.5, 1.5), (1.0, 2.0)):
        guess = taught(far).prior_mean((1, 2), torch.tensor([1.0, 1.0]))
        torch.testing.assert_close(guess, torch.tensor([place, place, 0.0]), atol=1e-4, rtol=0)


def test_without_a_prototype_the_guess_is_that_of_the_constituents():
    learner = taught(0.5)
    unknown = torch.tensor([float("nan")] * 2)
    torch.testing.assert_close(learner.prior_mean((1, 2), unknown), torch.tensor([1.0, 1.0, 0.0]))
    torch.testing.assert_close(learner.prior_mean((1, 2)), torch.tensor([1.0, 1.0, 0.0]))


def test_a_class_is_known_from_its_units_alone():
    learner = taught(1.0)
    nothing = torch.empty(0, 3), torch.empty(0, dtype=torch.long)
    side = SideInformation(constituents=((),), neutral=0, prototypes=torch.tensor([[1.0, 1.0]]))
    step = Step(1, range(3, 4), 4, *nothing, side)
    learner.observe(step, torch.Generator())
    assert learner.logits(torch.tensor([[2.0, 2.0, 0.0]])).argmax() == 3


def test_labels_that_are_trusted_less_move_the_base_means_less():
    x = torch.tensor([[0.0, 0], [0, 2], [4, 0], [4, 2], [1, 0], [1, 2], [9, 0], [9, 2]])
    y, sources = torch.tensor([0, 0, 1, 1] * 2), torch.tensor([0] * 4 + [1] * 4)
    learner = Compositional()
    trust = torch.tensor([1.0, 0.25])
    learner.observe(
        Step(
            0, range(2), 2, x, y, side=SideInformation(constituents=((), ()), neutral=0, sources=sources, trust=trust)
        ),
        torch.Generator(),
    )
    torch.testing.assert_close(learner.fitted["base"], torch.tensor([[0.2, 1.0], [5.0, 1.0]]))


def test_evidence_at_places_where_nothing_moved_counts_as_noise():
    """Two classes differ in both features alike; the second also lights up where nothing moves."""
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    x, y = torch.cat([corners, corners + 4]), torch.arange(2).repeat_interleave(4)
    rows = []
    for weight in (0.0, 10.0):
        learner = Compositional(Composition(elsewhere=weight, shrinkage=0.0))
        learner.observe(
            Step(
                0,
                range(2),
                2,
                x,
                y,
                side=SideInformation(constituents=((), ()), neutral=0, elsewhere=torch.tensor([[0.0, 1.0]])),
            ),
            torch.Generator(),
        )
        head = learner.head()
        rows.append(head.weight[1] - head.weight[0])
    torch.testing.assert_close(rows[0][0], rows[0][1])
    # the variance within classes is 8 / 6; 10 is added to it along the second feature
    torch.testing.assert_close(rows[1], torch.tensor([4 / (8 / 6), 4 / (8 / 6 + 10)]))
