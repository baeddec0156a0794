"""Every step of a training run to the Hub, each with a tag; none is lost when the network or the program goes."""

import json
import logging
import os
import shutil
from pathlib import Path

from cfer.checkpoint import CheckpointError
from cfer.hub.pushing import push
from cfer.hub.words import HubError, plain_name
from cfer.system.files import write_json

log = logging.getLogger(__name__)

WAITING, PUSHED = "to-push", "pushed.json"


class StepPusher:
    """Pushes a run's checkpoint after every step, and what could not be pushed before it.

    A step is first copied into OUT/to-push (its files are linked, which costs no room) and leaves it when the Hub has
    it, so that steps go up in their order, each once, however often the run or the network breaks off.
    """

    def __init__(self, out: Path, repository: str, *, public: bool = False, endpoint: str | None = None) -> None:
        """Take a run's folder and owner/name.

        Raises:
            HubError: It is no such name, or the run's steps go elsewhere.
        """
        name = plain_name(repository)
        self.out, self.name, self.public, self.endpoint = out, name, public, endpoint
        known = self._known()
        if known["repository"] != name:
            raise HubError(f"The steps of {out} go to {known['repository']}. Go on there, or choose another --out.")

    def __call__(self, step: int, checkpoint: Path) -> None:
        """Keep a step for pushing, unless it was pushed, and push all that waits.

        Args:
            step: Its number; its tag is step-07.
            checkpoint: The checkpoint folder after it.
        """
        tag = f"step-{step:02d}"
        place = self.out / WAITING / tag
        if tag not in self._known()["steps"] and not place.is_dir():
            partial = place.with_name(f".{tag}")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(checkpoint, partial, copy_function=_linked)
            partial.rename(place)
        self.push_waiting()

    def push_waiting(self) -> list[str]:
        """Push the steps that wait, in their order; what cannot be pushed stays, and the log says why.

        Returns:
            The tags that still wait.
        """
        waiting = self.waiting
        for place, tag in enumerate(waiting):
            folder = self.out / WAITING / tag
            try:
                done = push(
                    folder,
                    self.name,
                    public=self.public,
                    tag=tag,
                    message=f"Step {int(tag.removeprefix('step-'))}",
                    endpoint=self.endpoint,
                )
            except (HubError, CheckpointError) as error:
                log.warning("%s was not pushed and waits in %s: %s", tag, folder.parent, error)
                return waiting[place:]
            known = self._known()
            known["steps"][tag] = done.revision
            write_json(self.out / PUSHED, known)
            shutil.rmtree(folder)
        return []

    @property
    def waiting(self) -> list[str]:
        """Tags of the steps that wait, in their order; what an interruption left of a pushed one does not."""
        pushed = self._known()["steps"]
        found = [p.name for p in (self.out / WAITING).glob("step-*") if p.name not in pushed]
        return sorted(found, key=lambda tag: int(tag.removeprefix("step-")))

    def _known(self) -> dict:
        path = self.out / PUSHED
        if path.is_file():
            return json.loads(path.read_text(encoding="utf-8"))
        return {"repository": self.name, "steps": {}}


def _linked(source: str, target: str) -> str:
    """A second name for a file; a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
