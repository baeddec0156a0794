"""Errors whose sentence is meant for people."""

import copy

from cfer.system.refusals import RefusalError


def test_a_refusal_says_its_sentence_and_keeps_what_it_is_made_of():
    error = RefusalError("At most {most} of {name!r}.", most=3, name="a")
    assert str(error) == "At most 3 of 'a'."
    assert (error.template, dict(error.values)) == ("At most {most} of {name!r}.", {"most": 3, "name": "a"})
    assert str(RefusalError("{not a place}")) == "{not a place}"


def test_a_refusal_survives_the_way_to_another_process():
    class OwnError(RefusalError):
        pass

    again = copy.copy(OwnError("At most {most}.", most=3))
    assert (type(again), str(again), again.template) == (OwnError, "At most 3.", "At most {most}.")
