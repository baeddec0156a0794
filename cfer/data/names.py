"""Meaning of the names of files, folders and parts."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from cfer.pictures import PictureError

_PART_WORDS = {
    "train": "train training trained fit learn learning tr",
    "validation": "validation valid val validate dev devel development publictest public tune tuning",
    "test": "test testing tests tst holdout heldout eval evaluation privatetest private",
}
_PARTS = {word: part for part, words in _PART_WORDS.items() for word in words.split()}
_NAMES_TOO = {"val", "dev", "tr", "fit", "tune", "private", "public"}
"""Words for parts that may as well be somebody's name or initials."""
_NOBODY = {"", "nan", "none", "null", "na", "n/a", "n.a.", "unknown", "?", "-", "--", "nil"}
_SOMEBODY = {"NA", "Na", "na", "NIL", "Nil", "nil", "NAN", "Nan"}
"""Words for nobody that may as well be somebody's initials or name."""
_INITIALS, _GIVEN_NAME = re.compile(r"[^\W\d_]{1,4}"), re.compile(r"[^\W\d_]+")
_SYSTEM = {
    "__macosx",
    "__pycache__",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "$recycle.bin",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    "@eadir",
    "@__thumb",
    "@tmp",
    "system volume information",
    "lost+found",
}


def part_of(word: str) -> str | None:
    """The part that a word means, "train", "validation" or "test", in any case and with any punctuation, or None.

    FER2013's words are known: PublicTest is its validation part, PrivateTest its test part.
    """
    return _PARTS.get(_letters(word))


def is_name_too(word: str) -> bool:
    """True if a word for a part may as well be somebody's name or initials."""
    return _letters(word) in _NAMES_TOO


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


def parts_of(siblings: Iterable[str], *, below_class: bool) -> dict[str, str]:
    """The parts that folders beside each other mean, by the folders' names; persons may be called Val or Dev, too.

    Below a class they are parts only if all of them are. Above the classes a word that may be a name is one where it
    is the only part among at least two others.

    Args:
        siblings: Names of all folders at one depth.
        below_class: Whether they lie in classes' folders.
    """
    names = set(siblings)
    found = {name: part for name in names if (part := part_of(name))}
    others = len(names) - len(found)
    if below_class:
        return {} if others else found
    if others >= 2 and len(found) == 1 and is_name_too(next(iter(found))):
        return {}
    return found


def people_of(texts: Iterable[str]) -> dict[str, str | None]:
    """Person who is shown, by the text that says it: None where it says that nobody knows ("NaN", "unknown", "-").

    Words such as NA and Nil are somebody where all others are initials or names as well.

    Args:
        texts: All that are said of one data set.
    """
    said = {text: text.strip() for text in texts}
    others = {who for who in said.values() if who.lower() not in _NOBODY}
    alike = len(others) >= 2 and any(all(p.fullmatch(who) for who in others) for p in (_INITIALS, _GIVEN_NAME))
    return {
        text: who if who.lower() not in _NOBODY or (alike and who in _SOMEBODY) else None for text, who in said.items()
    }


def doubtful_people(said: Mapping[str, str | None]) -> list[str]:
    """Sentences where a word for nobody was taken for somebody or for nobody, and where two names may be one person's.

    Args:
        said: What `people_of` gave.
    """
    found = sorted({who for who in said.values() if who in _SOMEBODY})
    lines = [f"{listed(found)} is taken for a person, because the others are names or initials, too."] if found else []
    if nobody := sorted({text for text, who in said.items() if who is None and _letters(text)}):
        lines.append(f"{listed(nobody)} is taken to say that nobody knows who is shown.")
    alike: dict[str, set[str]] = defaultdict(set)
    for who in said.values():
        if who:
            alike[_person_key(who)].add(who)
    if pairs := sorted(sorted(names) for names in alike.values() if len(names) > 1):
        lines.append(f"{listed(pairs[0])} count as {len(pairs[0])} people. If they are one, write the name alike.")
    return lines


def _person_key(who: str) -> str:
    """A name without what people vary: case, spaces, zeros before a number, and decimals of none."""
    text = "".join(who.casefold().split())
    return re.sub(r"\.0+$", "", text).lstrip("0") or "0"


def is_hidden(path: str) -> bool:
    """True if a file is nobody's data: hidden, or a system's."""
    return any(p.startswith(".") or p.lower() in _SYSTEM for p in PurePosixPath(path).parts)


def _letters(word: str) -> str:
    return re.sub(r"[\W_]+", "", word.lower())


def short(text: str, most: int = 50) -> str:
    """A text for a message, cut where it is long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(words: Iterable[str], most: int = 5) -> str:
    """Words in quotes, the first few of them, and how many more there are."""
    words = [short(word) for word in words]
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(repr(word) for word in words[:most]) + more
