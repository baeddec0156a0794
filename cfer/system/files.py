"""Files that a reader never sees half of, and run folders that belong to what they were made from."""

import json
import os
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from cfer.system.provenance import differences, digest_of, digest_of_all


@contextmanager
def moved_into_place(path: Path) -> Generator[Path]:
    """A new file beside a path, moved there when the block ends well and deleted otherwise; missing folders are made.

    The new file's name is unique, so that two programs never write into one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)  # temporary files and safetensors' are for the owner alone
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there; missing folders are made."""
    with moved_into_place(path) as partial:
        partial.write_bytes(data)


def without_nan(content: Any) -> Any:
    """Plain data for JSON with None for every nan: a score that could not be measured."""
    if isinstance(content, Mapping):
        return {key: without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_nan(value) for value in content]
    return None if isinstance(content, float) and content != content else content


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, in one move."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any, *, indent: int | None = 1) -> None:
    """Write plain data as JSON, in one move; nan is refused, because JSON has none.

    Raises:
        ValueError: A number is nan or infinite.
    """
    write_text(path, json.dumps(content, indent=indent, allow_nan=False) + "\n")


def write_json_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object a line, in one move."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in rows))


def save_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and JSON facts as one safetensors file, in one move."""
    whole = {name: t.detach().cpu().clone().contiguous() for name, t in tensors.items()}  # no two may share memory
    with moved_into_place(path) as partial:
        save_file(whole, str(partial), metadata={"facts": json.dumps(facts)})


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote: tensors by name, and the facts.

    Raises:
        OSError: The file is missing.
        ValueError: It is cut off, damaged or not from `save_tensors`.
    """
    try:
        with safe_open(str(path), "pt") as file:
            facts = json.loads(file.metadata()["facts"])
            return {name: file.get_tensor(name).clone() for name in file.keys()}, facts  # noqa: SIM118 - not a dict
    except (SafetensorError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged or cut off. Delete it and run again what made it.") from error


def own_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of a safetensors file, in memory of their own.

    What safetensors gives is the file itself, mapped into memory: a file that is written over would change them.

    Raises:
        OSError: The file is missing.
        SafetensorError: It is no safetensors file.
    """
    return {name: values.clone() for name, values in load_file(str(path)).items()}


def is_whole(path: Path) -> bool:
    """True if a safetensors file is there and as long as it says; its content is not read."""
    try:
        with safe_open(str(path), "pt"):
            return True
    except (OSError, SafetensorError):
        return False


def kept_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """As `load_tensors`; None for a file that is missing, empty, cut off or damaged, and is to be made again."""
    try:
        return load_tensors(path)
    except (OSError, ValueError):
        return None


def tensor_digest(values: Tensor) -> str:
    """Digest of a tensor's shape and values."""
    plain = values.detach().cpu().contiguous().numpy()
    return digest_of_all([plain.dtype.str, plain.shape, digest_of(plain.tobytes())])


def check_run_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Mark a folder as belonging to a run, or see that it does.

    Args:
        folder: The run's.
        config: All that the run is made from: settings, digests of data, start and code.

    Raises:
        ValueError: The folder holds a run that was made from something else. The message names the differences.
    """
    path = folder / "config.json"
    plain = json.loads(json.dumps(config))
    if path.is_file():
        try:
            found = dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} is not what a run wrote. Choose another --out folder.") from error
        if other := differences(found, plain):
            raise ValueError(
                f"{folder} holds a run that was made from something else ({'; '.join(other)}). "
                "Choose another --out folder."
            )
        return
    if left := [p.name for each in _RESULTS for p in sorted(folder.glob(each)) if not p.name.startswith(_KEYED)]:
        raise ValueError(
            f"{folder} holds {left[0]!r} of an earlier run, but not {path.name}, which says of which. Choose another "
            "--out folder, or empty this one."
        )
    write_json(path, plain, indent=2)


_RESULTS = ("*.safetensors", "*.jsonl", "[0-9]*.json", "predictions/*", "checkpoint/*")
"""What a run leaves in its folder, from which it would go on."""
_KEYED = "features"
"""Files of features say themselves what they were made from."""
