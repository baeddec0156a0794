"""Open any picture that a person may bring, safely: bytes or a path in, RGB uint8 out, or a refusal in plain words."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 40_000_000
MAX_BYTES = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
_KINDS = "JPEG, PNG, WebP, BMP, TIFF or GIF"


class PictureError(ValueError):
    """A picture that cannot be used. The message is meant for the person who brought it."""


def read_picture(source: str | Path | bytes) -> np.ndarray:
    """Decode a picture: first frame, upright, alpha on white, 16 bits scaled to 8.

    Args:
        source: A file's path, or its bytes.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        PictureError: The file is missing, empty, damaged, of an unsupported type, or over 40 megapixels (this last
            is found in the header, before anything is decoded).
    """
    data = source if isinstance(source, bytes) else _read_bytes(Path(source))
    if not data:
        raise PictureError("The file is empty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own size and metadata warnings: the limits here are stricter
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _to_rgb(image)
    except PictureError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        if isinstance(error, Image.DecompressionBombError):
            raise PictureError(_too_large(None)) from error
        raise PictureError(f"This is not a picture that can be read. Use {_KINDS}.") from error
    except Exception as error:  # decoders raise anything on damaged files: OSError, SyntaxError, struct.error, ...
        raise PictureError("The picture is damaged or incomplete.") from error


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise PictureError(f"There is no file named {path.name!r}.")
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"The file is over {MAX_BYTES // 1_000_000} MB.")
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"The file {path.name!r} cannot be read.") from error


def _too_large(size: tuple[int, int] | None) -> str:
    got = f" ({size[0]} x {size[1]})" if size else ""
    return f"The picture is too large{got}: at most {MAX_PIXELS // 1_000_000} megapixels."


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(_too_large(image.size))
    if min(image.size) < 8:
        raise PictureError(f"The picture is too small ({image.width} x {image.height}): at least 8 pixels a side.")
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        return _scale_deep(np.asarray(image, dtype=np.float64))
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.array(image.convert("RGB"))


def _scale_deep(values: np.ndarray) -> np.ndarray:
    """Bring a deep greyscale picture to 8 bits: 16-bit range where it fits, the picture's own range otherwise."""
    if not np.isfinite(values).all():
        raise PictureError("The picture holds values that are not numbers.")
    low, high = values.min(), values.max()
    if low >= 0 and high <= 255:
        scaled = values if high > 1 else values * 255
    elif low >= 0 and high <= 65535:
        scaled = values / 257
    else:
        scaled = (values - low) * (255 / (high - low))
    return np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=2)
