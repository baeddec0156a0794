"""Two thousand bad inputs from a seed: pictures, tables, archives, checkpoints, names; and runs over changed data.

    cd tests && python -m cases.generated          writes cases/generated.json

Run under a memory limit. Counts how each kind ends: read, or refused in a sentence. Anything else stops the run: a run
that goes on over data that was changed, a copy of a picture in two parts, a forked process that waits for ever.
"""

import argparse
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cases.made import REFUSED, SOUND, encoded, plain

from cfer.checkpoint import DEFAULT, CheckpointError
from cfer.checkpoint.card import model_card
from cfer.data.check import describe
from cfer.data.readers import read_data
from cfer.data.samples import SampleTable
from cfer.data.splits import split_together
from cfer.features.table import extract_features, table_origin
from cfer.lessons.names import LessonError, clean_name
from cfer.network.backbone import BackboneConfig
from cfer.network.face_model import FaceModel
from cfer.network.preprocessing import Preprocessing
from cfer.pictures import PictureError, read_picture
from cfer.reading.reader import Reader, default_reader
from cfer.system.files import check_run_config

LIMIT = 6 << 30
"""Bytes of address space that everything must do with; torch alone takes about half of it."""
SHARES = {
    "pictures": 700,
    "tables": 350,
    "archives": 250,
    "checkpoints": 100,
    "names": 250,
    "changed runs": 200,
    "copies": 130,
    "forks": 20,
}
FORMS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF")
_WORDS = (
    *("path", "label", "person", "split", "happy", "sad", "a.png", "b.png", "train", "test", "fold9", "NaN", "", "\0"),
    *(
        "é",
        "'",
        '"',
        "\n",
        ";",
        "\t",
        ",",
        "\\",
        "../a.png",
        "/etc/hostname",
        "x" * 5000,
        "7",
        "-1",
        "happily surprised",
    ),
)


def spoilt(data: bytes, rng: np.random.Generator) -> bytes:
    """A file after what happens to files: bytes flipped, cut, doubled, swapped, or another's beginning."""
    raw = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if not raw:
            break
        at, kind = int(rng.integers(len(raw))), int(rng.integers(6))
        if kind == 0:
            raw[at] = int(rng.integers(256))
        elif kind == 1:
            del raw[at:]
        elif kind == 2:
            del raw[at : at + int(rng.integers(1, 50))]
        elif kind == 3:
            raw[at:at] = rng.integers(0, 256, int(rng.integers(1, 300)), dtype=np.uint8).tobytes()
        elif kind == 4:
            raw[at : at + 4] = int(rng.choice([0, 1, 2**31 - 1, 2**32 - 1])).to_bytes(
                4, str(rng.choice(["big", "little"]))
            )
        else:
            raw[: min(at, 12)] = encoded(str(rng.choice(FORMS)))[: min(at, 12)]
    return bytes(raw)


def picture(rng: np.random.Generator, folder: Path) -> None:
    """One picture file."""
    kinds = [f for k, f in SOUND.items() if "megapixels" not in k] + [make for make, _ in REFUSED.values()]
    pool = kinds[int(rng.integers(len(kinds)))] if rng.random() < 0.3 else lambda: encoded(str(rng.choice(FORMS)))
    path = folder / "a.bin"
    path.write_bytes(spoilt(pool(), rng))
    assert read_picture(path).dtype == np.uint8


def manifest(rng: np.random.Generator, folder: Path) -> None:
    """One table, read and described."""
    (folder / "a.png").write_bytes(encoded("PNG"))
    rows = ["path,label,person,split"] if rng.random() < 0.7 else []
    for _ in range(int(rng.integers(0, 6))):
        sane = [
            str(rng.choice(words)) for words in (("a.png", "b.png"), ("happy", "Sad", "bored"), ("p1", ""), ("", "dev"))
        ]
        wild = list(rng.choice(_WORDS, int(rng.integers(1, 6))))
        rows.append(",".join(sane if rng.random() < 0.6 else wild))
    data = "\n".join(rows).encode(str(rng.choice(["utf-8", "utf-16", "utf-8-sig"])))
    path = folder / "list.csv"
    path.write_bytes(spoilt(data, rng) if rng.random() < 0.4 else data)
    describe(read_data(path))


