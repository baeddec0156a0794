"""The Space's settings, the README's front matter and the requirements agree."""

import re
import subprocess
import sys
from pathlib import Path

import yaml
from huggingface_hub import RepoCard

ROOT = Path(__file__).parent.parent
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def settings() -> dict:
    return yaml.safe_load((ROOT / "space.yaml").read_text(encoding="utf-8"))


def test_the_readme_says_what_space_yaml_says():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(re.match(r"\A---\n(.*?)\n---\n", text, re.DOTALL)[1])
    assert front == settings()
    assert RepoCard(text).data.to_dict()["sdk"] == "gradio"


def test_the_settings_are_ones_that_a_space_accepts():
    got = settings()
    assert {got["colorFrom"], got["colorTo"]} <= COLOURS
    assert re.fullmatch(r"\d+\.\d+\.\d+", got["sdk_version"])
    assert (ROOT / got["app_file"]).is_file()
    assert len(got["short_description"]) <= 60


def test_the_sdk_version_is_one_that_the_requirements_allow():
    line = next(r for r in (ROOT / "requirements.txt").read_text().splitlines() if r.startswith("gradio"))
    low = re.search(r">=(\d+)\.(\d+)", line)
    assert tuple(map(int, low.groups())) <= tuple(map(int, settings()["sdk_version"].split(".")[:2]))


def test_a_port_that_is_none_is_answered_and_nothing_is_served():
    done = subprocess.run(
        [sys.executable, "app.py", "--port", "x"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "argument --port: invalid int value: 'x'" in done.stderr
