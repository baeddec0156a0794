import os
import re
import time

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from cfer.adapt import LEAST
from cfer.app.build import build_app, launch
from cfer.app.camera import Camera
from cfer.app.explore import AVERAGE, CONTRAST, ONE_SCALE, RIVALS, Explore
from cfer.app.safety import Sessions, guarded
from cfer.app.teach import Teach
from cfer.lessons.lesson import LessonError
from cfer.reader import Reader


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def url(reader, tmp_path_factory):
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    demo = build_app(reader)
    _, address, _ = launch(demo, prevent_thread_lock=True, quiet=True)
    yield address
    demo.close()


class TestExplore:
    @pytest.fixture
    def explore(self, reader):
        return Explore(Sessions(reader))

    def test_a_face_is_read_and_explained_by_its_compound_and_its_parts(self, explore, files, reader):
        shown, found, picker, words, basic, _, units, left, middle, right, html, tie = explore.read(
            str(files / "astronaut.png"), False, ONE_SCALE, "anna"
        )
        assert words.startswith("### happy")
        assert reader.constituents(middle.value) == (left.value, right.value)
        assert html.count("<figure>") == 3
        assert tie == ""  # follows after the maps
        tie = explore.relate(shown, middle.value, "anna")
        assert "than to the other basics" in tie or "No evidence here beyond" in tie
        assert not picker.visible
        assert found.visible
        assert basic.visible
        assert units.visible
        assert len(shown.faces) == 1

    def test_of_several_faces_another_can_be_chosen(self, explore, files):
        path = str(files / "three.png")
        shown, _, picker, *_ = explore.read(path, False, ONE_SCALE, "anna")
        assert picker.visible
        assert len(picker.choices) == 3
        chosen, *_ = explore.choose(path, shown, "3", ONE_SCALE, "anna")
        assert chosen.chosen == 2

    def test_other_classes_can_be_mapped(self, explore, files):
        shown, *_ = explore.read(str(files / "astronaut.png"), False, ONE_SCALE, "anna")
        html = explore.redraw(shown, "sad", "angry", "neutral", "Own scales", "anna")
        assert re.findall(r"<b>(\w+)</b>", html) == ["sad", "angry", "neutral"]
        assert "each map on its own scale" in html
        for view in (RIVALS, AVERAGE, CONTRAST):
            other = explore.redraw(shown, "sad", "angry", "neutral", "Own scales", "anna", view)
            assert other.count("<figure>") == 3
            assert other != html
        with pytest.raises(gr.Error, match="does not know"):
            explore.redraw(shown, "sad", "smirking", "neutral", ONE_SCALE, "anna")

    def test_what_ties_a_class_to_the_basics_follows_the_middle_map(self, explore, files):
        shown, *_ = explore.read(str(files / "astronaut.png"), False, ONE_SCALE, "anna")
        tie = explore.relate(shown, "awed", "anna")
        assert "Numbers: awed and the six basics" in tie
        assert re.findall(r"<td><b>(\w+)</b></td>", tie) == ["fearful", "surprised"]
        assert explore.relate(shown, "happy", "anna") == ""
        assert explore.relate(None, "awed", "anna") == ""

    def test_a_class_that_was_forgotten_again_is_not_explained(self, reader, files):
        sessions = Sessions(reader)
        explore, teach, path = Explore(sessions), Teach(sessions), str(files / "astronaut.png")
        teach.teach("beaming", [path], ["happy", "surprised"], False, True, "anna")
        shown, *_ = explore.read(path, False, ONE_SCALE, "anna")
        assert "Numbers: beaming and the six basics" in explore.relate(shown, "beaming", "anna")
        assert "not measured on this model" in explore.relate(shown, "beaming", "anna")
        teach.undo("anna")
        for ask in (
            lambda: explore.relate(shown, "beaming", "anna"),
            lambda: explore.redraw(shown, "happy", "beaming", "sad", ONE_SCALE, "anna"),
        ):
            with pytest.raises(gr.Error, match="does not know"):
                ask()

    @pytest.mark.filterwarnings("ignore::UserWarning")  # gr.Warning outside of a page warns in Python
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            (None, "Bring a picture"),
            ("empty.png", "No face was found"),
            ("broken.png", "not a picture"),
            ("wide.png", "about square"),
        ],
    )
    def test_bad_input_is_answered_in_words_and_no_older_result_stays(self, explore, files, name, words):
        path = str(files / name) if name else None
        shown, found, picker, said, *_, maps, tie = guarded(explore.read)(path, name == "wide.png", ONE_SCALE, "anna")
        assert words in said
        assert shown is None
        assert maps == tie == ""
        assert not found.visible
        assert not picker.visible


