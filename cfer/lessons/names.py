"""Names of taught classes: what may be one, and which names are one and the same."""

import re
from collections.abc import Sequence

from cfer.emotions import find

MAX_NAME = 40
_NAME = re.compile(r"[^\W_]+([ -][^\W_]+)*")


class LessonError(ValueError):
    """A lesson that cannot be given. The message is meant for the person who asked for it."""


def clean_name(name: str, taken: Sequence[str]) -> str:
    """A name that can be taught: letters and digits of any script, with single spaces or hyphens between them.

    So it also stands in file names and in comma-separated lists. The vocabulary's own names are found by their usual
    synonyms: "Happiness" is happy.

    Raises:
        LessonError: Empty, too long, of other characters, or taken.
    """
    name = re.sub(r"\s*-\s*", "-", " ".join(name.replace("_", " ").split()).lower()).strip("-")
    if not name:
        raise LessonError("Give the new expression a name.")
    if len(name) > MAX_NAME:
        raise LessonError(f"The name is too long: at most {MAX_NAME} letters.")
    if not _NAME.fullmatch(name):
        raise LessonError("Use letters, digits, spaces and hyphens for the name.")
    name = find(name) or name
    if known := same_name(name, taken):
        raise LessonError(f"The model knows {known!r} already. Choose another name.")
    return name


def same_name(name: str, among: Sequence[str]) -> str | None:
    """The one of several names that a text means, or None: case, hyphens, spaces and known synonyms do not matter."""
    wanted = {_key(name), _key(find(name) or name)}
    return next((each for each in among if _key(each) in wanted), None)


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().casefold())
