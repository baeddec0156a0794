import json
import re
import time
import zipfile
from html import unescape
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from cfer.app.server.safety import guarded
from cfer.app.server.visitors import Sessions, Visitor
from cfer.app.tabs.camera import Camera
from cfer.app.tabs.explore import Explore, example_paths
from cfer.app.tabs.takeaway import TakeAway, as_json
from cfer.app.tabs.teach import Teach
from cfer.app.texts import Speech
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS, LOG_ODDS, METHODS
from cfer.lessons.names import LessonError
from cfer.reading.adapt import LEAST
from cfer.reading.reader import Reader

CHANGE = INTEGRATED_GRADIENTS
ANNA, BERT = Visitor("anna"), Visitor("bert")


@pytest.fixture
def url(page_url):
    return page_url


def run(stages):
    """Everything that a handler's stages show, the last of each."""
    shown = {}
    for stage in stages:
        shown |= stage
    return shown


class TestExplore:
    @pytest.fixture
    def explore(self, reader):
        return Explore(Sessions(reader))

    def test_the_sentence_comes_first_then_the_maps_then_the_relation(self, explore, files):
        stages = list(explore.read(str(files / "astronaut.png"), False, CHANGE, ANNA))
        assert [sorted(set(stage) & {"verdict", "maps", "tie"}) for stage in stages[1:]] == [["maps"], [], ["tie"]]
        assert "This face looks <b>happy</b>" in stages[0]["verdict"]
        assert stages[0]["tie"] == ""

    def test_the_middle_map_is_of_the_answer(self, explore, reader):
        for number in range(len(example_paths())):
            shown = run(explore.example(number, CHANGE, ANNA))
            face = shown["shown"].face
            names = re.findall(r"<figcaption><b>([a-z ]+)</b>", shown["maps"])
            assert len(names) == 3
            assert names[1] == face.top == shown["middle"].value
            if len(reader.constituents(face.top)) == 2:
                assert (names[0], names[2]) == reader.constituents(face.top)
            else:
                assert not reader.is_basic(names[2])
                ranked = sorted(reader.names, key=lambda n: -face.probabilities[n])
                assert names[0] == next(n for n in ranked[1:] if reader.is_basic(n))

    def test_of_several_faces_another_can_be_chosen(self, explore, files):
        path = str(files / "three.png")
        shown = run(explore.read(path, False, CHANGE, ANNA))
        assert shown["picker"].visible
        assert len(shown["picker"].choices) == 3
        chosen = run(explore.choose(path, shown["shown"], "3", CHANGE, ANNA))
        assert chosen["shown"].chosen == 2
        alone = run(explore.read(str(files / "astronaut.png"), False, CHANGE, ANNA))
        assert not alone["picker"].visible
        assert not alone["found"].visible

    def test_a_picture_taken_for_a_crop_in_which_the_face_is_small_says_so(self, explore, files):
        path, words = str(files / "astronaut.png"), "the whole picture was read as a face"
        assert words in run(explore.read(path, True, CHANGE, ANNA))["verdict"]
        assert words not in run(explore.read(path, False, CHANGE, ANNA))["verdict"]

    def test_what_is_no_face_is_not_called_one(self, explore, files):
        said = run(explore.read(str(files / "empty.png"), True, CHANGE, ANNA))["verdict"]
        assert "<h2>No face is seen here; read as one, it looks <b>" in said
        assert "This face looks" not in said

    @pytest.mark.parametrize("view", [INTEGRATED_GRADIENTS, GRAD_CAM, LOG_ODDS, "layer_cam", "grad_cam_plus_plus"])
    def test_other_classes_can_be_mapped_by_every_method(self, explore, files, view):
        shown = run(explore.read(str(files / "astronaut.png"), False, CHANGE, ANNA))
        drawn = run(explore.redraw(shown["shown"], "sad", "angry", "neutral", view, ANNA))
        assert re.findall(r"<figcaption><b>(\w+)</b>", drawn["maps"]) == ["sad", "angry", "neutral"]
        assert ("cannot be compared" in drawn["depth"]) == (not METHODS[view].signed)
        with pytest.raises(gr.Error, match="does not know"):
            run(explore.redraw(shown["shown"], "sad", "smirking", "neutral", view, ANNA))

    def test_muscle_by_muscle_the_maps_add_up_to_the_class(self, explore):
        shown = run(explore.example(0, GRAD_CAM, ANNA))
        fold = re.search(r"<summary>Muscle by muscle</summary>(.*?)</details>", shown["depth"], re.S).group(1)
        maps = [np.array(json.loads(unescape(m))) for m in re.findall(r'data-map="([^"]+)"', fold)]
        assert len(maps) == 7
        np.testing.assert_allclose(sum(maps[:-1]), maps[-1], atol=2e-2 * np.abs(maps[-1]).max())

    def test_what_ties_a_class_to_the_basics_follows_the_middle_map(self, explore, files):
        stages = run(explore.read(str(files / "astronaut.png"), False, CHANGE, ANNA))
        shown = stages["shown"]
        assert shown.drawn[1] == "happy"
        assert "no tie to measure" in stages["tie"]
        tie = run(explore.redraw(shown, "happy", "awed", "sad", CHANGE, ANNA))["tie"]
        assert "Numbers: awed and the six basics" in tie
        assert re.findall(r"<td><b>(\w+)</b></td>", tie) == ["fearful", "surprised"]
        other = run(explore.redraw(shown, "sad", "happy", "awed", CHANGE, ANNA))
        assert "tie" not in other  # it is of the same class in the middle
        assert "no tie to measure" in run(explore.redraw(shown, "happy", "neutral", "sad", CHANGE, ANNA))["tie"]

    def test_what_is_there_already_is_not_drawn_again(self, explore, files):
        shown = run(explore.read(str(files / "astronaut.png"), False, CHANGE, ANNA))["shown"]
        assert run(explore.redraw(shown, *shown.drawn, ANNA)) == {}
        once = run(explore.redraw(shown, "sad", "angry", "neutral", GRAD_CAM, ANNA))
        assert {"maps", "depth", "tie"} <= set(once)
        assert run(explore.redraw(once["shown"], "sad", "angry", "neutral", GRAD_CAM, ANNA)) == {}
        assert run(explore.redraw(None, "sad", "angry", "neutral", GRAD_CAM, ANNA)) == {}

    def test_after_a_lesson_the_face_in_view_is_read_again(self, reader, files):
        sessions = Sessions(reader)
        explore, path = Explore(sessions), str(files / "astronaut.png")
        shown = run(explore.read(path, False, CHANGE, ANNA))
        assert list(explore.again(shown["shown"], CHANGE, ANNA)) == []  # nothing changed, nothing is drawn anew
        TestTeach().give(Teach(sessions), files)
        again = run(explore.again(shown["shown"], CHANGE, ANNA))
        assert "beaming" in again["readings"]
        assert "beaming" in again["shown"].face.probabilities

    def test_a_class_that_was_forgotten_again_is_not_explained(self, reader, files):
        sessions = Sessions(reader)
        explore, teach, path = Explore(sessions), Teach(sessions), str(files / "astronaut.png")
        TestTeach().give(teach, files, constituents=["happy", "surprised"])
        shown = run(explore.read(path, False, CHANGE, ANNA))
        assert shown["middle"].value == "beaming"
        assert "Numbers: beaming and the six basics" in shown["tie"]
        teach.undo(ANNA)
        with pytest.raises(gr.Error, match="does not know"):
            run(explore.redraw(shown["shown"], "happy", "beaming", "sad", CHANGE, ANNA))

    def test_the_answer_is_in_the_visitors_language(self, explore):
        shown = run(explore.example(0, CHANGE, Visitor("d", "de")))
        assert Speech("de").name("surprised") in shown["readings"]
        assert "This face" not in shown["verdict"]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            (None, "Bring a picture"),
            ("empty.png", "No face was found"),
            ("broken.png", "not a picture"),
            ("wide.png", "about square"),
        ],
    )
    def test_bad_input_is_answered_in_words_in_place_and_no_older_result_stays(self, explore, files, name, words):
        path = str(files / name) if name else None
        shown = run(guarded(explore.read)(path, name == "wide.png", CHANGE, ANNA))
        assert words in shown["verdict"]
        assert shown["shown"] is None
        assert all(shown[part] == "" for part in ("maps", "tie", "depth", "readings", "made"))
        assert not shown["found"].visible
        assert not shown["picker"].visible


