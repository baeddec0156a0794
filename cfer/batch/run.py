"""Thousands of pictures to one table: over several processes, a part at a time, going on where a stopped run was."""

import copy
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import torch

from cfer.batch.pictures import Listed
from cfer.batch.rows import Row, read_faces
from cfer.batch.table import BatchError, check_table, write_table
from cfer.checkpoint import save_checkpoint
from cfer.checkpoint.strengths import FILE as STRENGTHS
from cfer.cores import worker_context
from cfer.faces.detect import NO_FACE
from cfer.files import check_run_config, save_tensors, write_json
from cfer.model import FaceModel
from cfer.outputs import as_worker, check_run_folder, claimed
from cfer.pictures import PictureError
from cfer.reader import Reader

KIND, MAPS = "read", "read --maps"
CHECKPOINT = "checkpoint"
PART = 32
"""Pictures that are read, and kept, together."""
_MOST, _MOST_ON_A_GPU = 61, 2
"""Processes at most: Windows waits for no more than 61, and each that uses a GPU holds a copy of the model there."""


@dataclass(frozen=True)
class Done:
    """What became of the pictures.

    Attributes:
        pictures: How many there were.
        faces: How many faces are in the table.
        found: How many pictures had been read by an earlier run that was stopped.
        empty: Names of pictures in which no face was found.
        failed: Name and reason of every picture that could not be read.
    """

    pictures: int
    faces: int
    found: int
    empty: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Part:
    """Some of the pictures.

    Attributes:
        number: Its place among the parts.
        pictures: Which.
    """

    number: int
    pictures: tuple[Listed, ...]


@dataclass(frozen=True)
class Settings:
    """How every part is read.

    Attributes:
        already_cropped: Take every picture for one face.
        maps: Folder for maps; None for none.
    """

    already_cropped: bool = False
    maps: Path | None = None


def read_many(
    pictures: Sequence[Listed],
    out: Path,
    reader: Reader,
    *,
    already_cropped: bool = False,
    maps: Path | None = None,
    processes: int = 1,
    tick: Callable[[int], object] = lambda _: None,
) -> Done:
    """Read pictures into a table, a row a face; see `cfer.batch.rows` for its columns.

    What is read is kept in a folder beside the table, OUT.partial, until the table is whole: a run that is stopped
    goes on there, and ends with the same table. No picture is kept, and no more than a part of them is in memory.

    Args:
        pictures: What to read.
        out: The table: .csv or .parquet.
        reader: Who reads.
        already_cropped: Take every picture for one face.
        maps: Folder for Grad-CAM maps of all classes: a safetensors file a part, "maps" (F, K, h, w) float16. The table
            then has the columns map_file and map_row.
        processes: How many read at once, each on one processor; a GPU is used where there is one.
        tick: Called with the number of pictures that were read, or had been.

    Raises:
        BatchError: The table exists, its kind is not known, or what is beside it is of another run.
        OutputError: A folder that would be written to is somebody else's.
    """
    check_table(out)
    kept = out.with_name(f"{out.name}.partial")
    check_run_folder(kept, KIND)
    if maps is not None:
        check_run_folder(maps, MAPS)
    settings = Settings(already_cropped, maps)
    parts = [Part(n, tuple(pictures[start : start + PART])) for n, start in enumerate(range(0, len(pictures), PART))]
    with claimed(kept, KIND), claimed(maps, MAPS) if maps else nullcontext():
        _check_same(kept, pictures, reader, settings)
        missing = [part for part in parts if not _is_done(kept, part.number, maps)]
        found = len(pictures) - sum(len(part.pictures) for part in missing)
        tick(found)
        processes = min(processes, len(missing), _MOST_ON_A_GPU if torch.cuda.is_available() else _MOST)
        for part, rows in _read_parts(missing, reader, settings, processes, kept / CHECKPOINT):
            write_json(_file(kept, part.number), rows, indent=None)
            tick(len(part.pictures))
        failed, empty, faces = [], [], 0
        for rows in _rows(kept, len(parts)):
            faces += sum(row["face"] is not None for row in rows)
            empty += [row["path"] for row in rows if row["error"] == NO_FACE]
            failed += [(row["path"], row["error"]) for row in rows if row["error"] not in {None, NO_FACE}]
        write_table(_rows(kept, len(parts)), out, reader, with_maps=maps is not None)
    shutil.rmtree(kept)
    return Done(len(pictures), faces, found, tuple(empty), tuple(failed))


