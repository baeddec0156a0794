"""Provenance of a result: the contents, settings and code, compared wherever something is continued or reused."""

import ast
import hashlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_LENGTH = 32
_DIGEST = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{64}")


def digest_of(content: bytes) -> str:
    """Digest of some bytes: the first 128 bits of their SHA-256, as 32 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:_LENGTH]


def digest_of_all(parts: Iterable[Any]) -> str:
    """Digest of plain values in their order, each told from its neighbours."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(repr(part).encode("utf-8", "surrogatepass") + b"\0")
    return whole.hexdigest()[:_LENGTH]


def file_digest(path: Path) -> str:
    """Digest of a file's content.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_LENGTH]


@cache
def code_digest(*modules: str) -> str:
    """Digest of what modules do: their code, and all of their package's that they import, however far off, and assets.

    Comments, docstrings and layout do not count.

    Args:
        modules: Names such as "cfer.learners"; a package stands for all that is in it.

    Raises:
        ModuleNotFoundError: There is none of a name.
    """
    return digest_of_all(sorted((name.partition(".")[2], _meaning(path)) for name, path in code_files(*modules)))


def code_files(*modules: str) -> list[tuple[str, Path]]:
    """Files of modules and of all of their package's that they import, and assets; arguments and errors as above."""
    found: dict[str, Path] = {}
    waiting = [each for name in modules for each in _modules_in(name)]
    for name in waiting:
        path = found.get(name) or _file_of(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += _imported(path, name.partition(".")[0])
    return sorted(found.items()) + [asset for folder in {p.parent for p in found.values()} for asset in _assets(folder)]


def _assets(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files beside modules, or in their folder `assets`, that is no code and no file manager's."""
    for place in (folder, folder / "assets"):
        for path in sorted(place.glob("*")):
            if path.is_file() and path.suffix not in {".py", ".pyc"} and not path.name.startswith("."):
                yield path.name, path


def _modules_in(name: str) -> list[str]:
    """A module, and if it is a package all modules in it."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"There is no module {name!r}, whose code a result would depend on.")
    inside = pkgutil.walk_packages(spec.submodule_search_locations or [], f"{name}.")
    return [name, *(each.name for each in inside)]


def _file_of(name: str) -> Path | None:
    """A module's file; None where a name is not a module's."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # something in a module was imported, not a module
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


def _imported(path: Path, package: str) -> frozenset[str]:
    """Names that a file imports of a package, anywhere in it."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in found if name.partition(".")[0] == package and name != package)


def _meaning(path: Path) -> str:
    if path.suffix != ".py":
        return file_digest(path)
    tree = ast.parse(path.read_bytes())
    return ast.unparse(_WithoutRemarks().visit(tree))


class _WithoutRemarks(ast.NodeTransformer):
    """Takes strings that stand alone out of a tree: docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else node


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Differences of two origins, a phrase each.

    Args:
        before: Plain data, as read back from JSON.
        now: Plain data.
    """
    old, new = dict(_flat(before)), dict(_flat(json.loads(json.dumps(now))))
    found = []
    for key in sorted({*old, *new}):
        there, here = old.get(key), new.get(key)
        if there == here:
            continue
        if _is_digest(there) or _is_digest(here):
            found.append(f"{key}: not the same" if key in old and key in new else f"{key}: not known of both")
        else:
            found.append(f"{key}: {there!r} there, {here!r} now")
    return found


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}, ")
        else:
            yield name, value