class TestTakeAway:
    def test_the_files_are_whole_and_carry_the_model(self, reader, tmp_path, monkeypatch):
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
        explore = Explore(Sessions(reader))
        shown = run(explore.example(0, CHANGE, ANNA))["shown"]
        made = TakeAway(explore).files(shown, "happy", "happily surprised", "surprised", CHANGE, ANNA)
        paths = {Path(item["path"]).name: Path(item["path"]) for item in made.value}
        assert set(paths) == {"cfer.png", "cfer.csv", "cfer.json", "evidence.zip"}
        assert Image.open(paths["cfer.png"]).width > 900
        numbers = json.loads(paths["cfer.json"].read_text())
        assert numbers["model_sha256"] == reader.digest
        assert numbers["composition"]["happily surprised"]["constituents"] == ["happy", "surprised"]
        assert numbers["lessons"] == []
        assert numbers["read_with_care"] == []
        small = reader.read(Image.open(example_paths()[0]).resize((40, 40))).faces[0]
        (doubt,) = json.loads(as_json(reader, small, small.top))["read_with_care"]
        assert re.match(r"The face is only \d+ pixels wide", doubt)
        rows = paths["cfer.csv"].read_text().splitlines()
        assert len(rows) == 1 + len(reader.names) + len(shown.face.units)
        with zipfile.ZipFile(paths["evidence.zip"]) as bundle:
            assert "evidence/manifest.json" in bundle.namelist()
        with pytest.raises(gr.Error, match="Bring a picture"):
            TakeAway(explore).files(None, "", "", "", CHANGE, ANNA)


