"""Pictures to rows of a table: a row a face, with what it expresses and which muscles are at work.

This is the function that other people's engines call: it keeps nothing, and gives plain data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from cfer.batch.pictures import text_of
from cfer.explain.maps import maps_of
from cfer.faces.crops import FaceCrop, face_crops
from cfer.faces.detect import NO_FACE
from cfer.network.face_model import FaceModel
from cfer.network.modes import plain_numerics
from cfer.pictures import PictureError, decode_picture
from cfer.reading.answer import answers_of
from cfer.reading.reader import Picture, Reader, default_reader
from cfer.reading.teaching import check_listed

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

AT_ONCE = {"cpu": 4, "cuda": 64}
"""Faces that go through the network at once: a processor is slower at many, whose maps do not fit into its caches."""
_PLACES = ("x0", "y0", "x1", "y1")
_SAID = ("expression", "sureness", "family", "family_probability", "basis")
_NUMBERS = {*_PLACES, "score", "family_probability", "strangeness"}


@dataclass(frozen=True)
class Rows:
    """Rows of all pictures read.

    Attributes:
        rows: A row a face, the pictures in the order given and each one's largest face first. A picture without a
            face, or one that cannot be read, has one row, with what is the matter under "error".
        maps: (F, K, h, w) float16, Grad-CAM maps of all classes of the F rows with a face; None unless asked for.
    """

    rows: list[Row]
    maps: Tensor | None = None


def read_rows(
    pictures: Sequence[Picture],
    names: Sequence[str],
    *,
    reader: Reader | None = None,
    already_cropped: bool = False,
) -> list[Row]:
    """Read pictures: a row a face, of plain numbers and strings.

    Args:
        pictures: Paths, files' bytes, PIL images or arrays.
        names: What to call each in its rows.
        reader: Who reads; the project's own checkpoint, loaded once a process, by default.
        already_cropped: Take every picture for one face.

    Returns:
        Rows with the columns of `columns`; see `Rows.rows`. Nothing is raised for a picture that cannot be read.

    Raises:
        PictureError: Something else than lists was given, or lists of different lengths.
    """
    for what in (pictures, names):
        check_listed(what)
    pictures, names = list(pictures), [text_of(str(name)) for name in names]
    if len(pictures) != len(names):
        raise PictureError(
            f"There are {len(pictures):,} pictures and {len(names):,} names: each picture wants its own."
        )
    return read_faces(pictures, names, reader or default_reader(), already_cropped=already_cropped).rows


@plain_numerics()
def read_faces(
    pictures: Iterable[Picture | PictureError],
    names: Sequence[str],
    reader: Reader,
    *,
    already_cropped: bool = False,
    with_maps: bool = False,
    model: FaceModel | None = None,
) -> Rows:
    """As `read_rows`, with maps if they are wanted.

    Args:
        pictures: See `read_rows`, taken one after the other; an error stands for a picture that could not be had.
        names: See `read_rows`.
        reader: Who reads.
        already_cropped: See `read_rows`.
        with_maps: Whether to give maps.
        model: The reader's model on another device; its own by default.
    """
    rows: list[Row] = []
    crops: list[FaceCrop] = []
    for picture, name in zip(pictures, names, strict=True):
        try:
            if isinstance(picture, PictureError):
                raise picture
            found, error = face_crops(decode_picture(picture), already_cropped=already_cropped), NO_FACE
        except PictureError as problem:
            found, error = [], str(problem)
        if not found:
            rows.append({"path": name, "face": None, "error": error})
        for number, face in enumerate(found):
            rows.append({"path": name, "face": number, "error": None})
            crops.append(face)
    answers, maps = _answers(crops, reader, model or reader.checkpoint.model, with_maps)
    empty = dict.fromkeys(columns(reader))
    placed = iter(answers)
    whole = [{**empty, **row, **(next(placed) if row["face"] is not None else {})} for row in rows]
    return Rows(whole, maps)


def columns(reader: Reader) -> list[str]:
    """Names of a row's columns.

    Where it is: path, face (0 is the largest), x0, y0, x1, y1 (pixels of the picture as it was brought), score (the
    detector's), tiny (too few pixels to be read well). What it shows: expression (the likeliest), sureness, family,
    family_probability and basis (see `cfer.reading.answer.Answer`), p_... (the probability of every expression, were
    all equally frequent), AU.. (the strength of every action unit, 0 to 1), strangeness (0 to 1: the share of known
    faces that lie nearer to the others). And error, empty where all is well.
    """
    units = [f"AU{number:02d}" for number in reader.checkpoint.model.action_units]
    chances = [f"p_{name.replace(' ', '_')}" for name in reader.names]
    return ["path", "face", *_PLACES, "score", "tiny", *_SAID, *chances, *units, "strangeness", "error"]


def as_frame(rows: Sequence[Row], reader: Reader | None = None) -> "pd.DataFrame":
    """Rows as a pandas table with proper types: integers and truth values may be missing.

    Args:
        rows: What `read_rows` gave; no column of theirs is lost.
        reader: Who read them; by default the columns, and the expressions that there are, are taken from the rows.
    """
    import pandas as pd

    rows = list(rows)
    own = columns(reader or default_reader()) if reader or not rows else []
    names = list(dict.fromkeys((*own, *(name for row in rows for name in row))))
    frame = pd.DataFrame(list(rows), columns=names)
    words = {"path", "error", "map_file", "sureness", "family", "basis"}
    whole = {"face", "map_row"}
    kinds: dict[Any, Any] = dict.fromkeys(words & set(names), "string") | dict.fromkeys(whole & set(names), "Int32")
    expressions = [name.removeprefix("p_").replace("_", " ") for name in names if name.startswith("p_")]
    seen = dict.fromkeys(str(row["expression"]) for row in rows if row.get("expression") is not None)
    kinds |= {"tiny": "boolean", "expression": pd.CategoricalDtype(list(dict.fromkeys((*expressions, *seen))))}
    kinds |= {name: "float32" for name in names if name in _NUMBERS or name.startswith(("p_", "AU"))}
    return frame.astype({name: kind for name, kind in kinds.items() if name in names})


@torch.no_grad()
def _answers(
    crops: Sequence[FaceCrop], reader: Reader, model: FaceModel, with_maps: bool
) -> tuple[list[Row], Tensor | None]:
    """Answers for each face, some faces at a time, and maps (F, K, h, w) float16 if they are wanted."""
    device = next(model.parameters()).device
    names = columns(reader)[2:-1]
    found: list[Row] = []
    kept: list[Tensor] = []
    count = AT_ONCE.get(device.type, 16)
    for start in range(0, len(crops), count):
        part = crops[start : start + count]
        x = reader.checkpoint.preprocessing([c.crop for c in part]).to(device)  # (B, 3, S, S)
        seen = maps_of(model, model.features(x), reader.checkpoint.shift)
        features = seen.features.cpu()
        chances, said = answers_of(reader, seen.logits.cpu(), reader.checkpoint.as_learned(features))
        units = reader.unit_strengths(features).numpy()  # (B, U)
        known = reader.familiarity
        if with_maps:
            kept.append(seen.maps.half().cpu())
        for crop, answer, p, strengths, z in zip(part, said, chances.numpy(), units, features, strict=True):
            values: list[Any] = [*_rounded(crop.box, 1), round(crop.score, 4), crop.tiny, answer.label, answer.sureness]
            values += [" or ".join(answer.family), round(answer.family_probability, 4), answer.basis]
            values += [*_rounded(p, 6), *_rounded(strengths, 4)]
            values.append(None if known is None else round(known.strangeness(z), 4))
            found.append(dict(zip(names, values, strict=True)))
    return found, torch.cat(kept) if kept else None


def _rounded(values: Sequence[float] | np.ndarray, places: int) -> list[float]:
    return [round(float(v), places) for v in values]
