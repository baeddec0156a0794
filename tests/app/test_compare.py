import re

import gradio as gr
import pytest
from hub_server import Hub
from huggingface_hub import constants

from cfer.app.server.hub_checkpoints import Others
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.tabs.compare import BEFORE, NOW, Compare
from cfer.app.tabs.explore import Explore, ExploreState, example_paths
from cfer.app.tabs.teach import Teach
from cfer.hub import push

ANNA = Visitor("anna")


@pytest.fixture(scope="module")
def shown(reader):
    return ExploreState(reader.read(example_paths()[0]).faces, 0)


def columns(html):
    return [re.findall(r"<figcaption><b>([a-z ]+)</b>", part) for part in html.split("<section>")[1:]]


def test_one_face_at_two_times_has_maps_of_what_either_answers_and_of_what_both_know(reader, shown):
    html = Compare(Explore(Sessions(reader))).compare(shown, (None, None), (NOW, "0"), ANNA)
    left, right = columns(html)
    assert left == ["happily surprised", *right]
    assert len(left) == 3
    assert html.count("Not known on this side: happily surprised.") == 1
    assert "This face looks <b>happily surprised</b>" in html
    assert html.count("This face looks") == 2
    assert set(right) <= set(reader.names[:7])  # what both know


def test_two_pictures_stand_side_by_side(reader, shown):
    html = Compare(Explore(Sessions(reader))).compare(shown, (None, str(example_paths()[7])), (NOW, NOW), ANNA)
    assert "happily surprised" in html
    assert "This face looks <b>disgusted</b>" in html


def test_before_and_after_a_lesson(reader, shown, files):
    sessions = Sessions(reader)
    compare = Compare(Explore(sessions))
    assert BEFORE not in [value for _, value in compare.models(None, None, ANNA)[0].choices]
    Teach(sessions).teach(
        "beaming", [str(files / "astronaut.png")], None, ["happy"], [], [], "balanced", False, True, ANNA
    )
    assert BEFORE in [value for _, value in compare.models(None, None, ANNA)[0].choices]
    assert [side.value for side in compare.models("3", BEFORE, ANNA)] == ["3", BEFORE]  # back from another tab
    assert [side.value for side in compare.models("gone", None, ANNA)] == [NOW, "0"]
    left, right = compare.compare(shown, (None, None), (NOW, BEFORE), ANNA).split("<section>")[1:]
    assert "beaming" in left
    assert "beaming" not in right
    path = str(files / "astronaut.png")  # which is called beaming now
    left, right = compare.compare(shown, (path, path), (NOW, BEFORE), ANNA).split("<section>")[1:]
    assert "<figcaption><b>beaming</b>" in left
    assert right.count("beaming") == right.count("Not known on this side: beaming.") == 1


def test_another_public_checkpoint_is_opened_by_name_where_the_host_allows_it(reader, shown, basic_run, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    assert not Others.by_environment().allowed
    hub = Hub()
    try:
        push(basic_run[0] / "checkpoint", "me/other", public=True, endpoint=hub.url)
        compare = Compare(Explore(Sessions(reader)), Others(allowed=True, endpoint=hub.url))
        hub.authorised.clear()
        _, right = compare.open("me/other", ANNA)
        assert right.value.startswith("me/other@")
        left, right = columns(compare.compare(shown, (None, None), (NOW, right.value), ANNA))
        assert left == ["happily surprised", *right]
        with pytest.raises(gr.Error, match="is not on the Hub"):
            compare.open("me/nothing", ANNA)
        with pytest.raises(gr.Error, match="is not a name"):
            compare.open("../etc", ANNA)
        with pytest.raises(gr.Error, match="is not open any more"):
            compare.compare(shown, (None, None), (NOW, "me/other@00000000"), ANNA)
        hub.commits["me/none"], hub.private["me/none"] = [("0" * 40, {"a.txt": b"no checkpoint"})], False
        with pytest.raises(gr.Error, match="me/none is no checkpoint that can be read here"):
            compare.open("me/none", ANNA)
        monkeypatch.setattr("cfer.app.server.hub_checkpoints.MOST_BYTES", 1000)
        with pytest.raises(gr.Error, match="at most 0 are fetched"):
            compare.open("me/other", ANNA)
        assert "Bearer" not in "".join(hub.authorised)  # a stranger's name is never asked for with the host's token
    finally:
        hub.close()


def test_what_cannot_be_compared_is_answered_in_words(reader, shown, files):
    compare = Compare(Explore(Sessions(reader)))
    with pytest.raises(gr.Error, match="Bring a picture first"):
        compare.compare(None, (None, None), (NOW, NOW), ANNA)
    with pytest.raises(gr.Error, match="The picture on the right: No face was found"):
        compare.compare(shown, (None, str(files / "empty.png")), (NOW, NOW), ANNA)
