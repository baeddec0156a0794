"""Open any picture that a person may bring, safely: RGB uint8 comes out, or a refusal in plain words."""

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


def read_picture(source: str | Path | bytes | Image.Image | np.ndarray) -> np.ndarray:
    """Take a picture in whatever form: first frame, upright, alpha on white, 16 bits scaled to 8.

    Args:
        source: A file's path, or its bytes; a PIL image; or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8,
            or floating point in 0 to 1, or in 0 to 255.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        PictureError: The file is missing, empty, damaged, of an unsupported type, or over 40 megapixels (this last
            is found in the header, before anything is decoded); or the array is no picture.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _to_rgb(source)
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


def _from_array(values: np.ndarray) -> np.ndarray:
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4):
        raise PictureError(
            f"An array of shape {values.shape} is no picture: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) is."
        )
    if min(values.shape[:2]) < 8:
        raise PictureError(
            f"The picture is too small ({values.shape[1]} x {values.shape[0]}): at least 8 pixels a side."
        )
    if values.shape[0] * values.shape[1] > MAX_PIXELS:
        raise PictureError(_too_large((values.shape[1], values.shape[0])))
    if values.dtype == bool:
        values = values.astype(np.uint8) * 255
    if values.dtype != np.uint8:
        if not np.issubdtype(values.dtype, np.number) or np.issubdtype(values.dtype, np.complexfloating):
            raise PictureError(
                f"An array of {values.dtype} is no picture; use uint8, or numbers from 0 to 1 or to 255."
            )
        if not np.isfinite(values).all():
            raise PictureError("The picture holds values that are not numbers.")
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 255:
            raise PictureError(
                f"The array's values run from {low:g} to {high:g}; use uint8, or numbers from 0 to 1 or to 255."
            )
        scale = 255 if np.issubdtype(values.dtype, np.floating) and high <= 1 else 1
        values = np.rint(values.astype(np.float64) * scale).astype(np.uint8)
    if values.shape[2] == 4:
        return _to_rgb(Image.fromarray(values, "RGBA"))
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))


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
