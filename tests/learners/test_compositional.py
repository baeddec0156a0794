"""Compositional heads: what a class is guessed to be, how pictures move it, what its offset allows for."""

from dataclasses import replace

import pytest
import torch

from cfer.learners import SideInformation, Step
from cfer.learners.closed_form import discriminants
from cfer.learners.compositional import Composition, Compositional


def composed(settings: Composition) -> Compositional:
    """Three base classes in three dimensions that differ in the first two, with a round covariance."""
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    means = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 4, 0]])
    learner = Compositional(settings)
    x, y = (means[:, None] + corners).reshape(12, 3), torch.arange(3).repeat_interleave(4)
    learner.observe(
        Step(0, range(3), 3, x, y, side=SideInformation(constituents=((), (), ()), neutral=0)), torch.Generator()
    )
    return learner


def test_a_class_that_nobody_has_shown_is_guessed_from_its_constituents():
    learner = composed(Composition(share=0.5))
    torch.testing.assert_close(learner.prior_mean((1, 2)), torch.tensor([1.0, 2.0, 0.0]))
    nothing = Step(
        1,
        range(3, 4),
        4,
        torch.empty(0, 3),
        torch.empty(0, dtype=torch.long),
        side=SideInformation(constituents=((1, 2),), neutral=0),
    )
    learner.observe(nothing, torch.Generator())
    torch.testing.assert_close(learner.fitted["means"][3], torch.tensor([1.0, 2.0, 0.0]))
    assert learner.logits(torch.tensor([[1.0, 2.0, 0.0]])).argmax() == 3


def test_pictures_move_the_guess_more_where_the_base_classes_differ():
    learner = composed(Composition(share=0.5, inside=1.0, outside=3.0))
    one = Step(
        1,
        range(3, 4),
        4,
        torch.tensor([[3.0, 4.0, 8.0]]),
        torch.tensor([3]),
        side=SideInformation(constituents=((1, 2),), neutral=0),
    )
    learner.observe(one, torch.Generator())
    # the guess is (1, 2, 0), the gap (2, 2, 8): half of it along the first two directions, a quarter along the third
    torch.testing.assert_close(learner.fitted["means"][3], torch.tensor([2.0, 3.0, 2.0]))
    torch.testing.assert_close(learner.fitted["mean_variance"][0], torch.tensor([1 / 4, 1 / 4]))


def test_offsets_allow_for_the_noise_that_pictures_have_brought_into_a_mean_and_not_for_what_was_kept_out():
    learner = composed(Composition(inside=1.0, outside=3.0, unseen=0.0))
    two = Step(
        1,
        range(3, 4),
        4,
        torch.tensor([[3.0, 4.0, 8.0], [1.0, 0, 0]]),
        torch.tensor([3, 3]),
        side=SideInformation(constituents=((1, 2),), neutral=0),
    )
    learner.observe(two, torch.Generator())
    # the mean of two pictures is 2/3 of the mean inside, 2/5 outside: (2/3)^2 / 2 and (2/5)^2 / 2 of the covariance
    torch.testing.assert_close(learner.fitted["mean_variance"][3], torch.tensor([2 / 9, 2 / 25]))


def test_the_boundary_of_a_guess_lies_a_share_of_the_way_from_midway_to_the_nearest_base_class():
    nothing = Step(
        1,
        range(3, 4),
        4,
        torch.empty(0, 3),
        torch.empty(0, dtype=torch.long),
        side=SideInformation(constituents=((1, 2),), neutral=0),
    )
    for share in (0.0, 0.5, 1.0):
        learner = composed(Composition(unseen=share, shrinkage=0.0))
        learner.observe(nothing, torch.Generator())
        guess, neutral = learner.fitted["means"][3], torch.zeros(3)  # no base class lies nearer to (1, 2, 0)
        boundary = (guess + neutral) / 2 + share * (neutral - guess) / 2
        logits = learner.logits(boundary[None])[0]
        # neutral's mean is of four pictures: half of a quarter of three directions' noise
        assert float(logits[0] - logits[3]) == pytest.approx(3 / 8, abs=1e-5)


