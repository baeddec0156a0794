"""The turn that a camera notes in a tag, undone once; and images of a caller's, which stay as they were."""

import io
import struct

from PIL import ExifTags, Image, ImageFile, ImageOps

_ORIENTATION = ExifTags.Base.Orientation
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ODD_TAGS = (
    *(ValueError, TypeError, KeyError, SyntaxError, AttributeError, OverflowError, struct.error),
    EOFError,
)
"""What reading or copying tags can raise, however sound the picture is."""


def own_frame(image: Image.Image, enough: int) -> Image.Image:
    """The frame at which an image stands, as an image of our own: the caller's keeps frame, size and mode.

    Args:
        image: A caller's.
        enough: Pixels beyond which a JPEG that was not loaded yet is opened anew, so that it can be decoded reduced.
    """
    if isinstance(image, ImageFile.ImageFile) and image.width * image.height > enough and image.format == "JPEG":
        file = image.fp
        if file is not None and image.tile and file.seekable():  # not loaded yet
            place = file.tell()
            file.seek(0)
            data = file.read()
            file.seek(place)
            return Image.open(io.BytesIO(data), formats=["JPEG"])
    return image.copy()


def upright(image: Image.Image) -> tuple[Image.Image, bool]:
    """Undo the turn that a camera noted. Other tags may be as odd as they like: they are not written again.

    Returns:
        The image, and whether it is in doubt that it was not turned by hand before, its tag left as it was.
    """
    image.load()  # Pillow turns a TIFF when it is loaded, and takes the tag away
    turn = _noted_turn(image)
    if turn is None or _was_turned(image, turn):
        return image, False
    try:
        turned = ImageOps.exif_transpose(image)
    except _ODD_TAGS:
        turned = image.transpose(_UPRIGHT[turn])
    certain = turn >= 5 and _is_whole(image)
    return turned, not certain and turn != 2  # no face tells whether it is in a mirror


def _noted_turn(image: Image.Image) -> int | None:
    """The orientation tag's value where it asks for a turn."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _ODD_TAGS:
        return None
    return value if value in _UPRIGHT else None


def _stored_size(image: Image.Image) -> tuple[int, int] | None:
    """Width and height that the camera noted of what it stored; None where it did not, or where it is a square."""
    try:
        noted = image.getexif().get_ifd(ExifTags.IFD.Exif)
        width, height = int(noted[ExifTags.Base.ExifImageWidth]), int(noted[ExifTags.Base.ExifImageHeight])
    except _ODD_TAGS:
        return None
    return (width, height) if width > 0 and height > 0 and width != height else None


def _was_turned(image: Image.Image, turn: int) -> bool:
    """True if an image with a tag that asks for a quarter turn lies turned already, beside what the camera stored."""
    stored = _stored_size(image)
    if turn < 5 or stored is None or not _is_whole(image):
        return False
    return (image.width > image.height) != (stored[0] > stored[1])


def _is_whole(image: Image.Image) -> bool:
    """True if an image has the shape of what the camera stored, turned or not: what was cut may have been turned."""
    stored = _stored_size(image)
    if stored is None:
        return False
    (short, long), (width, height) = sorted(stored), sorted(image.size)
    return abs(width * long - height * short) <= _ROUNDED * long


_ROUNDED = 2
"""Pixels by which the short side of a picture that was made smaller may be off."""