class TestTeach:
    def give(self, teach, files, visitor=ANNA, name="beaming", pictures=("astronaut.png",), consent=True, **given):
        shots = [str(files / p) for p in pictures]
        parts, units, against = (given.get(key, []) for key in ("constituents", "units", "against"))
        eager = given.get("eager", "balanced")
        return teach.teach(name, shots, None, parts, units, against, eager, False, consent, visitor)

    def test_a_lesson_says_what_it_did_and_is_recognised_at_once(self, reader, files):
        sessions = Sessions(reader)
        teach = Teach(sessions)
        shown = self.give(teach, files)
        assert "Learned: beaming" in shown["verdict"]
        assert "Taught pictures that are recognised: 100\N{NO-BREAK SPACE}% of 1" in shown["verdict"]
        assert "From one picture nothing can be said" in shown["verdict"]
        assert shown["verdict"].count("<tr>") >= len(reader.names) + 2
        assert "called happy before, beaming now" in shown["maps"]
        assert shown["maps"].count("<canvas") == 3
        assert "<b>beaming</b>: pictures: 1; balanced" in shown["lessons"]
        assert shown["choice"] == ["beaming"]
        assert shown["undo"]
        tried = teach.try_it(str(files / "astronaut.png"), "beaming", ANNA)
        assert "This face looks <b>beaming</b>" in tried

    def test_lessons_are_improved_renamed_removed_and_undone_in_any_order(self, reader, files):
        sessions = Sessions(reader)
        teach = Teach(sessions)
        self.give(teach, files, name="first")
        self.give(teach, files, name="second", pictures=(), constituents=["happy", "disgusted"])
        improved = self.give(teach, files, name="first", pictures=("astronaut.png", "three.png"))
        assert improved["choice"] == ["second", "first"]
        assert "<b>first</b>: pictures: 2" in improved["lessons"]
        renamed = teach.rename("second", "smirking", ANNA)
        assert renamed["choice"] == ["smirking", "first"]
        assert improved["lessons"].replace("second", "smirking") == renamed["lessons"]  # what it cost is not forgotten
        assert teach.remove("first", ANNA)["choice"] == ["smirking"]
        assert sorted(teach.undo(ANNA)["choice"]) == ["first", "smirking"]
        assert teach.reset(ANNA)["choice"] == []
        for _ in range(4):
            shown = teach.undo(ANNA)
        assert shown["choice"] == ["first"]
        assert teach.undo(ANNA)["choice"] == []
        assert not teach.undo(ANNA)["undo"]
        assert sessions.reader("anna") is reader

    def test_lessons_go_home_and_come_back_to_somebody_else(self, reader, files, tmp_path, monkeypatch):
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
        sessions = Sessions(reader)
        teach = Teach(sessions)
        given = self.give(teach, files)
        kept, path = given["kept"], teach.save(ANNA)
        shown = teach.bring(path, BERT)
        assert shown["choice"] == ["beaming"]
        assert shown["lessons"] == given["lessons"]  # what it costs, too
        mine, theirs = (sessions.reader(v.key).checkpoint.head for v in (ANNA, BERT))
        assert torch.equal(mine.weight, theirs.weight)
        carl = Visitor("carl")
        assert teach.again(kept, carl)["choice"] == ["beaming"]
        assert "not a lesson file" in teach.again("!!", carl)["verdict"]
        assert sessions.reader("carl").names[-1] == "beaming"

    def test_before_teaching_it_says_what_will_collide_and_what_is_poor(self, reader, files):
        said = Teach(Sessions(reader)).look(
            [str(files / n) for n in ("astronaut.png", "empty.png", "three.png", "astronaut.png")], False, ANNA
        )
        assert "The model is sure that this is happy" in said
        assert "Picture 2: No face was found" in said
        assert "Picture 3: 3 faces were found; the largest is taken" in said
        assert "Picture 4: The same as picture 1; it counts once." in said

    def test_more_pictures_than_a_lesson_takes_are_refused_before_any_is_read(self, reader, files):
        said = Teach(Sessions(reader)).look([str(files / "astronaut.png")] * 21, False, ANNA)
        assert "At most 20 pictures a lesson." in said
        assert "Picture 1" not in said

    def test_one_visitors_lesson_is_never_anothers(self, reader, files):
        sessions = Sessions(reader)
        self.give(Teach(sessions), files)
        assert sessions.reader("bert").names == reader.names
        explore = Explore(sessions)
        path = str(files / "astronaut.png")
        for visitor, known in ((ANNA, True), (BERT, False)):
            shown = run(explore.read(path, False, CHANGE, visitor))["shown"]
            assert ("beaming" in shown.face.probabilities) == known

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"pictures": ()}, "Bring a picture of the new expression"),
            ({"pictures": ("astronaut.png",) * 21}, "At most 20 pictures"),
            ({"consent": False}, "may use these pictures"),
            ({"name": ""}, "a name"),
            ({"name": "happy"}, "knows &#x27;happy&#x27; already"),
            ({"pictures": ("astronaut.png", "empty.png")}, "Picture 2: No face was found"),
            ({"pictures": ("broken.png",)}, "Picture 1: This is not a picture"),
        ],
    )
    def test_a_complaint_stands_in_the_verdict_and_nothing_is_lost(self, reader, files, change, words):
        sessions = Sessions(reader)
        teach = Teach(sessions)
        self.give(teach, files, name="first")
        shown = self.give(teach, files, **change)
        assert set(shown) == {"verdict"}
        assert words in shown["verdict"]
        assert sessions.reader("anna").names[-1] == "first"

    def test_what_a_visitor_taught_is_small(self, reader, files):
        """500 visitors with 8 lessons each have to fit: nothing large is copied for one."""
        sessions = Sessions(reader)
        teach = Teach(sessions)
        for number in range(8):
            self.give(teach, files, name=f"face {number}")
        visit = sessions.visit("anna")
        base, seen, total = reader.checkpoint, set(), 0
        shared = {
            t.untyped_storage().data_ptr() for t in [*base.learner.fitted.values(), *base.model.state_dict().values()]
        }
        for state in (visit, *visit.earlier):
            found = state.reader.checkpoint
            tensors = [*found.learner.fitted.values(), *found.model.state_dict().values(), found.pulls, found.offsets]
            tensors += [part for head in found.heads for part in head]
            tensors += [getattr(x, name) for x in state.reader.lessons for name in ("shots", "seen", "against")]
            for tensor in tensors:
                storage = tensor.untyped_storage() if tensor is not None else None
                if storage is not None and storage.data_ptr() not in shared | seen:
                    seen.add(storage.data_ptr())
                    total += storage.nbytes()
        assert total < 12_000_000


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
        said, undo = camera.adapt([*mine, str(files / "broken.png")], True, ANNA)
        assert f"Adapted to {LEAST} faces" in said
        assert "Adapting is safer with several expressions" in said
        assert "could not be read as pictures: 1" in said
        assert undo.interactive
        assert sessions.reader("anna").checkpoint.shift is not None
        assert sessions.reader("bert").checkpoint.shift is None
        TestTeach().give(Teach(sessions), files)
        _, undo = camera.forget(ANNA)
        assert not undo.interactive
        assert sessions.reader("anna").checkpoint.shift is None
        assert sessions.reader("anna").names[-1] == "beaming"  # what was taught stays

    def test_adapting_can_be_undone_among_the_lessons_too(self, reader, mine):
        sessions = Sessions(reader)
        teach = Teach(sessions)
        none = teach.standing(ANNA)
        assert (none["undo"], none["choice"], none["file"], none["kept"]) == (False, [], None, "")
        assert "Nothing taught yet" in none["lessons"]
        Camera(sessions).adapt(mine, True, ANNA)
        assert teach.standing(ANNA) == none | {"undo": True}
        said, back = Camera(sessions).standing(ANNA)
        assert (said, back.interactive) == (gr.skip(), True)
        teach.undo(ANNA)
        assert sessions.reader("anna").checkpoint.shift is None
        said, back = Camera(sessions).standing(ANNA)
        assert (said, back.interactive) == ("", False)

    def test_adapting_again_takes_the_place_of_the_first_time(self, reader, files, mine):
        sessions = Sessions(reader)
        camera = Camera(sessions)
        for _ in range(3):
            camera.adapt(mine, True, ANNA)
        once = sessions.reader("anna").checkpoint.shift
        TestTeach().give(Teach(sessions), files)
        camera.adapt(mine, True, ANNA)
        assert torch.allclose(sessions.reader("anna").checkpoint.shift, once, atol=1e-4)
        camera.forget(ANNA)
        back = sessions.reader("anna").checkpoint
        assert back.preprocessing == reader.checkpoint.preprocessing
        assert back.names == (*reader.names, "beaming")
        known, plain = back.head.weight[:-1], reader.checkpoint.head.weight  # what all rows share decides nothing
        assert torch.allclose(known - known[0], plain - plain[0], atol=1e-3)

    @pytest.mark.parametrize(
        ("count", "consent", "words"),
        [(0, True, "20 or more pictures"), (3, True, "at least 20 faces; there are 3"), (20, False, "may use these")],
    )
    def test_what_cannot_be_adapted_to_is_answered_in_words(self, reader, mine, count, consent, words):
        sessions = Sessions(reader)
        said, _ = Camera(sessions).adapt(mine[:count], consent, ANNA)
        assert words in said
        assert sessions.reader("anna").checkpoint.shift is None
        assert sessions.reader("anna") is reader