def _file(kept: Path, number: int) -> Path:
    return kept / f"{number:06d}.json"


def _is_done(kept: Path, number: int, maps: Path | None) -> bool:
    """Whether a part was read, and its maps are there where they are wanted."""
    file = _file(kept, number)
    if not file.is_file():
        return False
    rows = json.loads(file.read_text(encoding="utf-8")) if maps is not None else []
    return all(maps is None or not row["map_file"] or (maps / row["map_file"]).is_file() for row in rows)


def _rows(kept: Path, parts: int) -> Iterator[list[Row]]:
    """The rows of every part, in order, a part in memory at a time."""
    for number in range(parts):
        yield json.loads(_file(kept, number).read_text(encoding="utf-8"))


def _check_same(kept: Path, pictures: Sequence[Listed], reader: Reader, settings: Settings) -> None:
    """See that what is kept is of these pictures, this model and these settings."""
    marks = "\n".join(f"{p.name}\0{p.file.absolute()}\0{p.inside}" for p in pictures)
    names = sha256(marks.encode("utf-8", "surrogateescape")).hexdigest()
    config: dict[str, object] = {"model": reader.digest, "shift": _mark(reader), "pictures": names, "part": PART}
    config |= {"already_cropped": settings.already_cropped, "maps": settings.maps and str(settings.maps)}
    try:
        check_run_config(kept, config)
        if settings.maps is not None:
            check_run_config(settings.maps, config)
    except ValueError:
        raise BatchError(
            f"{kept}, or the folder of maps, is from a run over other pictures, with another checkpoint or other "
            "options. Run that one again if it was stopped, delete the folder, or choose another one."
        ) from None


def _mark(reader: Reader) -> str:
    """A mark of what a checkpoint was adapted to, and of its scale of action units, which the weights do not show."""
    shift, scale = reader.checkpoint.shift, reader.checkpoint.measured.get(STRENGTHS, b"")
    return sha256((b"" if shift is None else shift.numpy().tobytes()) + scale).hexdigest()


def _read_parts(
    parts: Sequence[Part], reader: Reader, settings: Settings, processes: int, place: Path
) -> Iterator[tuple[Part, list[Row]]]:
    """Read parts, in order, over some processes, which load the checkpoint from a place of its own."""
    if processes <= 1:
        worker = _Worker(reader, settings)
        for part in parts:
            yield part, worker.read(part)
        return
    save_checkpoint(reader.checkpoint, place, "")
    pool = ProcessPoolExecutor(processes, worker_context(__name__), _prepare, (place, settings))
    try:
        yield from zip(parts, pool.map(_read, parts), strict=True)
    except BrokenProcessPool:
        raise BatchError(
            "A process ended before it was done, perhaps for want of memory. What was read is kept: run it again, with "
            "fewer --processes."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """Reads parts, on a GPU where there is one."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self.reader, self.settings = reader, settings
        self.model: FaceModel = reader.checkpoint.model
        if torch.cuda.is_available():
            self.model = copy.deepcopy(self.model).to("cuda")

    def read(self, part: Part) -> list[Row]:
        """Rows of a part; its maps are written, if they are wanted, before the rows are given."""
        settings = self.settings
        read = read_faces(
            (_opened(p) for p in part.pictures),
            [p.name for p in part.pictures],
            self.reader,
            already_cropped=settings.already_cropped,
            with_maps=settings.maps is not None,
            model=self.model,
        )
        if settings.maps is None:
            return read.rows
        name = f"{part.number:06d}.safetensors"
        with_face = [row for row in read.rows if row["face"] is not None]
        if read.maps is not None:
            facts = {"classes": list(self.reader.names), "faces": [[row["path"], row["face"]] for row in with_face]}
            save_tensors(settings.maps / name, {"maps": read.maps}, facts)
        places: dict[int, int] = {id(row): n for n, row in enumerate(with_face)}
        return [
            {**row, "map_file": name if id(row) in places else None, "map_row": places.get(id(row))}
            for row in read.rows
        ]


def _opened(picture: Listed) -> Path | bytes | PictureError:
    """A picture as `read_faces` takes it: an error where an archive does not give it."""
    try:
        return picture.open()
    except PictureError as error:
        return error


_worker: _Worker | None = None


def _prepare(checkpoint: Path, settings: Settings) -> None:
    global _worker
    as_worker()
    torch.set_num_threads(1)
    _worker = _Worker(Reader(checkpoint), settings)


def _read(part: Part) -> list[Row]:
    assert _worker is not None
    return _worker.read(part)
