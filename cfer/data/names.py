"""What names of files, folders and parts mean."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from cfer.pictures import PictureError

_PART_WORDS = {
    "train": "train training trained fit learn learning tr",
    "validation": "validation valid val validate dev devel development publictest public tune tuning",
    "test": "test testing tests tst holdout heldout eval evaluation privatetest private",
}
_PARTS = {word: part for part, words in _PART_WORDS.items() for word in words.split()}
_NOBODY = {"", "nan", "none", "null", "na", "n/a", "n.a.", "unknown", "?", "-", "--", "nil"}
_SYSTEM = {
    *("__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "#recycle", "system volume information", "lost+found"),
    *("__pycache__", "ehthumbs.db"),
}
_COPY = re.compile(r"( - copy( \(\d+\))?| copy( \d+)?| \(\d+\)|~)$", re.IGNORECASE)


def part_of(word: str) -> str | None:
    """The part that a word means, "train", "validation" or "test", in any case and with any punctuation, or None.

    FER2013's words are known: PublicTest is its validation part, PrivateTest its test part.
    """
    return _PARTS.get(re.sub(r"[\W_]+", "", word.lower()))


def known_part(word: str, where: str) -> str | None:
    """As `part_of`, None for an empty word.

    Raises:
        PictureError: The word means nothing; training on what somebody set aside would be worse than asking.
    """
    if word.lower().strip() in _NOBODY:
        return None
    part = part_of(word)
    if part is None:
        raise PictureError(f"{where}: the part {short(word)!r} is not known. Use train, validation or test.")
    return part


def person_of(text: str) -> str | None:
    """Who is shown, or None where the text says that nobody knows ("NaN", "unknown", "-")."""
    return None if text.strip().lower() in _NOBODY else text.strip()


def is_hidden(path: str) -> bool:
    """Whether a file is nobody's data: a system's, hidden, a thumbnail, or in a folder that is a copy of another."""
    *folders, name = PurePosixPath(path).parts or ("",)
    if any(p.startswith((".", "@", "._")) or p.lower() in _SYSTEM for p in (*folders, name)):
        return True
    return any(_COPY.search(folder) for folder in folders)


def short(text: str, most: int = 50) -> str:
    """A text for a message, cut where it is long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(words: Iterable[str], most: int = 5) -> str:
    """Words in quotes, the first few of them, and how many more there are."""
    words = [short(word) for word in words]
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(repr(word) for word in words[:most]) + more
