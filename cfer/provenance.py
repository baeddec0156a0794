"""What a result was made from: contents, settings and code, compared wherever something is continued or reused."""

import ast
import hashlib
import importlib.util
import json
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
    """Digest of what modules and packages do: their code without comments, docstrings and layout, and their assets.

    Args:
        modules: Names such as "cfer.learners"; a package stands for all that is in it.

    Raises:
        ModuleNotFoundError: There is none of a name.
    """
    files = sorted({path for name in modules for path in _files_of(name)})
    return digest_of_all((path.name, _meaning(path)) for path in files)


def _files_of(module: str) -> Iterator[Path]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"There is no module {module!r}, whose code would be a part of what a result is made from.")
    if spec.submodule_search_locations is None:
        yield Path(spec.origin)
        return
    for folder in spec.submodule_search_locations:
        yield from (p for p in Path(folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts)


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
    """What two descriptions of what a result was made from differ in, a phrase each.

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
