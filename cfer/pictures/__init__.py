"""Open any picture that a person may bring, safely: RGB uint8 comes out, or a refusal in plain words."""

from cfer.pictures.decode import MAX_BYTES, MAX_PIXELS, SUFFIXES, Decoded, decode_picture, read_picture
from cfer.pictures.errors import PictureError

__all__ = ["MAX_BYTES", "MAX_PIXELS", "SUFFIXES", "Decoded", "PictureError", "decode_picture", "read_picture"]
