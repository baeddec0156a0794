"""Decode a picture file, PIL image or array to RGB uint8, upright, with alpha on white."""

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError, features

from cfer.pictures.arrays import LEAST_SIDE, all_but_hot, checked_pixels, scaled_deep
from cfer.pictures.errors import TOO_LARGE, TOO_SMALL, PictureError
from cfer.pictures.quiet import quiet
from cfer.pictures.repair import completions, without_remarks
from cfer.pictures.sources import as_array, as_bytes
from cfer.pictures.turning import own_frame, upright

MAX_PIXELS = 40_000_000
"""The most pixels that are worked with; a larger picture is reduced, a JPEG while it is decoded."""
MAX_JPEG, MAX_OTHER = 400_000_000, 64_000_000
"""The most pixels that are opened, of files that can be decoded reduced and of others."""
SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"),
        *(".heic", ".heif", ".avif", ".mpo"),
    }
)
"""Endings of picture files' names."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", *(("AVIF",) if features.check("avif") else ()))
_KINDS = "JPEG, PNG, WebP, HEIC, AVIF, BMP, TIFF or GIF"
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"}


@dataclass(frozen=True)
class Decoded:
    """A picture that was opened.

    Attributes:
        pixels: (H, W, 3) uint8, RGB, upright.
        scale: Pixels a side of the picture as it was brought for each pixel here: 1 unless it was reduced.
        unturned: The same without the turn that a tag asks for, (W, H, 3) or (H, W, 3), where it may have been turned
            by hand already; None where there is no doubt.
    """

    pixels: np.ndarray
    scale: float = 1.0
    unturned: np.ndarray | None = None


PictureLike = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | np.ndarray | Decoded
"""What a picture may be given as; arrays and tensors of other libraries are taken, too."""


def read_picture(source: PictureLike) -> np.ndarray:
    """Take a picture in whatever form: as it is shown, upright, alpha on white, deep grey scaled to 8 bits.

    Args:
        source: A file's path, its bytes, or an open binary file; a PIL image, of several frames the one it stands at;
            or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8, or floating point in 0 to 1, or in 0 to 255.
            A tensor may have its channels first. What is given stays as it was.

    Returns:
        (H, W, 3) uint8, RGB, at most 40 megapixels: a larger picture is reduced. Of a file with several frames it is
        the first.

    Raises:
        PictureError: The file is missing, empty, damaged, of an unsupported type or far too large (this last is found
            in the header, before anything is decoded); or the array is no picture, or what is given is none of these.
    """
    return decode_picture(source).pixels


def decode_picture(source: PictureLike) -> Decoded:
    """As `read_picture`, with by how much the picture was reduced; what is decoded already stays as it is."""
    if isinstance(source, Decoded):
        return source
    if isinstance(source, Image.Image):
        try:
            with quiet():
                return _safely(lambda: _to_rgb(own_frame(source, MAX_PIXELS)))
        except PictureError:
            raise
        except Exception as error:  # a door, as below
            raise PictureError("This image cannot be read. Was it closed, or is its file cut off?") from error
    if (data := as_bytes(source)) is None:
        return _from_array(as_array(source))
    if not data:
        raise PictureError("The file is empty.")
    data = without_remarks(data)
    with quiet():  # Pillow's own size and metadata warnings: the limits here are stricter
        try:
            return _safely(lambda: _decode(data))
        except UnidentifiedImageError as error:
            raise _unknown(data) from error
        except PictureError:
            raise
        except Exception as error:  # a door: decoders raise anything on damaged files (OSError, struct.error, ...)
            return _completed(data, error)


def _safely(work: Callable[[], Decoded]) -> Decoded:
    """Decode, with what is too large for it in words."""
    try:
        return work()
    except Image.DecompressionBombError as error:
        raise PictureError(
            "The picture is too large: at most {most} megapixels.", most=MAX_OTHER // 1_000_000
        ) from error
    except MemoryError as error:
        raise PictureError("There is not enough memory for this picture. Bring a smaller one.") from error


def _from_array(values: np.ndarray) -> Decoded:
    values = checked_pixels(values, MAX_PIXELS)
    if values.shape[2] == 4:
        return _to_rgb(Image.fromarray(values, "RGBA"))
    return Decoded(np.array(np.broadcast_to(values, (*values.shape[:2], 3))))  # a copy: the caller's may change


def _completed(data: bytes, error: Exception) -> Decoded:
    """Decode a file that may lack a few bytes at its end only."""
    for files in completions(data):
        try:
            first, *others = (_decode(each) for each in files)
        except Exception:  # a door, as in `decode_picture`: more is missing, or something else is wrong
            continue
        if all(np.array_equal(first.pixels, other.pixels) for other in others):
            return first
    raise PictureError("The picture is damaged or incomplete.") from error


def _decode(data: bytes) -> Decoded:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        try:
            from pillow_heif import read_heif
        except ImportError as error:
            raise PictureError(
                "HEIC pictures cannot be read here. Save this one as JPEG, or install pillow-heif."
            ) from error
        heif = read_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        _check_size(*heif.size, MAX_OTHER)
        return _to_rgb(heif.to_pillow())
    if data.startswith(b"\x89PNG") and data[24:25] == b"\x10" and data[25:26] in {b"\2", b"\4", b"\6"}:
        return _deep_png(data)
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        _check_size(image.width, image.height, MAX_JPEG if image.format in {"JPEG", "MPO"} else MAX_OTHER)
        return _to_rgb(image)


def _deep_png(data: bytes) -> Decoded:
    """A PNG of 16 bits a channel, of which Pillow keeps the upper 8: of a camera's twelve bits, four."""
    from torchvision.io import ImageReadMode, decode_png

    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:  # its size first, and its turn
        _check_size(image.width, image.height, MAX_OTHER)
        shallow = _to_rgb(image)
        values = decode_png(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.UNCHANGED)
        colours = values.numpy()[: 1 if len(values) < 3 else 3].transpose(1, 2, 0)
        if shallow.scale != 1 or all_but_hot(colours) >= 2**14:  # what Pillow keeps is enough
            return shallow
        deep = scaled_deep(colours)
        layers = np.repeat(deep, 3, axis=2) if deep.shape[2] == 1 else deep
        whole = Image.fromarray(layers)
        if len(values) in (2, 4):
            whole.putalpha(Image.fromarray((values[-1].numpy() >> 8).astype(np.uint8)))
        whole.info["exif"] = image.info.get("exif", b"")
        return _to_rgb(whole)