def test_what_a_guess_is_allowed_fades_as_pictures_confirm_it():
    nothing = Step(
        1,
        range(3, 4),
        4,
        torch.empty(0, 3),
        torch.empty(0, dtype=torch.long),
        side=SideInformation(constituents=((1, 2),), neutral=0),
    )
    one = replace(nothing, x=torch.tensor([[3.0, 4.0, 8.0]]), y=torch.tensor([3]))
    allowed = []
    for step in (nothing, one):
        found = []
        for share in (0.0, 0.5):
            learner = composed(Composition(inside=1.0, outside=3.0, unseen=share, shrinkage=0.0))
            learner.observe(step, torch.Generator())
            found.append(learner.fitted["mean_variance"][3])
        allowed.append(found[1] - found[0])
    # half of the squared distance 5 x 3/4 in units of a noise of 2; a quarter of it after one picture
    torch.testing.assert_close(allowed[0], torch.tensor([15 / 16, 0.0]))
    torch.testing.assert_close(allowed[1], torch.tensor([15 / 64, 0.0]))


def test_a_lesson_is_tried_at_all_that_is_unsure_about_its_mean():
    learner = composed(Composition(inside=1.0, outside=3.0, unseen=0.0))
    one = Step(
        1,
        range(3, 4),
        4,
        torch.tensor([[3.0, 4.0, 8.0]]),
        torch.tensor([3]),
        side=SideInformation(constituents=((1, 2),), neutral=0),
        lesson=True,
    )
    learner.observe(one, torch.Generator())
    torch.testing.assert_close(learner.fitted["mean_variance"][3], torch.tensor([1 / 2, 1 / 4]))


def test_of_a_class_of_which_nothing_is_known_single_pictures_say_less_where_base_classes_are_alike():
    learner = composed(Composition(inside=1.0, outside=3.0, unguided=7.0, unseen=0.0))
    one = Step(
        1,
        range(3, 4),
        4,
        torch.tensor([[3.0, 4.0, 8.0]]),
        torch.tensor([3]),
        side=SideInformation(constituents=((),), neutral=0),
    )
    learner.observe(one, torch.Generator())
    # the guess is the mean of the base classes (2/3, 4/3, 0); half of the gap inside, an eighth of it along the third
    torch.testing.assert_close(learner.fitted["means"][3], torch.tensor([11 / 6, 8 / 3, 1.0]))
    torch.testing.assert_close(learner.fitted["mean_variance"][3], torch.tensor([1 / 4, 1 / 64]))


def test_offsets_allow_for_the_noise_of_a_mean():
    """Over many draws, the distance to a mean of one picture is on average the distance to the true mean."""
    learner = composed(Composition(share=0.0, inside=0.0, outside=0.0, shrinkage=0.0))
    noise = learner._systems().noise
    torch.testing.assert_close(noise, torch.tensor([2.0, 1.0], dtype=torch.double))
    weight, bias = learner.head()
    covariance = learner.fitted["scatter"][0] / learner.fitted["freedom"]
    expected, offset = discriminants(learner.fitted["means"], covariance)
    torch.testing.assert_close(weight, expected)
    torch.testing.assert_close(bias, offset + 0.5 * 3 / 4)


def test_a_picture_of_which_nobody_says_where_it_is_from_is_taken_to_be_from_the_nearest_data_set():
    learner = Compositional()
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * 0.1
    means = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 4, 0]])
    x = (means[:, None] + corners).reshape(12, 3)
    y = torch.arange(3).repeat_interleave(4)
    both = torch.cat([x, x + torch.tensor([0.0, 0, 6])])
    sources = torch.arange(2).repeat_interleave(12)
    learner.observe(
        Step(
            0,
            range(3),
            3,
            both,
            y.repeat(2),
            side=SideInformation(constituents=((), (), ()), neutral=0, sources=sources),
        ),
        torch.Generator(),
    )
    near, far = torch.tensor([[2.0, 4.0, 0.0]]), torch.tensor([[2.0, 4.0, 6.0]])
    found = []
    for shot in (near, far):
        taught = learner.copy()
        taught.observe(
            Step(1, range(3, 4), 4, shot, torch.tensor([3]), side=SideInformation(constituents=((1, 2),), neutral=0)),
            torch.Generator(),
        )
        found.append(taught.fitted["means"][3])
    torch.testing.assert_close(*found)  # each with its own data set's offset taken out


def test_a_saved_learner_goes_on_with_its_own_settings():
    own = Composition(share=0.25, shrinkage=0.4)
    state = composed(own).state()
    later = Compositional().from_state(state)
    assert later.settings == own
    torch.testing.assert_close(later.prior_mean((1, 2)), torch.tensor([0.5, 1.0, 0.0]))
    older = {name: value for name, value in state.items() if not name.startswith("settings.")}
    assert Compositional().from_state(older).settings == Composition()
    del state["settings.share"]  # as if it had come with a later version
    assert Compositional().from_state(state).settings == replace(own, share=Composition().share)
