"""Pillow without its warnings, in any number of threads, and the program's own filters as they were afterwards."""

import warnings
from collections.abc import Generator
from contextlib import contextmanager

from cfer.system.forks import RenewedLock, in_child

_lock = RenewedLock()
_inside = 0
_kept: warnings.catch_warnings | None = None


@contextmanager
def quiet() -> Generator[None]:
    """Ignore warnings for a while.

    `warnings.catch_warnings` puts back what the last thread to enter had found: with several threads at once the
    filters of the program would be lost. Here the first one in keeps them, and the last one out puts them back.
    """
    global _inside, _kept
    with _lock:
        if _inside == 0:
            _kept = warnings.catch_warnings()
            _kept.__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _kept is not None:
                _kept.__exit__(None, None, None)
                _kept = None


def _start_anew() -> None:
    """In a forked child no other thread is inside any more."""
    global _inside, _kept
    if _kept is not None:
        _kept.__exit__(None, None, None)
    _inside, _kept = 0, None


in_child(_start_anew)
