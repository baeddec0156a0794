"""Measure everything that belongs to a checkpoint, on rendered people and on photographs, and put that into it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from safetensors.torch import save

from cfer.checkpoint import Checkpoint, model_digest
from cfer.checkpoint.landmarks import FILE as LANDMARKS
from cfer.checkpoint.landmarks import LandmarkReadout
from cfer.checkpoint.strengths import FILE as STRENGTHS
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS
from cfer.explain.reference import FILE, MEAN_MAPS
from cfer.features.table import cache_path, extract_features, fingerprint
from cfer.measure.landmarks import FITTED, measure_landmarks, rendered_features
from cfer.measure.maps import read_faces
from cfer.measure.relations import measure_relations
from cfer.measure.strengths import check_parts, measure_strengths
from cfer.measure.summary import summarise, thumbnails
from cfer.synth.dataset import MANIFEST, Plan, render_folder
from cfer.system.processes import usable_cores
from cfer.system.provenance import code_digest, digest_of_all

FIT = Plan(80, per_class=2, first=6000)
"""People whom readouts are fitted to."""
ERRORS, STRENGTH_ERRORS = "landmarks.json", "strengths.json"
MEASURED_FIRST = 8000
"""Number of the first person to measure on; no training of the project's own uses people from here on."""


def measure(
    checkpoint: Checkpoint,
    folder: Path,
    people: int,
    *,
    photographs: SampleTable | None = None,
    processes: int | None = None,
    tell: Callable[[str], object] = lambda _: None,
) -> Checkpoint:
    """Render people, measure a checkpoint on them, and give it with the results among its measured files.

    Args:
        checkpoint: Left as it is.
        folder: The run's: rendered faces and what was measured of every compound; the same folder again goes on.
        people: How many to measure on.
        photographs: With teachers' answers and parts, to fit how strong action units are called there; without any,
            what an earlier measuring fitted stays.
        processes: How many render at once; one a core by default.
        tell: Called with a line for every part that is done.
    """
    strengths = photograph_strengths(checkpoint, folder, photographs, tell)
    cores = processes or usable_cores()
    render_folder(FIT, folder / "fit", cores)
    render_folder(Plan(people, first=MEASURED_FIRST), folder / "faces", cores)
    tell(f"rendered {FIT.people} people to fit to and {people} to measure on")
    test = read_data(folder / "faces" / MANIFEST)
    named = sorted({s.group for s in test.samples})[:people]
    test = test.only(s for s in test.samples if s.group in named)
    model, preprocessing = checkpoint.model, checkpoint.preprocessing.uncorrected
    fitted = read_data(folder / "fit" / MANIFEST)
    fit = rendered_features(model, preprocessing, fitted)
    readout, errors = measure_landmarks(fit, rendered_features(model, preprocessing, test), learned_readout(checkpoint))
    tell(f"landmarks: off by {100 * errors['error']:.1f} % of the distance between the eyes")
    files = strengths | {LANDMARKS: readout.to_bytes(), ERRORS: _json(errors)}

    faces = read_faces(test, preprocessing)
    seen = [fingerprint(test), fingerprint(fitted), model_digest(model), str(preprocessing), checkpoint.spec]
    kept = folder / f"relations-{digest_of_all([*seen, code_digest(__name__)])[:16]}"
    measured = {}
    for compound, found in measure_relations(checkpoint, faces, fit, kept):
        measured[compound] = found
        tell(f"related {compound}")
    if measured:
        maps = {
            f"{compound}/{kind}": found[f"maps/{kind}"].half()
            for compound, found in measured.items()
            for kind in (GRAD_CAM, INTEGRATED_GRADIENTS)
            if f"maps/{kind}" in found
        }
        files |= {FILE: _json(summarise(checkpoint, faces, measured)), MEAN_MAPS: save(maps)}
        for compound in measured:
            files |= thumbnails(faces, compound)
    return replace(checkpoint, measured=files)


def photograph_strengths(
    checkpoint: Checkpoint,
    folder: Path,
    photographs: SampleTable | None,
    tell: Callable[[str], object] = lambda _: None,
) -> dict[str, bytes]:
    """Measured files about the strengths of action units in photographs; see `measure`."""
    if photographs is None:
        return {name: checkpoint.measured[name] for name in (STRENGTHS, STRENGTH_ERRORS) if name in checkpoint.measured}
    check_parts(photographs)  # before their features are computed, and again of those with a face
    cache, preprocessing = cache_path(folder, photographs), checkpoint.preprocessing.uncorrected
    features = extract_features(checkpoint.model, photographs, preprocessing, cache, progress=True)
    found = measure_strengths(checkpoint, features)
    tell(f"action units in {found.errors['photographs']:,} photographs held against MediaPipe's")
    return {STRENGTHS: found.scale.to_bytes(), STRENGTH_ERRORS: _json(found.errors)}


def learned_readout(checkpoint: Checkpoint) -> LandmarkReadout | None:
    """The readout that came with the backbone, if any: not one that an earlier measuring fitted."""
    own, errors = checkpoint.measured.get(LANDMARKS), checkpoint.measured.get(ERRORS)
    if own is None or not checkpoint.model.action_units or (errors and FITTED in json.loads(errors)):
        return None
    return LandmarkReadout.from_bytes(own)


def _json(content: object) -> bytes:
    return (json.dumps(content, allow_nan=False) + "\n").encode()
