"""Everything about the package is in pyproject.toml; this puts the checkpoint and the examples into a wheel.

They lie at the top level of the repository, where people look for them, and in `cfer/bundled` of an installed package,
where `cfer.system.resources` finds them.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BUNDLED = ("checkpoints", "examples")


class WithCheckpoint(build_py):
    """Copy what is bundled after the modules."""

    def run(self) -> None:
        """Build, then copy; an editable install uses the repository's own."""
        super().run()
        if self.editable_mode:
            return
        root, out = Path(__file__).resolve().parent, Path(self.build_lib) / "cfer" / "bundled"
        for name in BUNDLED:
            shutil.copytree(root / name, out / name, dirs_exist_ok=True)


setup(cmdclass={"build_py": WithCheckpoint})
