"""Data sets of rendered faces: planned from numbers alone, rendered in memory or into a folder."""

import csv
import io
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cfer.data.copies import with_contents
from cfer.data.manifest import MANIFEST
from cfer.data.samples import Sample, SampleTable
from cfer.emotions import EXPRESSIONS
from cfer.pictures import read_picture
from cfer.synth.figure import build_figure
from cfer.synth.performance import FREE, LEVELS, Performance
from cfer.synth.render import render
from cfer.synth.scene import Scene
from cfer.synth.truth import Truth, encode_truth
from cfer.system.files import write_bytes, write_text
from cfer.system.output_folders import MARKER, as_worker, check_run_folder, claimed, entries
from cfer.system.processes import check_processes
from cfer.system.provenance import digest_of

PLAN = "plan.json"
KIND = "synth"
VERSION = 1  # of the renderer: raised when the same numbers begin to give other pictures
_QUALITY = 92  # of the JPEG files


@dataclass(frozen=True)
class Shot:
    """One picture to take.

    Attributes:
        person: Number of the person, which is its seed.
        expression: Name in the vocabulary, or `FREE`.
        take: Number of the picture among those of this person and expression.
    """

    person: int
    expression: str
    take: int

    @property
    def name(self) -> str:
        """Path without suffix: "person-00012/happily-surprised-0"."""
        return f"person-{self.person:05d}/{self.expression.replace(' ', '-')}-{self.take}"


@dataclass(frozen=True)
class Taken:
    """A rendered picture.

    Attributes:
        shot: What it shows.
        picture: JPEG file.
        truth: What `cfer.synth.truth.read_truth` reads.
    """

    shot: Shot
    picture: bytes
    truth: bytes


@dataclass(frozen=True)
class Plan:
    """Plan of the pictures that a data set holds. The same plan gives the same pictures.

    Attributes:
        people: Number of people.
        per_class: Pictures of each person in each class.
        first: Number of the first person; data sets with other numbers share nobody.
        classes: The expressions.
        size: Pixels a side.
        level: FACS intensity "a" to "e" of the required units, or None for a mixture of d and e.
        free: Further pictures of each person, of action units drawn without any expression in mind; they have no label.
    """

    people: int
    per_class: int = 1
    first: int = 0
    classes: tuple[str, ...] = tuple(EXPRESSIONS)
    size: int = 224
    level: str | None = None
    free: int = 0

    def __post_init__(self) -> None:
        """Check what can be rendered.

        Raises:
            ValueError: A size that is no multiple of 4, or an unknown intensity or expression.
        """
        if self.size % 4:
            raise ValueError(f"The size must be a multiple of 4, not {self.size}.")
        if self.level is not None and self.level not in LEVELS:
            raise ValueError(f"There is no intensity {self.level!r}; there are {', '.join(LEVELS)}.")
        if strange := set(self.classes) - set(EXPRESSIONS):
            raise ValueError(f"There is no expression {sorted(strange)[0]!r}.")

    def shots(self) -> list[Shot]:
        """List the pictures, person by person."""
        people = range(self.first, self.first + self.people)
        takes = [*((c, self.per_class) for c in self.classes), (FREE, self.free)]
        return [Shot(p, c, t) for p in people for c, number in takes for t in range(number)]


def take(shot: Shot, size: int = 224, level: str | None = None) -> tuple[np.ndarray, Truth]:
    """Render one picture, (size, size, 3) uint8, and its truth."""
    free = shot.expression == FREE
    number = len(EXPRESSIONS) if free else list(EXPRESSIONS).index(shot.expression)
    rng = np.random.default_rng([shot.person, number, shot.take, 7])
    performance = Performance.sample_free(rng) if free else Performance.sample(shot.expression, rng, level)
    return render(build_figure(shot.person), performance, Scene.sample(int(rng.integers(2**31))), size)


def take_all(plan: Plan, shots: list[Shot], processes: int = 1) -> Iterator[Taken]:
    """Render many pictures, as JPEG files, one process a core; people are not split between processes.

    Yields:
        The pictures, person by person, in no fixed order of people.

    Raises:
        ValueError: No processes can be started here.
    """
    people: dict[int, list[Shot]] = {}
    for shot in shots:
        people.setdefault(shot.person, []).append(shot)
    jobs = [(group, plan.size, plan.level) for group in people.values()]
    if processes <= 1 or len(jobs) <= 1:
        for job in jobs:
            yield from _take_person(job)
        return
    check_processes(processes)
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(processes, len(jobs)), as_worker) as pool:
        for taken in pool.imap_unordered(_take_person_whole, jobs):
            yield from taken


def _take_person(job: tuple[list[Shot], int, str | None]) -> Iterator[Taken]:
    shots, size, level = job
    for shot in shots:
        picture, truth = take(shot, size, level)
        coded = io.BytesIO()
        Image.fromarray(picture).save(coded, "JPEG", quality=_QUALITY)
        yield Taken(shot, coded.getvalue(), encode_truth(truth))


