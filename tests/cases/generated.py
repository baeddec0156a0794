"""Two thousand bad inputs from a seed: pictures, tables, archives, checkpoints and names, none may do harm.

    cd tests && python -m cases.generated          writes cases/generated.json

Run under a memory limit. Counts how each kind ends: read, or refused in a sentence. Anything else stops the run.
"""

import argparse
import io
import json
import resource
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from cases.made import REFUSED, SOUND, encoded, plain

from cfer.checkpoint import DEFAULT, CheckpointError
from cfer.data.check import describe
from cfer.data.readers import read_data
from cfer.evaluation.card import model_card
from cfer.lessons.names import LessonError, clean_name
from cfer.pictures import PictureError, read_picture
from cfer.reader import Reader

LIMIT = 6 << 30
"""Bytes of address space that everything must do with; torch alone takes about half of it."""
SHARES = {"pictures": 900, "tables": 400, "archives": 300, "checkpoints": 100, "names": 300}
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


MAKERS = {"pictures": picture, "tables": manifest, "archives": archive, "checkpoints": checkpoint, "names": name}


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
