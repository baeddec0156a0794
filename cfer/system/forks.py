"""Renewal of what does not survive a fork, a copy or the way to another process: locks, and torch's threads."""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

import torch

_forked, _ever_forked = False, False


def was_forked() -> bool:
    """True if this process was forked from another one that used this package."""
    return _ever_forked


def in_child(work: Callable[[], object]) -> None:
    """Have something done in every process that is forked from this one; nothing where there is no fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=work)


def _note() -> None:
    global _forked, _ever_forked
    _forked = _ever_forked = True


in_child(_note)


def mend_threads() -> None:
    """Make torch compute in one thread if this process was forked: it has none of its parent's.

    OpenMP's threads do not survive a fork, and a child that asks for them waits for ever. Done when something is
    computed, not at the fork: a child that does other things with torch is left alone.
    """
    global _forked
    if _forked:
        torch.set_num_threads(1)
        _forked = False


_locks: "weakref.WeakSet[RenewedLock]" = weakref.WeakSet()


class RenewedLock:
    """A reentrant lock that is free in a forked child, in a copy, and in another process that it is sent to."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        """Start free."""
        self._lock = threading.RLock()
        _locks.add(self)

    def __enter__(self) -> "RenewedLock":
        """Wait for the lock and take it."""
        self._lock.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._lock.release()

    def __reduce__(self) -> tuple[type["RenewedLock"], tuple[()]]:
        """A new lock stands for it elsewhere."""
        return RenewedLock, ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "RenewedLock":
        """A copy has a lock of its own."""
        return RenewedLock()


def _renew() -> None:
    for lock in list(_locks):
        lock._lock = threading.RLock()


in_child(_renew)
