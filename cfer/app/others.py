"""Other public checkpoints that visitors may open by name, where the host allows it."""

import os
import threading
from collections import OrderedDict

from cfer.hub import parse_name, pull
from cfer.reader import Reader

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

    def reader(self, name: str) -> Reader:
        """One that is open.

        Raises:
            KeyError: It is not.
        """
        with self._lock:
            return self._open[name]

    def open(self, asked: str) -> str:
        """Fetch a checkpoint and keep it open; the one that was opened first makes room.

        Returns:
            Its name with the first places of its commit.

        Raises:
            HubError: It may not or cannot be fetched.
            CheckpointError: It is none, or not of this kind.
        """
        parse_name(asked)
        found = pull(asked, endpoint=self._endpoint, public=True, most_bytes=MOST_BYTES)
        name = f"{found.source}@{(found.revision or '')[:8]}"
        reader = Reader(found.folder)
        with self._lock:
            self._open[name] = reader
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return name
