"""Visitors, and what each of them taught: bounded, forgotten after an hour, never shared."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from cfer.app.texts import Speech, spoken
from cfer.lessons.effect import Effect
from cfer.lessons.names import LessonError
from cfer.reading.reader import Reader

KEEP_SECONDS = 3600
MOST_VISITORS = 500
MOST_LESSONS = 8
"""Lessons of a visitor at a time."""
_UNDOS = 20


@dataclass(frozen=True)
class Visitor:
    """Somebody with the page open.

    Attributes:
        key: What their lessons are kept under; nobody can guess another's. Empty before the page has loaded.
        language: Which they read.
    """

    key: str = ""
    language: str = "en"

    @property
    def speech(self) -> Speech:
        """Sentences in their language."""
        return Speech(self.language)


def new_visitor(request: gr.Request) -> Visitor:
    """A visitor with a key of their own, in the language that their browser asks for."""
    return Visitor(secrets.token_hex(16), spoken(request.headers.get("accept-language")))


@dataclass(frozen=True)
class Visit:
    """State of one visitor.

    Attributes:
        reader: The base reader with their lessons, adapted if they asked for it. It shares all that is large.
        effects: What each lesson did when it was given, by name.
        earlier: What there was before each change, for undo, the latest last.
    """

    reader: Reader
    effects: tuple[tuple[str, Effect], ...] = ()
    earlier: tuple["Visit", ...] = ()

    def changed(self, reader: Reader, *new: Effect) -> "Visit":
        """The next state: another reader, and what lessons did that were given; this one can be gone back to."""
        effects = dict(self.effects) | {effect.name: effect for effect in new}
        kept = tuple((name, e) for name, e in effects.items() if name in reader.names)
        before = Visit(self.reader, self.effects)
        return Visit(reader, kept, (*self.earlier, before)[-_UNDOS:])


class Sessions:
    """Each visitor's state: bounded, forgotten after an hour, never shared."""

    def __init__(self, base: Reader, capacity: int = MOST_VISITORS, seconds: float = KEEP_SECONDS) -> None:
        """Start with nobody."""
        self.base, self._capacity, self._seconds = base, capacity, seconds
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Visit]] = OrderedDict()

    def visit(self, key: str) -> Visit:
        """State of a visitor; the base reader alone if they taught nothing or were forgotten."""
        with self._lock:
            self._sweep()
            if key not in self._known:
                return Visit(self.base)
            self._known.move_to_end(key)
            return self._known[key][1]

    def reader(self, key: str) -> Reader:
        """The visitor's current reader."""
        return self.visit(key).reader

    def change(self, key: str, step: Callable[[Visit], Visit]) -> Visit:
        """Set what a visitor has from what it is now.

        Raises:
            LessonError: The visitor has no key: their page is too old.
        """
        if not key:
            raise LessonError("This page has been open for too long. Reload it, please.")
        found = step(self.visit(key))
        with self._lock:
            self._known[key] = (time.monotonic(), found)
            self._known.move_to_end(key)
            self._sweep()
        return found

    def undo(self, key: str) -> Visit:
        """Go back by one change; to the base reader where there is none left."""

        def back(now: Visit) -> Visit:
            if not now.earlier:
                return now
            before = now.earlier[-1]
            return Visit(before.reader, before.effects, now.earlier[:-1])

        return self.change(key, back)

    def forget(self, visitor: Visitor) -> None:
        """Drop all that a visitor has."""
        with self._lock:
            self._known.pop(visitor.key, None)

    def _sweep(self) -> None:
        now = time.monotonic()
        for key in [k for k, (since, _) in self._known.items() if now - since > self._seconds]:
            del self._known[key]
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)
