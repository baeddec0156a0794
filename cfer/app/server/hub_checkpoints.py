"""Other public checkpoints that visitors may open by name, where the host allows it."""

import os
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

from cfer.hub import parse_name, pull
from cfer.reading.reader import Reader

ALLOW = "CFER_OPEN"
"""Set to 1 by a host who lets visitors open public checkpoints of the Hub."""
MOST_BYTES = 100_000_000
MOST_OPEN = 3


class Others:
    """The last few checkpoints that were opened, for everybody: they are public, and asked for without a token."""

    def __init__(self, *, allowed: bool = False, endpoint: str | None = None) -> None:
        """Start with none."""
        self.allowed, self._endpoint = allowed, endpoint
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Reader] = OrderedDict()

    @classmethod
    def by_environment(cls) -> "Others":
        """As the host set it; nothing may be opened by default."""
        return cls(allowed=os.environ.get(ALLOW) == "1")

    @property
    def names(self) -> list[str]:
        """Names of those that are open, with their commits."""
        with self._lock:
            return list(self._open)

    def get(self, name: str) -> Reader | None:
        """One that is open; None where it is not, or not any more."""
        with self._lock:
            return self._open.get(name)

    def open(self, asked: str) -> str:
        """Fetch a checkpoint and keep it open; the one that was opened first makes room.

        Returns:
            Its name with the first places of its commit.

        Raises:
            HubError: It may not or cannot be fetched.
            CheckpointError: It is none, or not of this kind.
        """
        parse_name(asked)
        with tempfile.TemporaryDirectory() as cache:  # nothing that strangers name stays on the disk
            found = pull(asked, endpoint=self._endpoint, cache=Path(cache), public=True, most_bytes=MOST_BYTES)
            name, reader = f"{found.source}@{(found.revision or '')[:8]}", Reader(found.folder)
        with self._lock:
            self._open[name] = reader
            self._open.move_to_end(name)
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return name
