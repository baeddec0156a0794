"""The model as people who know the Hub's libraries expect it: `from_pretrained`, `save_pretrained`, `push_to_hub`."""

import tempfile
from pathlib import Path
from typing import Self

from cfer.checkpoint import save_checkpoint
from cfer.checkpoint.card import model_card
from cfer.hub.pulling import pull
from cfer.hub.pushing import push
from cfer.reading.reader import Reader


class CferModel(Reader):
    """A reader that comes from the Hub and goes there.

    It is no torch module to be trained further, and its files are safetensors and JSON only, all of which are checked;
    so it has the three methods of `huggingface_hub.PyTorchModelHubMixin` and not its loader.
    """

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        revision: str | None = None,
        endpoint: str | None = None,
        cache_dir: Path | None = None,
    ) -> Self:
        """Load a checkpoint.

        Args:
            name: A folder, or owner/name on the Hub.
            revision: A tag such as step-07, a branch or a commit; the latest by default.
            endpoint: Another Hub's address.
            cache_dir: Another cache folder.

        Raises:
            CheckpointError: What was found cannot be used.
            HubError: The Hub cannot be reached, or refuses.
        """
        if Path(name).is_dir():
            return cls(name)
        asked = f"{name}@{revision}" if revision else str(name)
        return cls(pull(asked, endpoint=endpoint, cache=cache_dir).folder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write a checkpoint folder, with all that was taught.

        Raises:
            OutputError: The folder holds something else.
        """
        save_checkpoint(self.checkpoint, folder, model_card(self.checkpoint))

    def push_to_hub(
        self,
        name: str,
        *,
        private: bool = True,
        tag: str | None = None,
        commit_message: str = "Checkpoint",
        endpoint: str | None = None,
    ) -> str:
        """Put the checkpoint, with all that was taught, on the Hub as one commit.

        Args:
            name: owner/name.
            private: Whether a new repository is for you alone.
            tag: Set on the commit.
            commit_message: Of the commit.
            endpoint: Another Hub's address.

        Returns:
            The commit.

        Raises:
            HubError: The Hub cannot be reached, or refuses.
        """
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made) / "checkpoint"
            self.save_pretrained(folder)
            done = push(folder, name, public=not private, tag=tag, message=commit_message, endpoint=endpoint)
        return str(done.revision)
