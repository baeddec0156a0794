"""Small generated inputs of the kinds that people bring: each a name and how to make it."""

import io
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo


def plain(width: int = 40, height: int = 32) -> Image.Image:
    """A picture with structure, of nobody."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 5 % 256, y * 7 % 256, (x + y) * 3 % 256], -1).astype(np.uint8))


def encoded(form: str, image: Image.Image | None = None, **options: object) -> bytes:
    """A picture file's bytes."""
    buffer = io.BytesIO()
    (image or plain()).save(buffer, form, **options)
    return buffer.getvalue()


def _exif(odd: bytes) -> bytes:
    """EXIF that says "turned by 90 degrees" and has one more, odd entry."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    return b"Exif\0\0II*\0\x08\0\0\0\x02\0" + entry + odd + b"\0\0\0\0"


def _heic() -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(plain(64, 64)).save(buffer)
    return buffer.getvalue()


def _long_png(zipped: bool) -> bytes:
    info = PngInfo()
    info.add_text("prompt", "x" * 2_000_000, zip=zipped)
    return encoded("PNG", pnginfo=info)


def _twelve_bits() -> bytes:
    ramp = np.linspace(0, 4095, 32 * 32).reshape(32, 32).astype(np.uint16)
    return encoded("PNG", Image.fromarray(ramp))


SOUND: dict[str, Callable[[], bytes]] = {
    "an odd tag beside the orientation": lambda: encoded(
        "JPEG", exif=_exif(struct.pack("<HHII", 0x9286, 2, 5 * 10**7, 6 * 10**7))
    ),
    "a fraction with nothing in it": lambda: encoded("JPEG", exif=_exif(struct.pack("<HHII", 0x011A, 5, 1, 0))),
    "two megabytes of text": lambda: _long_png(False),
    "two megabytes of packed text": lambda: _long_png(True),
    "a JPEG without its last byte": lambda: encoded("JPEG")[:-1],
    "a JPEG without its end": lambda: encoded("JPEG")[:-2],
    "a progressive JPEG without its last byte": lambda: encoded("JPEG", progressive=True)[:-1],
    "a PNG without its last byte": lambda: encoded("PNG")[:-1],
    "a WebP without its last byte": lambda: encoded("WEBP")[:-1],
    "HEIC": _heic,
    "AVIF": lambda: encoded("AVIF"),
    "twelve bits of grey in sixteen": _twelve_bits,
    "forty-eight megapixels": lambda: encoded("JPEG", Image.new("RGB", (8000, 6000), (90, 120, 150))),
    "two pictures in one file (MPO)": lambda: encoded("MPO", save_all=True, append_images=[plain()]),
}
"""Picture files that can be read."""

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "half a JPEG": (lambda: encoded("JPEG")[: len(encoded("JPEG")) // 2], "damaged"),
    "half a PNG": (lambda: encoded("PNG")[: len(encoded("PNG")) // 2], "damaged"),
    "text": (lambda: b"hello, I am a letter", "not a picture"),
    "a page": (lambda: b"<!doctype html><title>404</title>", "not a picture"),
    "a git-lfs placeholder": (
        lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        "git lfs pull",
    ),
    "a video": (lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(200), "video"),
    "far too large": (lambda: encoded("PNG", Image.new("1", (30_000, 30_000))), "too large"),
}
"""Files that cannot be, and a word of why."""


def _archive(path: Path, files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def _spoilt(path: Path, change: Callable[[bytearray], None]) -> Path:
    _archive(path, {"happy/1.png": encoded("PNG"), "sad/2.png": encoded("PNG", plain(44))}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


def _flip_content(data: bytearray) -> None:
    data[data.find(b"IDAT") + 6] ^= 0xFF


def _lock(data: bytearray) -> None:
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 4)


def _strange_packing(data: bytearray) -> None:
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = data.find(mark)
        while place >= 0:
            data[place + at : place + at + 2] = (19).to_bytes(2, "little")
            place = data.find(mark, place + 4)


BAD_ENTRY: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a bad checksum": (lambda d: _spoilt(d / "a.zip", _flip_content), "damaged"),
    "a password": (lambda d: _spoilt(d / "a.zip", _lock), "password"),
    "an unknown packing": (lambda d: _spoilt(d / "a.zip", _strange_packing), "not known here"),
}
"""Archives whose list can be read but whose pictures cannot."""


def tree(root: Path, *paths: str) -> Path:
    """Pictures at these paths, each another one; or what stands behind a "=" in the path."""
    for number, path in enumerate(paths):
        name, _, content = path.partition("=")
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if content else encoded("PNG", plain(40 + number)))
    return root


def table(root: Path, text: str | bytes, *pictures: str, name: str = "list.csv") -> Path:
    """A manifest beside pictures."""
    tree(root, *pictures)
    path = root / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


_VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def ferplus(root: Path, *rows: str) -> Path:
    """FER+ with these rows after the header."""
    tree(root, "FER2013Train/fer0000000.png")
    (root / "fer2013new.csv").write_text(_VOTES + "".join(row + "\n" for row in rows))
    return root


def again(root: Path, folder: str, name: str) -> Path:
    """A tree with a copy of one of its folders."""
    shutil.copytree(root / folder, root / name)
    return root


LETTERS = ("a.png", "b.png", "c.png")

DATA_REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a folder with five files and no picture": (
        lambda d: tree(d, *(f"{n}.txt=x" for n in range(5))),
        r"no picture; it holds 5 other files \(5 \.txt\)",
    ),
    "an empty folder": (lambda d: d, "is empty"),
    "numbered class folders": (lambda d: tree(d, "1/a.png", "7/b.png"), "do not agree what numbers mean"),
    "folders of other classes": (lambda d: tree(d, "cats/a.png", "dogs/b.png"), "'cats', 'dogs'"),
    "a header and no row": (lambda d: table(d, "path,label\n"), "a header and no row"),
    "an empty table": (lambda d: table(d, ""), "is empty"),
    "no table at all": (lambda d: table(d, bytes(range(256))), "not a text file"),
    "labels nobody knows": (lambda d: table(d, "path,label\na.png,bored\n", "a.png"), "they say 'bored'"),
    "pictures that are not there": (lambda d: table(d, "path,label\nx/a.png,happy\n"), "relative to the folder"),
    "two columns of one name": (
        lambda d: table(d, "path,label,Label\na.png,happy,sad\n", "a.png"),
        "2 columns called 'label'. Rename or remove one",
    ),
    "a part nobody knows": (
        lambda d: table(d, "path,label,split\na.png,happy,fold3\n", "a.png"),
        r"line 2: the part 'fold3' is not known",
    ),
    "FER+ with a usage nobody knows": (
        lambda d: ferplus(d, "Train,fer0000000.png,9,1,0,0,0,0,0,0,0,0"),
        "line 2: the usage 'Train'",
    ),
    "FER+ with votes that are no numbers": (
        lambda d: ferplus(d, "Training,fer0000000.png,9,x,0,0,0,0,0,0,0,0"),
        "line 2: 'happiness' should be a number",
    ),
    "FER+ with a short row": (lambda d: ferplus(d, "Training,fer0000000.png,9"), "line 2: 'happiness' should"),
    "FER+ without its pictures": (lambda d: ferplus(d, "Training,fer0000009.png,9,1,0,0,0,0,0,0,0,0"), "None of the"),
    "RAF-DB with an empty list": (lambda d: tree(d, "EmoLabel/list_patition_label.txt=\n"), "is empty"),
    "RAF-DB with a name of no part": (
        lambda d: tree(d, "EmoLabel/list_patition_label.txt=a.jpg 1", "Image/original/a.jpg"),
        "should begin with 'train' or 'test'",
    ),
    "a zip that is none": (lambda d: tree(d, "a.zip=nothing") / "a.zip", "damaged or no zip"),
}
"""Data sets that cannot be used, and what is said."""

DATA_READ: dict[str, tuple[Callable[[Path], Path], dict[str, tuple[str, str | None, str | None]], str]] = {
    "Windows-1252": (
        lambda d: table(d, "path,label,person\nb\xe4r.png,happy,J\xf6rg\n".encode("cp1252"), "bär.png"),
        {"bär.png": ("happy", "Jörg", None)},
        "Windows-1252",
    ),
    "UTF-16": (
        lambda d: table(d, "path,label\na.png,happy\n".encode("utf-16"), "a.png"),
        {"a.png": ("happy", None, None)},
        "UTF-16",
    ),
    "semicolons": (
        lambda d: table(d, "path;label\na.png;happy\n", "a.png"),
        {"a.png": ("happy", None, None)},
        "semicolons",
    ),
    "tabs": (
        lambda d: table(d, "path\tlabel\na.png\tsad\n", "a.png", name="list.tsv"),
        {"a.png": ("sad", None, None)},
        "tabs",
    ),
    "Windows paths": (
        lambda d: table(d, "path,label\nx\\a.png,happy\n", "x/a.png"),
        {"x/a.png": ("happy", None, None)},
        "",
    ),
    "a long field": (
        lambda d: table(d, f"path,label,remark\na.png,happy,{'x' * 300_000}\n", "a.png"),
        {"a.png": ("happy", None, None)},
        "",
    ),
    "a folder named x.csv": (
        lambda d: tree(d / "x.csv", "happy/a.png"),
        {"happy/a.png": ("happy", None, None)},
        "",
    ),
    "FER2013's words for parts": (
        lambda d: table(
            d,
            "path,label,usage\na.png,happy,Training\nb.png,sad,PublicTest\nc.png,sad,PrivateTest\n",
            *("a.png", "b.png", "c.png"),
        ),
        {"a.png": ("happy", None, "train"), "b.png": ("sad", None, "validation"), "c.png": ("sad", None, "test")},
        "",
    ),
    "other words for parts": (
        lambda d: table(
            d,
            "path,label,split\na.png,happy,DEV\nb.png,sad,hold-out\nc.png,sad,Testing\nd.png,sad,learn\n",
            *("a.png", "b.png", "c.png", "d.png"),
        ),
        {
            "a.png": ("happy", None, "validation"),
            "b.png": ("sad", None, "test"),
            "c.png": ("sad", None, "test"),
            "d.png": ("sad", None, "train"),
        },
        "",
    ),
    "rows in no part while others are": (
        lambda d: table(d, "path,label,split\na.png,happy,test\nb.png,sad,\n", "a.png", "b.png"),
        {"a.png": ("happy", None, "test")},
        "in no part while others are",
    ),
    "people called NaN": (
        lambda d: table(d, "path,label,person\na.png,happy,NaN\nb.png,sad,unknown\n", "a.png", "b.png"),
        {"a.png": ("happy", None, None), "b.png": ("sad", None, None)},
        "",
    ),
    "repeated rows": (
        lambda d: table(d, "path,label\na.png,happy\na.png,happy\nb.png,sad\n", "a.png", "b.png"),
        {"a.png": ("happy", None, None), "b.png": ("sad", None, None)},
        "repeat a picture",
    ),
    "hidden and system files": (
        lambda d: tree(
            d,
            *("happy/a.png", "happy/._a.png", "__MACOSX/happy/a.png", "@eaDir/happy/a.png", ".git/happy/a.png"),
            *("happy/anna/b.png", "happy/@eaDir/b.png", "happy/Thumbs.db=x"),
        ),
        {"happy/a.png": ("happy", None, None), "happy/anna/b.png": ("happy", "anna", None)},
        "5 pictures that are hidden or a system's passed over",
    ),
    "a copy of a folder": (
        lambda d: again(tree(d, "happy/anna/a.png", "happy/bert/b.png"), "happy/anna", "happy/anna - Copy"),
        {"happy/anna/a.png": ("happy", "anna", None), "happy/bert/b.png": ("happy", "bert", None)},
        "1 rows repeat a picture",
    ),
    "folders that only look like copies": (
        lambda d: tree(
            d,
            *("happy/anna (2)/a.png", "happy/Family copy/b.png", "happy/@bert/c.png", "sad/New folder (1)/d.png"),
            "sad/cleo~/e.png",
        ),
        {
            "happy/anna (2)/a.png": ("happy", "anna (2)", None),
            "happy/Family copy/b.png": ("happy", "Family copy", None),
            "happy/@bert/c.png": ("happy", "@bert", None),
            "sad/New folder (1)/d.png": ("sad", "New folder (1)", None),
            "sad/cleo~/e.png": ("sad", "cleo~", None),
        },
        "",
    ),
    "people called Val, Dev and TR": (
        lambda d: tree(d, "happy/Val/a.png", "happy/Anna/b.png", "sad/Dev/c.png", "sad/TR/d.png", "sad/fit/e.png"),
        {
            "happy/Val/a.png": ("happy", "Val", None),
            "happy/Anna/b.png": ("happy", "Anna", None),
            "sad/Dev/c.png": ("sad", "Dev", None),
            "sad/TR/d.png": ("sad", "TR", None),
            "sad/fit/e.png": ("sad", "fit", None),
        },
        "'Dev', 'TR', 'Val', 'fit' is not taken for a part",
    ),
    "people by initials, one of them NA": (
        lambda d: table(d, "path,label,person\na.png,happy,KA\nb.png,sad,NA\nc.png,sad,UY\n", *LETTERS),
        {"a.png": ("happy", "KA", None), "b.png": ("sad", "NA", None), "c.png": ("sad", "UY", None)},
        "'NA' is taken for a person",
    ),
    "people in folders, one of them Nil": (
        lambda d: tree(d, "happy/Nil/a.png", "happy/Anna/b.png", "happy/Bert/c.png"),
        {
            "happy/Nil/a.png": ("happy", "Nil", None),
            "happy/Anna/b.png": ("happy", "Anna", None),
            "happy/Bert/c.png": ("happy", "Bert", None),
        },
        "'Nil' is taken for a person",
    ),
    "numbered people, and NA for nobody": (
        lambda d: table(d, "path,label,person\na.png,happy,p1\nb.png,sad,NA\nc.png,sad,p2\n", *LETTERS),
        {"a.png": ("happy", "p1", None), "b.png": ("sad", None, None), "c.png": ("sad", "p2", None)},
        "",
    ),
    "folders around the classes that may be people": (
        lambda d: tree(d, "anna/happy/a.png", "anna/sad/b.png", "Val/happy/c.png", "cleo/sad/d.png"),
        {
            "anna/happy/a.png": ("happy", None, None),
            "anna/sad/b.png": ("sad", None, None),
            "Val/happy/c.png": ("happy", None, None),
            "cleo/sad/d.png": ("sad", None, None),
        },
        "lie in 3 others, 'Val', 'anna', 'cleo'. If these are people",
    ),
    "two columns for one thing": (
        lambda d: table(d, "path,label,emotion\na.png,happy,sad\n", "a.png"),
        {"a.png": ("happy", None, None)},
        "read by its column 'label'; 'emotion' is not used",
    ),
    "two columns of one name that nobody needs": (
        lambda d: table(d, "path,label,note,Note\na.png,happy,x,y\n", "a.png"),
        {"a.png": ("happy", None, None)},
        "2 columns called 'note'",
    ),
    "parts above and below the classes": (
        lambda d: tree(d, "images/train/happy/a.png", "images/holdout/happy/b.png", "sad/val/c.png"),
        {
            "images/train/happy/a.png": ("happy", None, "train"),
            "images/holdout/happy/b.png": ("happy", None, "test"),
            "sad/val/c.png": ("sad", None, "validation"),
        },
        "",
    ),
    "an archive of one class": (
        lambda d: _archive(d / "one.zip", {"happy/a.png": encoded("PNG")}),
        {"happy/a.png": ("happy", None, None)},
        "",
    ),
    "backslashes in an archive": (
        lambda d: _archive(
            d / "w.zip", {"set\\happy\\a.png": encoded("PNG"), "set\\sad\\b.png": encoded("PNG", plain(50))}
        ),
        {"happy/a.png": ("happy", None, None), "sad/b.png": ("sad", None, None)},
        "",
    ),
}
"""Data sets that can be used: label, person and part of every row that comes out, and a word of what is said."""
