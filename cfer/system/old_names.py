"""Import paths of the version before, which work for one version more."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from types import MappingProxyType, ModuleType

MOVED = MappingProxyType({"cfer.reader": "cfer.reading.reader", "cfer.places": "cfer.system.resources"})
"""Modules that documents named, and where they are now."""


class OldNames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds moved modules by their old names and says so."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A specification for a name that was moved; None for all others."""
        return importlib.util.spec_from_loader(fullname, self) if fullname in MOVED else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The module itself, by its new name."""
        new = MOVED[spec.name]
        warnings.warn(f"{spec.name} is {new} now; the old name goes with the next version.", DeprecationWarning, 6)
        module = importlib.import_module(new)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run: it was imported by its new name, which stays its own."""
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


def keep_old_names() -> None:
    """Make the old names importable."""
    if not any(isinstance(finder, OldNames) for finder in sys.meta_path):
        sys.meta_path.append(OldNames())
