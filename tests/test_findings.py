"""The findings are scripts of one form; what they find is looked at when they are run, outside of these tests."""

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "findings"
SCRIPTS = sorted(p for p in FOLDER.glob("*.sh") if p.name != "common.sh")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_a_finding_says_what_was_guessed_and_seen_with_pinned_packages_and_without_the_project(path):
    text = path.read_text(encoding="utf-8")
    assert [word for word in ("# Guess:", "# Seen:", "# In this project:") if word not in text] == []
    installed = re.findall(r"^(?:install|.*pip install) (.*)$", text, re.MULTILINE)
    names = [w for line in installed for w in line.split() if not w.startswith("-")]
    assert names
    assert [name for name in names if not re.fullmatch(r"[\w.-]+==[\d.]+", name)] == []
    assert not re.search(r"^\s*(import cfer|from cfer)", text, re.MULTILINE)
    assert re.search(r"\bassert\b|exit 1|grep -F", text)
    assert subprocess.run(["bash", "-n", str(path)], check=False).returncode == 0
