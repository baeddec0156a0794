"""Try the oldest versions that pyproject.toml admits: everything is imported, and the tests that need them run.

    python -m tools.lowest_versions [TEST ...]      by default what speaks to the Hugging Face Hub, and pictures

A new virtual environment in a temporary folder gets every requirement at its lower bound. torch and torchvision, which
are large and must be of one release, and what tests need are those of the environment that runs this.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
LARGE = {"torch", "torchvision"}
NEED_TORCH = {"timm", "captum", "torchmetrics"}
"""Installed without what they require, which would be another torch."""
TESTS = ("hub", "lessons", "batch/test_rows.py", "pictures", "cases/test_cases.py")
IMPORT_ALL = """
import importlib, pkgutil, cfer
for module in pkgutil.walk_packages(cfer.__path__, "cfer."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def lower_bounds(requirements: list[str]) -> dict[str, str]:
    """Name and lowest version of each requirement.

    Raises:
        ValueError: One has no lower bound.
    """
    found = {}
    for line in requirements:
        match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\d.]+)(?:,<[\d.]+)?", line.replace(" ", ""))
        if match is None:
            raise ValueError(f"{line!r} names no lower bound.")
        found[match[1]] = match[2]
    return found


def main() -> None:
    """Make the environment, import all of the package, run the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = {n: v for n, v in lower_bounds(project["dependencies"]).items() if n not in LARGE}
    tests = sys.argv[1:] or [f"tests/{name}" for name in TESTS]
    with tempfile.TemporaryDirectory() as place:
        environment = Path(place) / "venv"
        venv.create(environment, with_pip=True)
        python = str(environment / "bin" / "python")
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        plain = [f"{n}=={v}" for n, v in bounds.items() if n not in NEED_TORCH]
        subprocess.run([*install, *plain], check=True)
        subprocess.run([*install, "--no-deps", *(f"{n}=={bounds[n]}" for n in NEED_TORCH)], check=True)
        packages = next((environment / "lib").glob("python*/site-packages"))
        (packages / "zz_rest.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        outside = {**os.environ, "PYTHONPATH": str(ROOT)}
        names = ", ".join(map(repr, sorted(bounds)))
        shown = f"from importlib.metadata import version; print(*((n, version(n)) for n in ({names})))"
        subprocess.run([python, "-c", shown], check=True)
        subprocess.run([python, "-W", "ignore", "-c", IMPORT_ALL], check=True, cwd=ROOT, env=outside)
        pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "-m", "not slow"]
        subprocess.run([*pytest, *tests], check=True, cwd=ROOT, env=outside)


if __name__ == "__main__":
    main()
