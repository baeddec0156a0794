"""Questions about a face that was read, for the saliency methods."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from cfer.explain.attribution import neutral_faces
from cfer.explain.maps import ClassMaps
from cfer.explain.methods import Question

if TYPE_CHECKING:
    from cfer.reading.face import FaceReading


class FaceQuestion(Question):
    """A question about a face, answered from what its backbone made of it before."""

    def __init__(self, face: "FaceReading", names: Sequence[str]) -> None:
        """Take a face and the classes that are asked about."""
        checkpoint = face.reader.checkpoint
        neutral = checkpoint.preprocessing.uncorrected(neutral_faces())
        super().__init__(checkpoint.model, face.passes.x, names, neutral)
        self._face = face

    @property
    def last(self) -> Tensor:
        """See `Question.last`."""
        return self._face.passes.last

    @property
    def pair(self) -> Tensor:
        """See `Question.pair`."""
        return self._face.passes.pair

    @property
    def maps(self) -> ClassMaps:
        """See `Question.maps`; without what a camera adds, if the reader is adapted."""
        return self._face.maps

    @property
    def baseline(self) -> Tensor:
        """See `Question.baseline`."""
        found = self._face.reader.neutral
        assert found is not None  # the method asks for the layer first
        return found
