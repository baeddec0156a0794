"""Thousands of pictures to one table: over several processes, a part at a time, going on where a stopped run was."""

import copy
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import torch

from cfer.batch.neutral_readers import NeutralReaders
from cfer.batch.parts import PART, Entry, Part, PartStore, key_of, picture_bytes
from cfer.batch.pictures import Listed
from cfer.batch.rows import Row, Rows, columns, read_faces
from cfer.batch.table import BatchError, check_table, write_table
from cfer.checkpoint import model_digest, save_checkpoint
from cfer.checkpoint.strengths import FILE as STRENGTHS
from cfer.faces.detect import NO_FACE
from cfer.network.face_model import FaceModel
from cfer.pictures import PictureError
from cfer.reading.reader import Reader
from cfer.system.files import check_run_config, save_tensors, tensor_digest
from cfer.system.output_folders import as_worker, check_run_folder, claimed
from cfer.system.processes import check_processes, worker_context
from cfer.system.provenance import code_digest, digest_of, digest_of_all

KIND, MAPS = "read", "read --maps"
CHECKPOINT = "checkpoint"
_MOST, _MOST_ON_A_GPU = 61, 2
"""Processes at most: Windows waits for no more than 61, and each that uses a GPU holds a copy of the model there."""


@dataclass(frozen=True)
class Done:
    """Counts of a finished batch: pictures read, failed and without a face.

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
class Settings:
    """Settings by which every part of a batch is read.

    Attributes:
        already_cropped: Take every picture for one face.
        maps: Folder for maps; None for none.
    """

    already_cropped: bool = False
    maps: Path | None = None


def read_many(
    pictures: Sequence[Listed],
    out: str | Path,
    reader: Reader,
    *,
    already_cropped: bool = False,
    maps: Path | None = None,
    processes: int = 1,
    tick: Callable[[int], object] = lambda _: None,
) -> Done:
    """Read pictures into a table, a row a face; see `cfer.batch.rows` for its columns.

    What is read is kept in a folder beside the table, OUT.partial, until the table is whole: a run that is stopped
    goes on there, and ends with the same table. What was read of a picture counts as long as its file holds the same;
    pictures that were added or replaced are read. No picture is kept, and no more than a part of them is in memory.

    Args:
        pictures: What to read; see `cfer.batch.list_pictures`.
        out: The table: .csv or .parquet.
        reader: Who reads.
        already_cropped: Take every picture for one face.
        maps: Folder for Grad-CAM maps of all classes: a safetensors file a part, "maps" (F, K, h, w) float16. The table
            then has the columns map_file and map_row.
        processes: How many read at once, each on one processor; a GPU is used where there is one.
        tick: Called with the number of pictures that were read, or had been.

    Raises:
        BatchError: The table exists, its kind is not known, what is beside it was begun with another checkpoint or
            other options, or processes cannot be started here.
        OutputError: A folder that would be written to is somebody else's.
    """
    out = Path(out)
    if isinstance(pictures, str | Path) or not all(isinstance(each, Listed) for each in pictures):
        raise BatchError('The pictures of a batch are what list_pictures gives: list_pictures(["album"]).')
    if not pictures:
        raise BatchError("There is no picture to read.")
    try:
        check_processes(processes)
    except ValueError as error:
        raise BatchError(str(error)) from None
    check_table(out)
    kept = out.with_name(f"{out.name}.partial")
    check_run_folder(kept, KIND)
    if maps is not None:
        check_run_folder(maps, MAPS)
    settings = Settings(already_cropped, maps)
    with claimed(kept, KIND), claimed(maps, MAPS) if maps else nullcontext():
        _check_same(kept, out, reader, settings)
        store = PartStore(kept, maps, columns(reader))
        missing = store.missing(pictures)
        found = len(pictures) - len(missing)
        tick(found)
        first = store.next_number
        parts = [Part(first + n, tuple(missing[at : at + PART])) for n, at in enumerate(range(0, len(missing), PART))]
        processes = min(processes, len(parts), _MOST_ON_A_GPU if torch.cuda.is_available() else _MOST)
        for part, entries in _read_parts(parts, reader, settings, processes, kept / CHECKPOINT):
            store.keep(part, entries)
            tick(len(part.pictures))
        failed, empty, faces = [], [], 0
        for rows in store.rows(pictures):
            faces += sum(row["face"] is not None for row in rows)
            empty += [row["path"] for row in rows if row["error"] == NO_FACE]
            failed += [(row["path"], row["error"]) for row in rows if row["error"] not in {None, NO_FACE}]
        write_table(store.rows(pictures), out, reader)
        if maps is not None:
            _only_used(maps, {row.get("map_file") for rows in store.rows(pictures) for row in rows})
    shutil.rmtree(kept)
    return Done(len(pictures), faces, found, tuple(empty), tuple(failed))


def _only_used(maps: Path, used: Collection[str | None]) -> None:
    """Delete files of maps that no row names: an earlier run's."""
    for path in maps.glob("[0-9]*.safetensors"):
        if path.name not in used:
            path.unlink()