def archive(rng: np.random.Generator, folder: Path) -> None:
    """One zip, read and described."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as file:
        for number in range(int(rng.integers(1, 5))):
            top = str(
                rng.choice(["happy/", "set/sad/", "set\\fear\\", "train/anger/", "../", "/", "__MACOSX/happy/", "1/"])
            )
            file.writestr(f"{top}{number}.png", encoded("PNG", plain(20 + number)))
        if rng.random() < 0.3:
            file.writestr("fer2013new.csv", "Usage,Image name\n")
    path = folder / "a.zip"
    path.write_bytes(spoilt(buffer.getvalue(), rng) if rng.random() < 0.8 else buffer.getvalue())
    describe(read_data(path))


def checkpoint(rng: np.random.Generator, folder: Path) -> None:
    """One checkpoint whose configuration or files were changed."""
    place = folder / "checkpoint"
    shutil.copytree(DEFAULT, place, copy_function=_linked)
    path = place / "config.json"
    config: Any = json.loads(path.read_text())
    if rng.random() < 0.7:
        part, key = config, None
        while isinstance(part, dict) and part and (key is None or rng.random() < 0.5):
            key = str(rng.choice(sorted(part)))
            if isinstance(part[key], dict) and part[key] and rng.random() < 0.5:
                part = part[key]
                continue
            break
        values = [None, [], {}, "x", -1, 1e300, True, [[]], {"a": None}]
        if isinstance(part, dict) and key in part:
            part[key] = values[int(rng.integers(len(values)))]
        path.unlink()
        path.write_text(json.dumps(config))
    else:
        name = str(rng.choice(["config.json", "learner.safetensors", "checks.safetensors", "steps/00.safetensors"]))
        data = (place / name).read_bytes()
        (place / name).unlink()
        (place / name).write_bytes(spoilt(data, rng))
    reader = Reader(place)
    read = reader.read_crop(np.asarray(plain(120, 120)))
    read.explain(reader.names[-1])
    taught, _ = reader.teach("smirking", [read])
    assert model_card(taught.checkpoint)


def _linked(source: str, target: str) -> None:
    try:
        Path(target).hardlink_to(source)  # nothing is written into: a changed file is a new one
    except OSError:  # another disk
        shutil.copyfile(source, target)


def name(rng: np.random.Generator, folder: Path) -> None:
    """One name for a class, which must then do as a file's name."""
    signs = list("abcdefXYZ 019- " * 4 + "_.,:;/\\<>&'\"`{}|*?\0\t\n\u00e9\u0416\u96ea\u202e\U0001f642")
    text = "".join(rng.choice(signs, int(rng.integers(0, 50 if rng.random() < 0.1 else 12))))
    clean = clean_name(text, ("happy", "happily surprised"))
    (folder / f"overlay-{clean.replace(' ', '-')}.png").write_bytes(b"x")
    assert "," not in clean


def _people(folder: Path, rng: np.random.Generator, offset: int = 0) -> list[dict[str, str]]:
    """A few pictures of a few people with a manifest, as rows."""
    rows = []
    for number in range(int(rng.integers(4, 9))):
        (folder / f"{number}.png").write_bytes(encoded("PNG", plain(20 + offset + number)))
        rows.append({"path": f"{number}.png", "label": str(rng.choice(["happy", "sad"])), "person": f"p{number // 2}"})
    return rows


def _table(folder: Path, rows: list[dict[str, str]]) -> SampleTable:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (folder / "samples.csv").write_text("\n".join(lines))
    return read_data(folder, cropped=True)


