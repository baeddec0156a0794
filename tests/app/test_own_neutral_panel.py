"""The panel for a visitor's own neutral face."""

import pytest

from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.tabs.explore import Explore
from cfer.app.tabs.own_neutral import OwnNeutral
from cfer.app.texts import Speech
from cfer.system.resources import EXAMPLES

HAPPY, OTHER = str(EXAMPLES / "2-happy.jpg"), str(EXAMPLES / "8-disgusted.jpg")
SAY = Speech()


@pytest.fixture
def sessions(reader):
    return Sessions(reader)


def answers(sessions, visitor):
    return sessions.reader(visitor.key).face(HAPPY).probabilities


def test_a_visitors_faces_are_read_against_their_own_and_a_click_goes_back(sessions, reader):
    panel, visitor, somebody = OwnNeutral(sessions), Visitor("a" * 32), Visitor("b" * 32)
    words, back = panel.use(OTHER, True, False, visitor)
    assert "50" in words
    assert "calls this picture disgusted" in words
    assert back.interactive
    assert answers(sessions, visitor) != answers(sessions, somebody)
    shown = next(Explore(sessions).read(HAPPY, False, "grad_cam", visitor))["verdict"]
    assert SAY.html("own_note") in shown
    words, back = panel.drop(visitor)
    assert not back.interactive
    assert answers(sessions, visitor) == answers(sessions, somebody)
    shown = next(Explore(sessions).read(HAPPY, False, "grad_cam", visitor))["verdict"]
    assert SAY.html("own_note") not in shown


def test_what_cannot_be_used_is_said_and_changes_nothing(sessions, tmp_path):
    panel, visitor = OwnNeutral(sessions), Visitor("c" * 32)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a picture")
    for path, consent, said in (
        (None, True, SAY("own_bring")),
        (OTHER, False, SAY("teach_consent")),
        (str(broken), True, "not a picture that can be read"),
    ):
        assert said in panel.use(path, consent, False, visitor)[0]
    assert sessions.reader(visitor.key) is sessions.base


def test_the_panel_knows_of_an_undo_elsewhere(sessions):
    panel, visitor = OwnNeutral(sessions), Visitor("d" * 32)
    panel.use(OTHER, True, False, visitor)
    assert panel.standing(visitor)[1].interactive
    sessions.undo(visitor.key)
    words, back = panel.standing(visitor)
    assert (words, back.interactive) == ("", False)
