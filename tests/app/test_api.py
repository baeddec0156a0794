"""What programs can ask, over the wire; and the examples of docs/api.md, as they stand there."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from cfer.app.build import build_app, launch
from cfer.app.server.api import Answers, _yes
from cfer.app.server.visitors import Sessions
from cfer.lessons.lesson_file import unpack_lessons
from cfer.lessons.names import LessonError
from cfer.pictures import PictureError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def url(page_url):
    return page_url.rstrip("/")


@pytest.fixture
def answers(reader):
    return Answers(Sessions(reader))


def example(name):
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    return re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)[1]


def test_what_is_taught_comes_back_as_a_file_that_the_other_calls_take(answers, reader, files, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    picture = str(files / "astronaut.png")
    said, lessons = answers.teach(picture, "Beaming", ["happy", "surprised"])
    assert said["effect"]["expression"] == "beaming"
    assert said["effect"]["verdict"] in {"fine", "costs", "collides"}
    assert set(said["effect"]["old"]) == set(reader.names)
    with_it = answers.read(picture, False, lessons)
    assert max(with_it["faces"][0]["probabilities"].items(), key=lambda item: item[1])[0] == "beaming"
    assert "beaming" not in answers.read(picture)["faces"][0]["probabilities"]
    assert answers.explain(picture, "beaming", False, lessons)["expression"] == "beaming"
    other = str(ROOT / "examples" / "8-disgusted.jpg")
    more, both = answers.teach(other, "glowing", [], "careful", False, lessons)
    assert [x.name for x in unpack_lessons(reader.base, Path(both).read_bytes())] == ["beaming", "glowing"]
    assert more["effect"]["pictures"] == 1
    with pytest.raises(LessonError, match="beaming"):
        answers.teach(picture, "beaming", [], "careful", False, lessons)
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no")
    with pytest.raises(LessonError):
        answers.read(picture, False, str(bad))


@pytest.mark.slow
def test_the_python_example_runs(url, tmp_path):
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    script = tmp_path / "example.py"
    script.write_text(example("python"))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env={**os.environ, "URL": url}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "Loaded" not in line]
    assert lines[0].startswith("happy ")
    assert float(lines[-1]) > 0.3


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_curl_example_runs(url):
    script = example("curl")
    done = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env={**os.environ, "URL": url}, capture_output=True, text=True
    )
    assert "event: complete" in done.stdout, done.stdout + done.stderr
    found = json.loads(done.stdout.split("data: ")[1])[0]
    chances = found["faces"][0]["probabilities"]
    assert max(chances, key=chances.get) == "happy"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_javascript_example_runs(url, tmp_path):
    script = tmp_path / "example.cjs"
    script.write_text(example("javascript"))
    done = subprocess.run(
        ["node", str(script)], cwd=ROOT, env={**os.environ, "URL": url}, capture_output=True, text=True
    )
    assert float(done.stdout) > 0.3, done.stderr


def test_only_the_named_endpoints_are_documented_each_with_its_types(url):
    info = httpx.get(f"{url}/gradio_api/info", timeout=30).json()
    assert list(info["named_endpoints"]) == ["/read", "/explain", "/relation", "/teach"]
    assert info["unnamed_endpoints"] == {}
    parameters = {p["parameter_name"]: p for p in info["named_endpoints"]["/teach"]["parameters"]}
    assert list(parameters) == ["picture", "name", "constituents", "eager", "cropped", "lessons"]
    assert parameters["eager"]["type"]["enum"] == ["careful", "balanced", "eager"]
    assert info["named_endpoints"]["/teach"]["description"].startswith("Teach a new expression")


@pytest.mark.parametrize("spelt", ["http://{}/x.png", " HTTP://{}/x.png", "\\u0068ttp://{}/x.png", "//{}/x.png"])
def test_addresses_are_refused_and_never_asked(url, spelt):
    asked = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, format, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = spelt.format(f"127.0.0.1:{server.server_port}")
        file = f'{{"path": "{place}", "meta": {{"_type": "gradio.FileData"}}}}'
        for data in (f"[{file}, false, null]", f'[null, {{"deep": [{file}]}}, null]'):
            for route in ("call/read", "queue/join", "run/read", "api/read"):
                got = httpx.post(
                    f"{url}/gradio_api/{route}",
                    content=f'{{"data": {data}, "fn_index": 0, "session_hash": "x"}}',
                    headers={"content-type": "application/json"},
                    timeout=30,
                )
                assert got.status_code == 400
                assert "addresses are not fetched" in got.text
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize(
    "kinds",
    [["application/json", "text/plain"], ["text/plain"], [], ["application/vnd.x+json"]],
    ids=["two", "plain", "none", "other"],
)
def test_addresses_are_refused_whatever_a_body_is_said_to_be(url, kinds):
    body = b'{"data": [{"path": "http://127.0.0.1:9/x.png", "meta": {"_type": "gradio.FileData"}}, false, null]}'
    headers = [("content-type", kind) for kind in kinds]
    got = httpx.post(f"{url}/gradio_api/call/read", content=body, headers=headers, timeout=30)
    assert got.status_code == 400
    assert "addresses are not fetched" in got.text


def test_a_body_that_does_not_say_its_length_is_cut_off_with_an_answer(url):
    def chunks():
        for _ in range(70):
            yield b"x" * 1_000_000

    try:
        got = httpx.post(
            f"{url}/gradio_api/call/read", content=chunks(), headers={"content-type": "application/json"}, timeout=60
        )
    except httpx.TransportError:
        return  # the server answered and hung up while this side was still sending
    assert got.status_code == 413


def test_a_broken_body_is_refused_without_a_word_about_the_server(url):
    for body in (b"{", b"[" * 100_000, b'{"data": NaN'):
        got = httpx.post(
            f"{url}/gradio_api/call/read", content=body, headers={"content-type": "application/json"}, timeout=30
        )
        assert got.status_code >= 400
        assert "Traceback" not in got.text
        assert str(ROOT) not in got.text


def test_the_pages_own_events_are_no_endpoints(url):
    client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
    for name in ("/explore", "/teach_1", "/adapt"):
        with pytest.raises(ValueError, match="Cannot find a function"):
            client.predict(api_name=name)
    paths = httpx.get(f"{url}/gradio_api/openapi.json", timeout=30).json()["paths"]
    assert {path.rsplit("/", 1)[-1] for path in paths} <= {
        "read",
        "explain",
        "relation",
        "teach",
        "upload",
        "{event_id}",
    }


@pytest.mark.slow
def test_tools_for_language_models_are_the_four_questions(reader, tmp_path, monkeypatch):
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    monkeypatch.setenv("CFER_MCP", "1")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    demo = build_app(reader)
    _, address, _ = launch(demo, prevent_thread_lock=True, quiet=True)
    try:
        schema = httpx.get(f"{address}gradio_api/mcp/schema", timeout=30).json()
    finally:
        demo.close()
    import gradio.mcp

    assert os.environ["GRADIO_TEMP_DIR"] == gradio.mcp.DEFAULT_TEMP_DIR  # what is brought there is swept, too
    assert sorted(tool["name"].rsplit("_", 1)[-1] for tool in schema) == ["explain", "read", "relation", "teach"]
    assert all(len(tool["description"]) > 60 for tool in schema)


def test_a_question_without_a_picture_is_answered_in_words(url):
    client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
    with pytest.raises(AppError, match="Bring a picture first"):
        client.predict(None, api_name="/read")
    with pytest.raises(AppError, match="There is no expression"):
        client.predict(handle_file(str(ROOT / "examples" / "2-happy.jpg")), "smirking", api_name="/explain")


def test_what_may_be_left_out_may_be_null(url):
    client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
    picture = handle_file(str(ROOT / "examples" / "2-happy.jpg"))
    assert client.predict(picture, None, None, api_name="/read")["faces"]
    assert client.predict(picture, None, None, None, api_name="/explain")["expression"] == "happy"
    said, _ = client.predict(picture, "beaming", None, None, None, None, api_name="/teach")
    assert said["effect"]["expression"] == "beaming"
    related = client.predict(picture, "Happily-Surprised", None, api_name="/relation")
    assert related["expression"] == "happily surprised"
    assert client.predict(picture, "Happiness", api_name="/explain")["expression"] == "happy"


def test_messages_for_programs_are_plain_text(url):
    client = Client(url, verbose=False, download_files=False, analytics_enabled=False)
    picture = handle_file(str(ROOT / "examples" / "2-happy.jpg"))
    with pytest.raises(AppError, match=r"There is no expression '<b>&' here"):
        client.predict(picture, "<b>&", api_name="/explain")
    with pytest.raises(AppError, match="Give the new expression a name"):
        client.predict(picture, None, api_name="/teach")


def test_of_a_group_it_is_said_which_face_was_taken(answers, files, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    three = str(files / "three.png")
    explained = answers.explain(three, "happy")
    assert explained["face"]["among"] == 3
    assert len(explained["face"]["box"]) == 4
    assert answers.relation(three, "happily surprised")["face"] == explained["face"]
    said, _ = answers.teach(three, "beaming")
    assert "Picture 1 shows 3 faces; the largest" in said["effect"]["notes"][0]


@pytest.mark.parametrize(
    ("said", "meant"), [(True, True), ("true", True), ("false", False), ("0", False), (None, False)]
)
def test_yes_and_no_are_understood_however_they_are_sent(said, meant):
    assert _yes(said) is bool(meant)


def test_what_is_neither_yes_nor_no_is_refused():
    with pytest.raises(PictureError, match="by true or false"):
        _yes("perhaps")
