"""Backbone's outputs for one crop, computed once and kept: they do not depend on the head."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from cfer.explain.attribution import attribution_layer
from cfer.network.face_model import FaceModel
from cfer.network.modes import plain_numerics
from cfer.network.preprocessing import Preprocessing
from cfer.system.forks import RenewedLock

Found = dict[bool, tuple[np.ndarray | None, np.ndarray | None]]
"""By whether the crop was mirrored: the output at the layer for attribution, and the last map."""


class Passes:
    """Backbone's outputs for one crop, each pass at most once. They do not depend on the head."""

    @plain_numerics()
    def __init__(
        self, model: FaceModel, preprocessing: Preprocessing, crop: np.ndarray, mark: np.ndarray | None = None
    ) -> None:
        """Take a crop (S, S, 3) uint8, and the mark of the picture it is from; nothing is computed yet."""
        self.crop, self.mark = crop, mark
        self.x = preprocessing([crop])  # (1, 3, S, S)
        self.backbone, self.preprocessing = model.backbone, preprocessing
        self.layer = attribution_layer(model)
        self._model = model
        self._lock = RenewedLock()
        self._found: dict[bool, tuple[Tensor | None, Any]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Contents that go to another process, or into a copy."""
        return Passes.again, (self._model, self.preprocessing, self.crop, self.mark, self.found())

    def found(self) -> Found:
        """Outputs computed so far, as arrays (B, h, w, C): tensors would be shared between processes, a file each."""

        def plain(t: Tensor | None) -> np.ndarray | None:
            return None if t is None else t.permute(0, 2, 3, 1).contiguous().numpy()

        return {mirrored: (plain(output), plain(last)) for mirrored, (output, last) in self._found.items()}

    @classmethod
    def again(
        cls,
        model: FaceModel,
        preprocessing: Preprocessing,
        crop: np.ndarray,
        mark: np.ndarray | None,
        found: Found,
    ) -> "Passes":
        """Passes of which something was computed elsewhere; see `found`."""

        def tensor(values: np.ndarray | None) -> Tensor | None:
            return None if values is None else torch.from_numpy(values).permute(0, 3, 1, 2)

        passes = cls(model, preprocessing, crop, mark)
        for mirrored, (output, last) in found.items():
            passes._found[mirrored] = tensor(output), tensor(last)
        return passes

    @torch.no_grad()
    @plain_numerics()
    def _pass(self, mirrored: bool) -> tuple[Tensor | None, Tensor]:
        """Output (1, c, h', w') at the layer for attribution, and last map (1, C, h, w)."""
        with self._lock:
            if mirrored not in self._found:
                x = self.x.flip(-1) if mirrored else self.x
                if self.layer is None:
                    self._found[mirrored] = None, self._model.features(x)
                else:
                    output = self._model.until(x, self.layer)
                    self._found[mirrored] = output, self._model.onwards(output, self.layer)
            return self._found[mirrored]

    @property
    def last(self) -> Tensor:
        """The last feature map (1, C, h, w) of the crop: one pass."""
        return self._pass(False)[1]

    @property
    def pair(self) -> Tensor:
        """Outputs (2, c, h', w') at the layer for attribution, of the crop and of its mirror image: two passes."""
        straight, mirrored = self._pass(False)[0], self._pass(True)[0]
        assert straight is not None
        assert mirrored is not None
        return torch.cat([straight, mirrored])

    @property
    def pooled(self) -> Tensor:
        """Pooled features (C,) of the crop as it is: one pass."""
        return self.last.mean((-2, -1))[0]

    @property
    def features(self) -> Tensor:
        """Pooled features (C,): the mean over the crop and its mirror image, for lessons. Two passes."""
        return torch.cat([self._pass(m)[1].mean((-2, -1)) for m in (False, True)]).mean(0)
