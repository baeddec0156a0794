"""Fit the landmark readout of a backbone on some rendered people and measure it on others."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.data.samples import SampleTable
from cfer.features.pooled import crop_features
from cfer.features.rendered import load_rendered
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing

PENALTIES = (0.001, 0.01, 0.1, 1.0)
HELD_OUT = 0.2
"""Share of the people to fit with by whom the penalty is chosen."""
FITTED = "fitted_on"
"""What is known of a readout that was fitted here has the number of faces by this name."""
PARTS = {"jaw": range(17), "brows": range(17, 27), "nose": range(27, 36), "eyes": range(36, 48), "mouth": range(48, 68)}


@dataclass(frozen=True)
class RenderedFeatures:
    """Rendered faces as the backbone sees them, with what is known of them.

    Attributes:
        x: Pooled features (N, C).
        landmarks: True places (N, 68, 2), -1 to 1 over the crop.
        labels: What each face shows.
        people: Number (N,) of each face's person.
    """

    x: Tensor
    landmarks: Tensor
    labels: tuple[str, ...]
    people: Tensor


def rendered_features(model: FaceModel, preprocessing: Preprocessing, table: SampleTable) -> RenderedFeatures:
    """Features and truth of a data set of rendered faces, person by person."""
    faces = load_rendered(table, preprocessing, progress=True)
    x = crop_features(model, preprocessing, faces.pixels)
    samples = [table.samples[row] for row in faces.rows]
    names = sorted({s.group for s in samples})
    people = torch.tensor([names.index(s.group) for s in samples])
    return RenderedFeatures(x, faces.landmarks, tuple(str(s.label) for s in samples), people)


def fit_landmarks(features: Tensor, places: Tensor, penalty: float) -> LandmarkReadout:
    """Ridge regression (scikit-learn's) of places (N, 68, 2) on features (N, C), the offset free of the penalty.

    Args:
        features: Pooled.
        places: Columns and rows, -1 to 1 over the crop.
        penalty: Share of the features' mean scatter that is added to each.
    """
    from sklearn.linear_model import Ridge

    x = features.double()
    scatter = float(((x - x.mean(0)) ** 2).sum(0).mean())
    model = Ridge(alpha=penalty * scatter).fit(x.numpy(), places.flatten(1).double().numpy())
    return LandmarkReadout(torch.from_numpy(model.coef_).float(), torch.from_numpy(model.intercept_).float())


def normalised_error(found: Tensor, true: Tensor) -> Tensor:
    """Distance of every landmark (N, 68) over the distance between the eyes' outer corners."""
    eyes = (true[:, 36] - true[:, 45]).norm(dim=1)
    return (found - true).norm(dim=2) / eyes[:, None]


def landmark_errors(found: Tensor, true: Tensor, usual: Tensor) -> dict[str, Any]:
    """Mean errors of landmarks (N, 68, 2), altogether and by part of the face, beside those of a usual face (68, 2)."""
    off = normalised_error(found, true)
    return {
        "error": float(off.mean()),
        "error_by_part": {name: float(off[:, list(part)].mean()) for name, part in PARTS.items()},
        "within_10_percent": float((off.mean(1) < 0.1).float().mean()),
        "error_of_the_mean_shape": float(normalised_error(usual.expand_as(true), true).mean()),
    }


def measure_landmarks(
    fit: RenderedFeatures, test: RenderedFeatures, learned: LandmarkReadout | None = None
) -> tuple[LandmarkReadout, dict[str, Any]]:
    """Measure a readout that was learned with the backbone, or fit one first, its penalty chosen on the last people.

    Args:
        fit: Whose landmarks may be fitted to; their mean shape is what any readout has to beat.
        test: Whom it is measured on.
        learned: The readout, if the backbone came with one.

    Returns:
        The readout, and its errors as plain data.
    """
    readout, about = (learned, {"learned_with_the_backbone": True}) if learned else _fitted(fit)
    errors = landmark_errors(readout(test.x), test.landmarks, fit.landmarks.mean(0))
    return readout, about | {"tested_on": len(test.x)} | errors


def _fitted(fit: RenderedFeatures) -> tuple[LandmarkReadout, dict[str, Any]]:
    x, y = fit.x, fit.landmarks
    chosen = fit.people < round((int(fit.people.max()) + 1) * (1 - HELD_OUT))
    tried = {}
    for penalty in PENALTIES:
        readout = fit_landmarks(x[chosen], y[chosen], penalty)
        tried[str(penalty)] = float(normalised_error(readout(x[~chosen]), y[~chosen]).mean())
    penalty = min(tried, key=lambda p: tried[p])
    about = {FITTED: len(x), "penalties": tried, "penalty": float(penalty)}
    return fit_landmarks(x, y, float(penalty)), about
