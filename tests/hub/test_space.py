import os
import re
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from gradio_client import Client, handle_file
from typer.testing import CliRunner

from cfer.cli import app
from cfer.hub import HubError, deploy_space, space_files, write_space
from cfer.hub.space import check_pair, pinned

ROOT = Path(__file__).parents[2]
NAME = "me/faces"


def test_what_goes_up_is_what_the_app_needs_and_nothing_else():
    files = space_files(ROOT)
    assert {"app.py", "README.md", "requirements.txt", "cfer/app/build.py", "checkpoints/default/config.json"} <= set(
        files
    )
    assert not [name for name in files if "__pycache__" in name or name.startswith(("tests/", "benchmarks/", "."))]
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", files["README.md"].decode())
    assert set(pictures) <= set(files)


def test_requirements_are_pinned_to_what_is_installed():
    lines = space_files(ROOT)["requirements.txt"].decode().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==\d[\w.]*", line) for line in lines)
    assert f"torch=={version('torch').partition('+')[0]}" in lines
    assert len(lines) == len([x for x in (ROOT / "requirements.txt").read_text().splitlines() if x and x[0] != "#"])
    sdk = yaml.safe_load((ROOT / "space.yaml").read_text())["sdk_version"]
    assert f"gradio=={sdk}" in lines  # the Space's own gradio and the pinned one are the same
    with pytest.raises(HubError, match="nothing-of-this-name is not installed"):
        pinned("nothing-of-this-name>=1")


def test_a_torch_pair_of_two_releases_is_refused():
    check_pair({"torch": "2.14.1", "torchvision": "0.29.0"})
    with pytest.raises(HubError, match="are not of one release"):
        check_pair({"torch": "2.14.1", "torchvision": "0.28.0"})


def test_a_space_is_made_filled_and_cleaned(hub):
    dry = deploy_space(ROOT, NAME, dry_run=True, endpoint=hub.url)
    assert dry.revision is None
    assert hub.asked == []
    done = deploy_space(ROOT, NAME, checkpoint="me/model@step-07", endpoint=hub.url)
    assert hub.private[NAME]
    assert hub.created[NAME]["sdk"] == "gradio"
    assert hub.variables[NAME] == {"CFER_CHECKPOINT": "me/model@step-07"}
    files = hub.commits[NAME][-1][1]
    assert {name for name, _ in dry.files} == {name for name, _ in done.files} == set(files) - {".gitattributes"}
    files["cfer/old.py"] = b"gone"
    assert deploy_space(ROOT, NAME, endpoint=hub.url).removed == ("cfer/old.py",)
    assert "cfer/old.py" not in hub.commits[NAME][-1][1]


def test_what_cannot_be_deployed_is_said(hub, tmp_path):
    with pytest.raises(HubError, match="deploy from a clone"):
        space_files(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("x")
    with pytest.raises(HubError, match="not empty"):
        write_space(ROOT, tmp_path / "full")
    hub.failing = 401
    with pytest.raises(HubError, match="log in"):
        deploy_space(ROOT, NAME, endpoint=hub.url)
    said = CliRunner().invoke(app, ["deploy-space", "faces", "--root", str(ROOT), "--dry-run"])
    assert said.exit_code == 2
    assert "is not a name on the Hub" in said.stderr


@pytest.mark.slow
def test_the_app_runs_from_the_listed_files_alone(tmp_path):
    folder = tmp_path / "space"
    said = CliRunner().invoke(app, ["deploy-space", NAME, "--root", str(ROOT), "--folder", str(folder)])
    assert said.exit_code == 0, said.output
    assert f"written: {folder}" in said.stdout
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"GRADIO_SERVER_PORT": str(port), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=folder, env={**os.environ, **settings}, stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                client = Client(f"http://127.0.0.1:{port}", verbose=False)
                break
            except Exception:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
        picture = handle_file(str(folder / "examples" / "2-happy.jpg"))
        found = client.predict(picture, False, api_name="/read")
        client.close()
    finally:
        process.terminate()
        process.wait(20)
    chances = found["faces"][0]["probabilities"]
    assert max(chances, key=chances.get) == "happy"
    assert str(ROOT) not in (tmp_path / "log").read_text()