class TestSafety:
    def test_sessions_are_bounded_and_grow_old(self, reader):
        sessions = Sessions(reader, capacity=2, seconds=0.2)
        other = Reader(reader.checkpoint)
        for key in "abc":
            sessions.change(key, lambda now: now.changed(other))
        assert sessions.reader("a") is reader
        assert sessions.reader("c") is other
        time.sleep(0.3)
        assert sessions.reader("c") is reader

    def test_without_a_key_nothing_is_kept_for_anybody(self, reader):
        sessions = Sessions(reader)
        with pytest.raises(LessonError, match="Reload"):
            sessions.change("", lambda now: now.changed(reader))
        sessions.forget(Visitor())
        assert sessions.visit("").earlier == ()

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
        left, middle, right = reader.trio(face)
        ranked = sorted(face.probabilities, key=lambda n: -face.probabilities[n])
        assert (left, middle) == (ranked[1], ranked[0])
        assert right not in (left, middle)


class TestServer:
    def test_the_named_endpoint_gives_the_readers_own_answer(self, url, reader, files, photograph):
        client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
        got = client.predict(handle_file(str(files / "astronaut.png")), False, api_name="/read")
        (face,) = reader.read(photograph).faces
        assert got["model_sha256"] == reader.digest
        assert got["faces"][0]["probabilities"] == pytest.approx(face.probabilities, abs=1e-6)
        assert client.predict(handle_file(str(files / "empty.png")), False, api_name="/read")["faces"] == []
        with pytest.raises(AppError, match="not a picture"):
            client.predict(handle_file(str(files / "broken.png")), False, api_name="/read")

    def test_an_expression_and_a_relation_are_explained_by_name(self, url, reader, files, photograph):
        client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
        picture = handle_file(str(files / "astronaut.png"))
        (face,) = reader.read(photograph).faces
        got = client.predict(picture, "", False, api_name="/explain")
        assert got["expression"] == face.top
        assert got["composition"]["evidence"] == pytest.approx(face.composition(face.top).total, abs=1e-3)
        assert np.array(got["map"]).shape == tuple(face.explain(face.top).raw.shape)
        tie = client.predict(picture, "awed", False, api_name="/relation")["relation"]
        assert tie["constituents"] == ["fearful", "surprised"]
        with pytest.raises(AppError, match="is not made of two"):
            client.predict(picture, "happy", False, api_name="/relation")
        with pytest.raises(AppError, match="There is no expression"):
            client.predict(picture, "smirking", False, api_name="/explain")

    def test_a_request_that_is_too_large_is_refused(self, url):
        body = b"x" * 70_000_000
        got = httpx.post(f"{url}gradio_api/call/read", content=body, timeout=60)
        assert got.status_code == 413

    def test_files_of_the_server_and_of_other_hosts_are_not_served(self, url):
        for path in ("/etc/passwd", "app.py", "http://example.com/x.png"):
            assert httpx.get(f"{url}gradio_api/file={path}", timeout=30).status_code == 403
        headers = httpx.get(url, timeout=30).headers
        assert headers["x-content-type-options"] == "nosniff"
