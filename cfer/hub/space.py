"""The web app as a Hugging Face Space: which files go up, and how they get there."""

import importlib.metadata
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cfer.hub.words import HubError, in_words, parse_name, plain_name
from cfer.system.files import write_bytes

FILES = ("app.py", "README.md", "LICENSE", "NOTICE", "space.yaml")
FOLDERS = ("cfer", "checkpoints", "examples")
REQUIREMENTS = "requirements.txt"
VARIABLE = "CFER_CHECKPOINT"
"""The environment variable that tells the app what to load."""
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)\s*([<>=!~].*)?")
_PICTURE = re.compile(r"!\[[^\]]*\]\(((?!https?:)[^)\s]+)\)")


@dataclass(frozen=True)
class Deployed:
    """Result of a deployment, done or planned.

    Attributes:
        space: owner/name.
        files: Path and content's size in bytes of every file.
        removed: Files of the Space that are not among them and are deleted.
        revision: The commit; None after a dry run.
    """

    space: str
    files: tuple[tuple[str, int], ...]
    removed: tuple[str, ...] = ()
    revision: str | None = None


def space_files(root: Path) -> dict[str, bytes]:
    """Everything that the Space needs, by path, from a clone of the repository.

    The requirements are pinned to the releases that are installed here, so that the Space runs what was tried.

    Raises:
        HubError: This is no clone, a requirement is not installed, or torch and torchvision are not of one release.
    """
    if missing := [name for name in (*FILES, *FOLDERS, REQUIREMENTS) if not (root / name).exists()]:
        raise HubError(f"There is no {missing[0]} in {root}: deploy from a clone of the repository.")
    found = {name: (root / name).read_bytes() for name in FILES}
    found[REQUIREMENTS] = pinned((root / REQUIREMENTS).read_text(encoding="utf-8")).encode("utf-8")
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root)
            if path.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in name.parts):
                found[name.as_posix()] = path.read_bytes()
    for name in _PICTURE.findall(found["README.md"].decode("utf-8")):
        found[name] = (root / name).read_bytes()
    return found


def pinned(requirements: str) -> str:
    """Requirements with every one at the release that is installed here.

    Args:
        requirements: Lines of a requirements file.

    Raises:
        HubError: One is not installed, or torch and torchvision are not of one release.
    """
    lines, releases = [], {}
    for line in requirements.splitlines():
        match = _REQUIREMENT.fullmatch(line.partition("#")[0].strip())
        if match is None:
            continue
        name = match[1]
        try:
            releases[name] = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            raise HubError(f"{name} is not installed: pip install -r {REQUIREMENTS} first.") from None
        lines.append(f"{name}=={releases[name]}")
    check_pair(releases)
    return "\n".join(lines) + "\n"


def check_pair(releases: Mapping[str, str]) -> None:
    """See that torch and torchvision belong together: torch 2.N goes with torchvision 0.(N + 15).

    Raises:
        HubError: They do not.
    """
    torch, vision = (releases[name].split(".") for name in ("torch", "torchvision"))
    if (torch[0], vision[0]) != ("2", "0") or int(vision[1]) != int(torch[1]) + 15:
        raise HubError(
            f"torch {releases['torch']} and torchvision {releases['torchvision']} are not of one release: "
            "`import timm` would fail."
        )


def write_space(root: Path, folder: Path) -> Deployed:
    """Write the Space's files into a new folder, to look at them or to try them.

    Raises:
        HubError: See `space_files`; or the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HubError(f"{folder} is not empty. Choose a folder that is new or empty.")
    files = space_files(root)
    for name, data in files.items():
        write_bytes(folder / name, data)
    return Deployed(str(folder), _sizes(files))


def deploy_space(
    root: Path,
    space: str,
    *,
    checkpoint: str | None = None,
    public: bool = False,
    dry_run: bool = False,
    endpoint: str | None = None,
) -> Deployed:
    """Put the app on the Hub as a Space, as one commit; files that are there and do not belong to it are deleted.

    Args:
        root: A clone of the repository.
        space: owner/name; made if it is not there, private unless said otherwise.
        checkpoint: owner/name or owner/name@revision of the checkpoint it shall load; its own by default.
        public: Whether a new Space is for everybody.
        dry_run: Only say what would be sent.
        endpoint: Another Hub's address.

    Raises:
        HubError: See `space_files`; or the Hub cannot be reached, or refuses.
    """
    name = plain_name(space, "Deploy")
    if checkpoint:
        parse_name(checkpoint)
    files = space_files(root)
    if dry_run:
        return Deployed(name, _sizes(files))
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi(endpoint=endpoint)
    with in_words(name):
        api.create_repo(name, repo_type="space", space_sdk="gradio", private=not public, exist_ok=True)
        there = api.list_repo_files(name, repo_type="space")
        removed = tuple(sorted(path for path in there if path not in files and path != ".gitattributes"))
        operations = [CommitOperationAdd(path, data) for path, data in files.items()]
        done = api.create_commit(
            name,
            [*operations, *(CommitOperationDelete(path) for path in removed)],
            commit_message="The app",
            repo_type="space",
        )
        if checkpoint:
            api.add_space_variable(name, VARIABLE, checkpoint)
    return Deployed(name, _sizes(files), removed, done.oid)


def _sizes(files: Mapping[str, bytes]) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(data)) for name, data in files.items())