def _take_person_whole(job: tuple[list[Shot], int, str | None]) -> list[Taken]:
    return list(_take_person(job))


@dataclass(frozen=True)
class MemorySource:
    """Rendered pictures in memory.

    Attributes:
        files: Pictures and truths by path.
    """

    files: dict[str, bytes]

    def read(self, path: str) -> np.ndarray:
        """See `cfer.data.samples.PictureSource.read`."""
        return read_picture(self.files[path])

    def names(self) -> frozenset[str]:
        """See `cfer.data.samples.PictureSource.names`."""
        return frozenset(self.files)

    def read_text(self, path: str) -> str:
        """There are no text files."""
        raise FileNotFoundError(path)

    def read_bytes(self, path: str) -> bytes:
        """See `cfer.data.samples.PictureSource.read_bytes`."""
        return self.files[path]

    def passed_over(self) -> tuple[str, ...]:
        """Nothing is."""
        return ()

    def digests(self, paths: Sequence[str]) -> list[str]:
        """See `cfer.data.samples.PictureSource.digests`."""
        return [digest_of(self.files[p]) for p in paths]


def render_table(plan: Plan, processes: int = 1, tick: Callable[[], object] = lambda: None) -> SampleTable:
    """Render a whole data set into memory (about 25 kB a picture with its truth), without writing anything.

    Args:
        plan: What to render.
        processes: How many processes render.
        tick: Called after every picture.
    """
    files, samples = {}, []
    for taken in take_all(plan, plan.shots(), processes):
        sample = _sample(taken.shot)
        files |= {sample.path: taken.picture, str(sample.truth): taken.truth}
        samples.append(sample)
        tick()
    samples.sort(key=lambda s: s.path)
    source = MemorySource(files)
    return SampleTable("rendered faces", with_contents(samples, source), source)


def render_folder(plan: Plan, out: Path, processes: int = 1, tick: Callable[[int], object] = lambda _: None) -> int:
    """Render a data set into a folder; what is there already is kept, so that a stopped run goes on where it was.

    A picture is `person-00012/happy-0.jpg`, its truth `person-00012/happy-0.truth.png`, and `samples.csv` lists all
    that are complete.

    Args:
        plan: What to render.
        out: The folder; it is made if need be.
        processes: How many processes render.
        tick: Called with the number of pictures that were added or found.

    Returns:
        How many pictures were there already.

    Raises:
        ValueError: The folder holds pictures of another plan.
    """
    note = out / PLAN
    said = {"version": VERSION, "size": plan.size, "level": plan.level}
    check_rendered_folder(out)
    found = _plan_of(note)
    if found is not None and found != said:
        raise ValueError(f"{out} holds pictures of another kind: {found}; this run would add {said}.")
    with claimed(out, KIND, check=False):
        write_text(note, json.dumps(said) + "\n")
        return _render_missing(plan, out, processes, tick)


def check_rendered_folder(out: Path) -> None:
    """See that pictures may be rendered into a folder: missing, empty, or one that pictures were rendered into.

    Raises:
        OutputError: It holds something else.
    """
    if not ((out / PLAN).is_file() and set(entries(out)) <= {PLAN, MARKER, MANIFEST} | _people(out)):
        check_run_folder(out, KIND)


def _people(out: Path) -> set[str]:
    return {p.name for p in out.glob("person-*")}


def _plan_of(note: Path) -> dict[str, object] | None:
    """Plan of a folder; None where there is none, or one that was cut off and is written again."""
    try:
        return dict(json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _render_missing(plan: Plan, out: Path, processes: int, tick: Callable[[int], object]) -> int:
    shots = plan.shots()
    missing = [s for s in shots if not all(_is_there(out / f"{s.name}{end}") for end in (".jpg", ".truth.png"))]
    tick(len(shots) - len(missing))
    for taken in take_all(plan, missing, processes):
        picture = out / f"{taken.shot.name}.jpg"
        for data, final in ((taken.truth, picture.with_suffix(".truth.png")), (taken.picture, picture)):
            write_bytes(final, data)  # the picture last: one that exists is whole and has its truth
        tick(1)
    _write_manifest(out)
    return len(shots) - len(missing)


def _is_there(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _sample(shot: Shot) -> Sample:
    person = f"person-{shot.person:05d}"
    label = None if shot.expression == FREE else shot.expression
    truth = shot.name + ".truth.png"
    return Sample(shot.name + ".jpg", label, person=person, group=person, truth=truth)


def _write_manifest(out: Path) -> None:
    names = {name.replace(" ", "-"): name for name in EXPRESSIONS} | {FREE: ""}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["path", "label", "person", "truth"])
    for picture in sorted(out.glob("person-*/*.jpg")):
        path, truth = picture.relative_to(out).as_posix(), picture.with_suffix(".truth.png")
        label = names.get(picture.stem.rsplit("-", 1)[0])
        if label is not None and truth.is_file():
            writer.writerow([path, label, picture.parent.name, truth.relative_to(out).as_posix()])
    write_text(out / MANIFEST, text.getvalue())