def _check_same(kept: Path, out: Path, reader: Reader, settings: Settings) -> None:
    """See that what is kept was made with this model, by this code and with these settings."""
    config: dict[str, object] = {"checkpoint": _mark(reader.without_neutral())}
    config["adapted"] = reader.checkpoint.facts.adapted_from
    if reader.neutral_faces:
        config["neutral"] = [digest_of(face.crop.tobytes()) for face in reader.neutral_faces]
    config |= {"already cropped": settings.already_cropped, "maps": settings.maps and str(settings.maps.absolute())}
    config["code"] = code_digest("cfer.batch.rows", "cfer.batch.table")
    try:
        check_run_config(kept, config)
        if settings.maps is not None:
            check_run_config(settings.maps, config | {"table": str(out.absolute())})
    except ValueError:
        raise BatchError(
            f"{kept}, or the folder of maps, is of another table, or was begun with another checkpoint, other options, "
            "another version of cfer, or adapted to other faces or another neutral face. Run that one again if it was "
            "stopped, delete the folder, or choose another one."
        ) from None


def _mark(reader: Reader) -> str:
    """A digest of what a checkpoint reads with: its weights, its classes, its scale of action units and its sureness.

    Of one that is adapted, before it was: what comes of adapting differs in its last digits with the number of threads,
    and the faces that it was adapted to are compared instead.
    """
    checkpoint = reader.checkpoint
    plain = checkpoint.with_shift(None) if checkpoint.facts.adapted_from else checkpoint
    shift = None if plain.shift is None else tensor_digest(plain.shift)
    scale = checkpoint.measured.get(STRENGTHS, b"")
    return digest_of_all([model_digest(plain.model), plain.names, shift, scale, str(checkpoint.sureness)])


def _read_parts(
    parts: Sequence[Part], reader: Reader, settings: Settings, processes: int, place: Path
) -> Iterator[tuple[Part, list[Entry]]]:
    """Read parts, in order, over some processes, which load the checkpoint from a place of its own."""
    if processes <= 1:
        worker = _Worker(reader, settings)
        for part in parts:
            yield part, worker.read(part)
        return
    save_checkpoint(reader.latest.checkpoint, place, "")
    given = place, reader.steps - 1, settings
    pool = ProcessPoolExecutor(processes, worker_context(__name__), _prepare, given)
    try:
        yield from zip(parts, pool.map(_read, parts), strict=True)
    except BrokenProcessPool:
        raise BatchError(
            "A process ended before it was done: for want of memory, or, in a script, because what it does does not "
            "stand under `if __name__ == '__main__':`. What was read is kept: run it again, with fewer processes."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """Reads parts, on a GPU where there is one."""

    def __init__(self, reader: Reader, settings: Settings) -> None:
        self.reader, self.settings = reader, settings
        self.readers = NeutralReaders(reader, already_cropped=settings.already_cropped)
        self.model: FaceModel = reader.checkpoint.model
        if torch.cuda.is_available():
            self.model = copy.deepcopy(self.model).to("cuda")

    def read(self, part: Part) -> list[Entry]:
        """Read the pictures of a part; its maps are written, if they are wanted, before that is given."""
        settings, contents = self.settings, list[str]()
        each = [self._read(list(own), contents) for _, own in groupby(part.pictures, key=lambda p: p.neutral)]
        maps = [found.maps for found in each if found.maps is not None]
        read = Rows([row for found in each for row in found.rows], torch.cat(maps) if maps else None)
        rows = read.rows if settings.maps is None else self._with_maps(part, read, settings.maps)
        starts = [n for n, row in enumerate(rows) if row["face"] in (None, 0)] + [len(rows)]
        own = [rows[start:stop] for start, stop in pairwise(starts)]
        for number, (first, *_) in enumerate(own):
            if first["error"] not in (None, NO_FACE):
                contents[number] = ""  # a reason may lie in what is installed: tried again when the run goes on
        return [Entry(key_of(p), c, r) for p, c, r in zip(part.pictures, contents, own, strict=True)]

    def _read(self, pictures: list[Listed], contents: list[str]) -> Rows:
        """Read pictures of one person, or of everybody; what each holds is added to the contents."""
        reader = self.readers.of(pictures[0].neutral)

        def opened() -> Iterator[bytes | PictureError]:
            for picture in pictures:
                data = picture_bytes(picture)
                contents.append(digest_of(data) if isinstance(data, bytes) else "")
                yield reader if isinstance(reader, PictureError) else data

        own = self.reader if isinstance(reader, PictureError) else reader
        return read_faces(
            opened(),
            [p.name for p in pictures],
            own,
            already_cropped=self.settings.already_cropped,
            with_maps=self.settings.maps is not None,
            model=self.model if own is self.reader else None,
        )

    def _with_maps(self, part: Part, read: Rows, folder: Path) -> list[Row]:
        """Rows that say where their maps are, which are written."""
        name = f"{part.number:06d}.safetensors"
        with_face = [row for row in read.rows if row["face"] is not None]
        if read.maps is not None:
            facts = {"classes": list(self.reader.names), "faces": [[row["path"], row["face"]] for row in with_face]}
            save_tensors(folder / name, {"maps": read.maps}, facts)
        places: dict[int, int] = {id(row): n for n, row in enumerate(with_face)}
        return [
            {**row, "map_file": name if id(row) in places else None, "map_row": places.get(id(row))}
            for row in read.rows
        ]


_worker: _Worker | None = None


def _prepare(checkpoint: Path, step: int, settings: Settings) -> None:
    global _worker
    as_worker()
    torch.set_num_threads(1)
    _worker = _Worker(Reader(checkpoint).at_step(step), settings)


def _read(part: Part) -> list[Entry]:
    assert _worker is not None
    return _worker.read(part)