def _change(rng: np.random.Generator, folder: Path, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows, or their pictures, after something was changed; sometimes nothing is."""
    kind, at = int(rng.integers(6)), int(rng.integers(len(rows)))
    changed = [dict(row) for row in rows]
    if kind == 0:
        changed[at]["label"] = "sad" if rows[at]["label"] == "happy" else "happy"
    elif kind == 1:
        changed[at]["person"] = "somebody else"
    elif kind == 2:
        (folder / rows[at]["path"]).write_bytes(encoded("PNG", plain(90)))
    elif kind == 3:
        changed.append(changed[at] | {"path": "new.png"})
        (folder / "new.png").write_bytes(encoded("PNG", plain(91)))
    elif kind == 4:
        del changed[at]
    return changed


def changed_run(rng: np.random.Generator, folder: Path) -> None:
    """A run that was begun, and the same folder again: the same data goes on, other data is refused or read anew."""
    (folder / "data").mkdir()
    rows = _people(folder / "data", rng)
    before = _table(folder / "data", rows)
    cache = folder / "features.safetensors"
    check_run_config(folder / "run", table_origin(before))
    first = extract_features(*TINY, before, Preprocessing(32, 16), cache)
    now = _table(folder / "data", _change(rng, folder / "data", rows))
    again = extract_features(*TINY, now, Preprocessing(32, 16), cache)
    same = table_origin(now) == table_origin(before)
    assert torch.equal(again.x, extract_features(*TINY, now, Preprocessing(32, 16)).x)
    assert torch.equal(first.x, again.x) or not same
    try:
        check_run_config(folder / "run", table_origin(now))
    except ValueError as error:
        assert not same
        raise PictureError(str(error)) from None
    assert same


def copies(rng: np.random.Generator, folder: Path) -> None:
    """Two or three data sets that have pictures in common: none stands in two parts."""
    tables = []
    for number in range(int(rng.integers(2, 4))):
        place = folder / str(number)
        place.mkdir()
        rows = _people(place, rng, offset=int(rng.integers(0, 6)))
        if rng.random() < 0.4:
            rows = [row | {"split": str(rng.choice(["train", "test", "dev"]))} for row in rows]
        tables.append(_table(place, rows))
    known = [s.content for t in tables for s in t.samples]
    learned = [str(c) for c in rng.choice(known, int(rng.integers(0, 3)))]
    found: dict[str, set[str | None]] = {}
    for table in split_together(
        tables, seed=int(rng.integers(5)), learned=learned, same_people=bool(rng.random() < 0.5)
    ):
        for sample in table.samples:
            found.setdefault(sample.content, set()).add(sample.split)
    assert all(len(parts) == 1 for parts in found.values())
    assert all(found.get(content, {"train"}) == {"train"} for content in learned)


def fork(rng: np.random.Generator, folder: Path) -> None:
    """A process that has read a face forks, and the child reads a picture."""
    path = folder / "a.bin"
    whole = encoded("JPEG", plain(64, 64))
    path.write_bytes(spoilt(whole, rng) if rng.random() < 0.5 else whole)
    assert default_reader().read_crop(np.asarray(plain(64, 64))).top
    child = os.fork()
    if not child:
        signal.alarm(60)  # one that waits for ever ends by a signal
        try:
            os._exit(0 if default_reader().read(path, already_cropped=True).faces[0].top else 1)
        except PictureError:
            os._exit(3)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 3}, code
    if code == 3:
        raise PictureError("The child could not read it.")


TINY = (FaceModel(BackboneConfig("test_efficientnet"), ("happy", "sad")).eval(),)
MAKERS = {"pictures": picture, "tables": manifest, "archives": archive, "checkpoints": checkpoint, "names": name}
MAKERS |= {"changed runs": changed_run, "copies": copies, "forks": fork}


def check_sentence(said: str) -> None:
    """A refusal says something, and not too much of it."""
    assert said
    assert len(said) < 600, said[:600]


def run(shares: dict[str, int], seed: int = 0) -> dict[str, dict[str, int]]:
    """Make inputs and count how they end.

    Raises:
        AssertionError: A file of the user's was changed or deleted.
        Exception: Whatever came out beside a refusal.
    """
    found: dict[str, dict[str, int]] = {}
    for kind, count in shares.items():
        ends: Counter[str] = Counter()
        for number in range(count):
            rng = np.random.default_rng([seed, list(SHARES).index(kind), number])
            with tempfile.TemporaryDirectory() as place:
                mine = Path(place) / "mine.txt"
                mine.write_text("mine")
                try:
                    MAKERS[kind](rng, Path(place))
                    ends["read"] += 1
                except (PictureError, CheckpointError, LessonError) as error:
                    check_sentence(str(error))
                    ends["refused"] += 1
                except Exception as error:
                    raise RuntimeError(f"{kind} {number} of seed {seed}") from error
                assert mine.read_text() == "mine"
        found[kind] = dict(sorted(ends.items()))
    return found


def main() -> None:
    """Run all under the limit and write the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    found = run(SHARES, arguments.seed)
    report = {
        "command": f"cd tests && python -m cases.generated --seed {arguments.seed}",
        "address_space_limit_gb": LIMIT >> 30,
        "inputs": sum(SHARES.values()),
        "other ends than read or refused": 0,
        "ends": found,
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
