"""What a wheel holds."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_a_wheel_holds_the_default_checkpoint_and_the_examples(tmp_path):
    source = tmp_path / "source"
    for name in ("cfer", "checkpoints", "examples"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path / "out"), str(source)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    (wheel,) = (tmp_path / "out").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("checkpoints/default", "examples"):
        wanted = {f"cfer/bundled/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert wanted <= names
    assert "cfer/app/__main__.py" in names
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)
