"""Names on the Hub, and what goes wrong on the way there, in sentences."""

import errno
import importlib
import logging
import re
from collections.abc import Generator
from contextlib import contextmanager, suppress

from cfer.checkpoint import CheckpointError

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


class HubError(ValueError):
    """Something between here and the Hub did not work; the message says what and what to do."""


def parse_name(text: str) -> tuple[str, str | None]:
    """Take "owner/name@revision" apart.

    Raises:
        HubError: It is no such name.
    """
    name, _, revision = text.partition("@")
    if not _NAME.fullmatch(name) or ".." in name or (revision and not re.fullmatch(r"[\w.\-/]+", revision)):
        raise HubError(f"{text!r} is not a name on the Hub: write owner/name, or owner/name@revision.")
    return name, revision or None


def plain_name(text: str, what: str = "Push") -> str:
    """An owner/name to write to.

    Raises:
        HubError: It is no such name, or has a revision.
    """
    name, revision = parse_name(text)
    if revision:
        raise HubError(f"{what} to owner/name; a revision is what comes back.")
    return name


def _transport_errors() -> tuple[type[Exception], ...]:
    """Errors that the libraries by which the Hub's client may speak raise where nobody answers.

    huggingface_hub 1 uses httpx, 2 uses httpx2; a refused connection is an error of theirs and no `OSError`.
    """
    found = []
    for name in ("httpx", "httpx2"):
        with suppress(ImportError):
            found.append(importlib.import_module(name).HTTPError)
    return tuple(found)


@contextmanager
def in_words(name: str, revision: str | None = None) -> Generator[None]:
    """Turn what the Hub's client raises into a sentence; no token or address is in it."""
    from huggingface_hub import errors

    try:
        yield
    except (HubError, CheckpointError):
        raise
    except errors.HFValidationError:
        raise HubError(f"{name!r} is not a name on the Hub: write owner/name.") from None
    except errors.RevisionNotFoundError:
        raise HubError(f"{name} has no revision {revision or 'main'!r} on the Hub.") from None
    except errors.GatedRepoError:
        raise HubError(
            f"{name} is gated: ask its owner for access on the Hub, then log in with `hf auth login`."
        ) from None
    except errors.RepositoryNotFoundError:
        raise HubError(
            f"{name} is not on the Hub, or it is private and you are not logged in (`hf auth login`)."
        ) from None
    except errors.HfHubHTTPError as error:
        raise HubError(_status(name, getattr(error.response, "status_code", 0))) from None
    except (errors.LocalEntryNotFoundError, ConnectionError, TimeoutError, *_transport_errors()):
        raise HubError("The Hub cannot be reached: check the network, then try again; nothing is lost.") from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise HubError("The disk is full: make room, then try again; what was fetched is kept.") from None
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise HubError("The cache folder may not be written to: set HF_HOME to one that may.") from None
        raise
    except (
        ValueError,
        TypeError,
        LookupError,
        AssertionError,
    ) as error:  # huggingface_hub, of an answer that is not the Hub's
        log.warning("an answer that is not the Hub's: %r", error)
        raise HubError(
            "What answers is not the Hub: a network that wants a login answers for everybody. Log in to it, then try "
            "again; nothing is lost."
        ) from None


def _status(name: str, code: int) -> str:
    if code in (401, 403):
        return f"The Hub does not let you write to or read {name}: log in with a token that may (`hf auth login`)."
    if code == 429:
        return "The Hub asks to slow down: wait a few minutes, then try again."
    if code >= 500:
        return f"The Hub has a fault of its own ({code}): try again later; nothing is lost."
    return f"The Hub refused {name} ({code})."
