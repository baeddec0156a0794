"""Open any picture that a person may bring, safely: RGB uint8 comes out, or a refusal in plain words."""

from cfer.pictures.decode import MAX_PIXELS, SUFFIXES, Decoded, PictureLike, decode_picture, read_picture
from cfer.pictures.errors import PictureError
from cfer.pictures.sources import MAX_BYTES, file_bytes

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "Decoded",
    "PictureError",
    "PictureLike",
    "decode_picture",
    "file_bytes",
    "read_picture",
]