def _unknown(data: bytes) -> PictureError:
    if data[4:8] == b"ftyp":
        return PictureError(
            "This looks like a video or a picture of a kind that is not read. Use {kinds}.", kinds=_KINDS
        )
    if data.startswith(b"version https://git-lfs"):
        return PictureError(
            "This is a placeholder of git-lfs, not the picture itself. Run 'git lfs pull' in its repository."
        )
    return PictureError("This is not a picture that can be read. Use {kinds}.", kinds=_KINDS)


def _check_size(width: int, height: int, most: int) -> None:
    if width * height > most:
        raise PictureError(TOO_LARGE, width=width, height=height, most=most // 1_000_000)
    if min(width, height) < LEAST_SIDE:
        raise PictureError(TOO_SMALL, width=width, height=height, least=LEAST_SIDE)


def _to_rgb(image: Image.Image) -> Decoded:
    """Pixels of an image that is nobody else's."""
    long = max(image.size)
    _check_size(*image.size, MAX_JPEG)
    factor = _reduction(image.width * image.height)
    if factor > 1:  # decoders of JPEG reduce as they go; for others this does nothing
        image.draft(None, (-(-image.width // factor), -(-image.height // factor)))
    turned, doubtful = upright(image)
    pixels = _pixels(turned)
    unturned = _pixels(image) if doubtful else None
    return Decoded(pixels, long / max(pixels.shape[:2]), unturned)


def _pixels(image: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8 of an image as it lies, reduced if it is large."""
    if image.mode.startswith("I") or image.mode == "F":
        pixels = np.repeat(scaled_deep(np.asarray(image))[..., None], 3, axis=2)
    else:
        if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        pixels = np.array(image.convert("RGB"))
    factor = _reduction(pixels.shape[0] * pixels.shape[1])
    if factor > 1:
        pixels = np.array(Image.fromarray(pixels).reduce(factor))
    return pixels


def _reduction(pixels: int) -> int:
    """The least power of two by which the sides must be divided so that few enough pixels remain."""
    factor = 1
    while pixels > MAX_PIXELS * factor**2:
        factor *= 2
    return factor
