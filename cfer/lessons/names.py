"""Names of taught classes: what may be one, and which names are one and the same."""

import re
import unicodedata
from collections.abc import Sequence

from cfer.emotions import find
from cfer.system.refusals import RefusalError

MAX_NAME = 40
_JOINERS = "\u200c\u200d\u200b"
"""Signs without a width that Persian, Hindi, Khmer and others write inside of words or between them."""
_INSIDE = "\u2019\u00b7\u05be\u0f0b\u1361"
"""Apostrophe, Catalan dot, Hebrew hyphen, Tibetan and Ethiopic dots: between letters, or at the end of a word."""
_UNSEEN = re.compile("[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Signs that are not seen, or choose how a letter is drawn: no name is another one by them."""
_MISSING = {"nan", "null", "none", "na", "n-a", "nil"}
"""Words that programs which read tables take for an empty field."""


BOTH = "Picture {number} is brought as {name!r} and as not it. Leave it out of one of the two."
"""What is said of a picture that is brought as a class and as not it."""


class LessonError(RefusalError):
    """A lesson that cannot be given. The message is meant for the person who asked for it."""


def clean_name(name: str, taken: Sequence[str]) -> str:
    """A name that can be taught: letters, with their marks, and digits of any script, single spaces or hyphens between.

    So it also stands in file names and in comma-separated lists. Letters are composed with their accents (NFC). The
    vocabulary's own names are found by their usual synonyms: "Happiness" is happy.

    Raises:
        LessonError: Empty, too long, of other characters, taken, or a word that stands for nothing in tables.
    """
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", _UNSEEN.sub("", name)).lower())
    name = name.replace("'", "\u2019")  # written as it is printed: it has no meaning in a page or a command
    name = re.sub(r"\s*-\s*", "-", " ".join(name.replace("_", " ").split())).strip("-")
    if not name:
        raise LessonError("Give the new expression a name.")
    if len(name) > MAX_NAME:
        raise LessonError("The name is too long: at most {most} letters.", most=MAX_NAME)
    if not all(map(_is_word, re.split("[ -]", name))):
        raise LessonError("Use letters, digits, spaces and hyphens for the name.")
    if name in _MISSING:
        raise LessonError("Tables take {name!r} for an empty field. Choose another name.", name=name)
    name = find(name) or name
    if known := same_name(name, taken):
        raise LessonError("The model knows {name!r} already. Choose another name.", name=known)
    return name


def same_name(name: str, among: Sequence[str]) -> str | None:
    """The one of several names that a text means, or None: case, hyphens, spaces and known synonyms do not matter."""
    wanted = {_key(name), _key(find(name) or name)}
    return next((each for each in among if _key(each) in wanted), None)


def _is_word(text: str) -> bool:
    """True if a text is letters and digits, each with its marks; joiners and apostrophes may stand between them."""
    kinds = [unicodedata.category(sign)[0] for sign in text if sign not in _JOINERS + _INSIDE]
    return bool(kinds) and kinds[0] in "LN" and set(kinds) <= set("LNM") and text[0] not in _JOINERS + _INSIDE


def _key(name: str) -> str:
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", name.strip())).casefold().replace("'", "\u2019")
    plain = plain.translate(dict.fromkeys(map(ord, _JOINERS)))
    return re.sub(r"[\s_-]+", " ", plain)
