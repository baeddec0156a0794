"""Checkpoints to the Hugging Face Hub and back: pushed whole, pulled pinned to a commit, read strictly.

A checkpoint's own list of files with their hashes travels with it, so that what was cut off or changed on the way is
found when it is read. A local folder is never changed by a push, and a pull goes into the Hub's cache, where what is
there already is not fetched again. Every way in which a network fails ends in one sentence.
"""

from cfer.hub.card import CARD, hub_card
from cfer.hub.model import CferModel
from cfer.hub.pulling import Found, cached, find_checkpoint, pull
from cfer.hub.pushing import Pushed, push
from cfer.hub.space import Deployed, deploy_space, space_files, write_space
from cfer.hub.steps import StepPusher
from cfer.hub.words import HubError, parse_name

__all__ = [
    "CARD",
    "CferModel",
    "Deployed",
    "Found",
    "HubError",
    "Pushed",
    "StepPusher",
    "cached",
    "deploy_space",
    "find_checkpoint",
    "hub_card",
    "parse_name",
    "pull",
    "push",
    "space_files",
    "write_space",
]
