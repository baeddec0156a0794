import gradio as gr
import pytest

from cfer.app.panels.method_grid import method_grid
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.tabs.explore import example_paths
from cfer.app.tabs.own_set import MOST, OwnSet
from cfer.app.texts import Speech

ANNA = Visitor("anna")


@pytest.fixture(scope="module")
def own(reader):
    return OwnSet(Sessions(reader))


def test_a_set_of_pictures_becomes_a_figure_and_files(own, tmp_path):
    (tmp_path / "torn.jpg").write_text("no picture")
    files = [*map(str, example_paths()[:3]), str(tmp_path / "torn.jpg")]
    html, taken = own.relate(files, "happily surprised", True, ANNA)
    assert html.count("<image ") == 7
    assert "1 pictures were left out" in html
    assert {item["path"].rpartition("/")[2] for item in taken.value} == {"figure.svg", "relation.json"}


def test_what_will_not_do_is_said(own, tmp_path):
    one = str(example_paths()[0])
    for given, words in (
        ((None, "happily surprised", True), "at least 3 pictures"),
        (([one] * (MOST + 1), "happily surprised", True), "cfer relate"),
        (([one] * 3, "happily surprised", False), "Please confirm"),
        (([one] * 2, "happily surprised", True), "2 faces are too few"),
    ):
        with pytest.raises(gr.Error, match=words):
            own.relate(*given, ANNA)


def test_the_grid_has_a_row_a_method_and_says_what_is_alike(reader):
    face = reader.face(example_paths()[0])
    say = Speech()
    html = method_grid(reader, face, reader.trio(face), say)
    assert html.count("<h4>") == html.count("Likeness of the map in the middle") >= 6
    assert html.count("<canvas") == 3 * html.count("<h4>")
    assert "do not depend on the expression here" in html  # Grad-CAM++ and LayerCAM
