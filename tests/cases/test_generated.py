"""The generator of bad inputs: run whole, under its memory limit, and as committed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_two_thousand_bad_inputs_end_in_a_reading_or_a_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "cases.generated", "--out", str(tmp_path / "found.json")],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "found.json").read_text())
    committed = json.loads((HERE / "generated.json").read_text())
    assert found["inputs"] == committed["inputs"] == 2000
    for kind, ends in found["ends"].items():
        assert sum(ends.values()) == sum(committed["ends"][kind].values())
        assert all(ends.values())  # both ends are met, so the generator makes more than rubbish
