"""A checkpoint: a model, the learner that goes on from it, and typed facts about where it came from."""

from cfer.checkpoint.checkpoint import CheckFeatures, Checkpoint, ClassInfo, LearnerSpec, model_digest
from cfer.checkpoint.facts import DataFacts, Facts, PhaseFacts
from cfer.checkpoint.folder import (
    DEFAULT,
    CheckpointError,
    check_checkpoint_folder,
    folder_origin,
    listed_files,
    save_checkpoint,
    versions,
)
from cfer.checkpoint.opening import load_checkpoint
from cfer.learners.base import Head

__all__ = [
    "DEFAULT",
    "CheckFeatures",
    "Checkpoint",
    "CheckpointError",
    "ClassInfo",
    "DataFacts",
    "Facts",
    "Head",
    "LearnerSpec",
    "PhaseFacts",
    "check_checkpoint_folder",
    "folder_origin",
    "listed_files",
    "load_checkpoint",
    "model_digest",
    "save_checkpoint",
    "versions",
]