class TestTeach:
    def give(self, teach, files, key="anna", name="beaming", pictures=("astronaut.png",), consent=True):
        return teach.teach(name, [str(files / p) for p in pictures], ["happy"], False, consent, key)

    def test_a_lesson_shows_what_it_cost_and_can_be_undone(self, reader, files):
        sessions = Sessions(reader)
        teach = Teach(sessions)
        words, table, shots, html, undo, standing = self.give(teach, files)
        assert "### Learned: beaming" in words
        assert "cannot be measured" in words
        assert len(table.value["data"]) == len(reader.names) + 2
        assert shots.count("<img") == 1
        assert "beaming" in html
        assert undo.interactive
        assert "Taught so far: beaming" in standing
        assert sessions.reader("anna").names[-1] == "beaming"
        *_, undo, standing = teach.undo("anna")
        assert not undo.interactive
        assert sessions.reader("anna") is reader

    def test_one_visitors_lesson_is_never_anothers(self, reader, files):
        sessions = Sessions(reader)
        self.give(Teach(sessions), files, key="anna")
        assert sessions.reader("bert").names == reader.names
        explore = Explore(sessions)
        path = str(files / "astronaut.png")
        for key, known in (("anna", True), ("bert", False)):
            shown, *_ = explore.read(path, False, ONE_SCALE, key)
            assert ("beaming" in shown.faces[0].probabilities) == known

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"pictures": ()}, "one to five pictures"),
            ({"pictures": ("astronaut.png",) * 6}, "At most 5 pictures"),
            ({"consent": False}, "may use these pictures"),
            ({"name": ""}, "a name"),
            ({"name": "happy"}, "knows &#x27;happy&#x27; already"),
            ({"pictures": ("astronaut.png", "empty.png")}, "Picture 2: No face was found"),
            ({"pictures": ("broken.png",)}, "Picture 1: This is not a picture"),
        ],
    )
    def test_bad_input_is_answered_in_words_and_nothing_is_lost(self, reader, files, change, words):
        sessions = Sessions(reader)
        teach = Teach(sessions)
        self.give(teach, files, name="first")
        with pytest.raises(gr.Error, match=words):
            guarded(self.give)(teach, files, **change)
        assert sessions.reader("anna").names[-1] == "first"


@pytest.fixture(scope="module")
def mine(photograph, tmp_path_factory):
    """As many pictures of one face as adapting needs, darker and brighter."""
    folder = tmp_path_factory.mktemp("mine")
    for number in range(LEAST):
        shade = (photograph[0:260, 100:360] * (0.5 + number / 60)).astype(np.uint8)
        Image.fromarray(shade).save(folder / f"{number}.png")
    return [str(folder / f"{number}.png") for number in range(LEAST)]


class TestCamera:
    def test_adapting_says_what_it_did_and_is_undone(self, reader, files, mine):
        sessions = Sessions(reader)
        camera = Camera(sessions)
        said, undo = camera.adapt([*mine, str(files / "broken.png")], True, "anna")
        assert f"Adapted to {LEAST} faces" in said
        assert "Adapting is safer with several expressions" in said
        assert "1 files could not be read" in said
        assert undo.interactive
        assert sessions.reader("anna").checkpoint.shift is not None
        assert sessions.reader("bert").checkpoint.shift is None
        TestTeach().give(Teach(sessions), files)
        _, undo = camera.forget("anna")
        assert not undo.interactive
        assert sessions.reader("anna").checkpoint.shift is None
        assert sessions.reader("anna").names[-1] == "beaming"  # what was taught stays

    def test_adapting_again_takes_the_place_of_the_first_time(self, reader, files, mine):
        sessions = Sessions(reader)
        camera = Camera(sessions)
        for _ in range(3):
            camera.adapt(mine, True, "anna")
        assert len(sessions.lessons("anna")) == 1
        TestTeach().give(Teach(sessions), files)
        camera.adapt(mine, True, "anna")
        camera.forget("anna")
        assert len(sessions.lessons("anna")) == 3  # adapted, taught, and as it was before adapting
        assert [r.names[-1] == "beaming" for r in sessions.lessons("anna")] == [False, True, True]

    @pytest.mark.parametrize(
        ("count", "consent", "words"),
        [(0, True, "20 or more pictures"), (3, True, "at least 20 faces; there are 3"), (20, False, "may use these")],
    )
    def test_what_cannot_be_adapted_to_is_answered_in_words(self, reader, mine, count, consent, words):
        sessions = Sessions(reader)
        with pytest.raises(gr.Error, match=words):
            guarded(Camera(sessions).adapt)(mine[:count], consent, "anna")
        assert sessions.reader("anna") is reader


class TestSafety:
    def test_sessions_are_bounded_and_grow_old(self, reader):
        sessions = Sessions(reader, capacity=2, seconds=0.2)
        other = Reader(reader.checkpoint)
        for key in "abc":
            sessions.keep(key, (other,))
        assert sessions.lessons("a") == ()
        assert sessions.lessons("c") == (other,)
        time.sleep(0.3)
        assert sessions.reader("c") is reader

    def test_without_a_key_nothing_is_kept_for_anybody(self, reader):
        sessions = Sessions(reader)
        with pytest.raises(LessonError, match="Reload"):
            sessions.keep("", (reader,))
        sessions.forget("")
        assert sessions.lessons("") == ()

    def test_an_unexpected_error_tells_a_visitor_nothing(self, caplog):
        def broken():
            raise RuntimeError("/secret/path")

        with pytest.raises(gr.Error) as raised:
            guarded(broken)()
        assert "secret" not in str(raised.value)
        assert raised.value.__cause__ is None
        assert "/secret/path" in caplog.text

    def test_a_reading_without_compounds_shows_the_likeliest_classes(self, basic_run, photograph):
        reader = Reader(basic_run[1])
        face = reader.read_crop(photograph[40:220, 130:310])
        trio = reader.trio(face)
        ranked = sorted(face.probabilities, key=lambda n: -face.probabilities[n])
        assert trio == [ranked[1], ranked[0], ranked[2]]


class TestServer:
    def test_the_named_endpoint_gives_the_readers_own_answer(self, url, reader, files, photograph):
        client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
        got = client.predict(handle_file(str(files / "astronaut.png")), False, api_name="/read")
        (face,) = reader.read(photograph).faces
        assert got["faces"][0]["probabilities"] == pytest.approx(face.probabilities, abs=1e-6)
        assert client.predict(handle_file(str(files / "empty.png")), False, api_name="/read")["faces"] == []
        with pytest.raises(AppError, match="not a picture"):
            client.predict(handle_file(str(files / "broken.png")), False, api_name="/read")

    def test_only_the_named_endpoint_is_documented(self, url):
        info = httpx.get(f"{url}gradio_api/info", timeout=30).json()
        assert list(info["named_endpoints"]) == ["/read"]
        assert info["unnamed_endpoints"] == {}

    def test_a_request_that_is_too_large_is_refused(self, url):
        body = b"x" * 70_000_000
        got = httpx.post(f"{url}gradio_api/call/read", content=body, timeout=60)
        assert got.status_code == 413

    def test_files_of_the_server_and_of_other_hosts_are_not_served(self, url):
        for path in ("/etc/passwd", "app.py", "http://example.com/x.png"):
            assert httpx.get(f"{url}gradio_api/file={path}", timeout=30).status_code == 403
        headers = httpx.get(url, timeout=30).headers
        assert headers["x-content-type-options"] == "nosniff"
