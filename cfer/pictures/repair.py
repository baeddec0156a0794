"""Repairs of a picture file that need no guessing: remarks, and a few bytes missing at the end."""

import struct
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_REMARKS = {b"tEXt", b"zTXt", b"iTXt"}
_JPEG_END = b"\xff\xd9"
_FEW = 8


def without_remarks(data: bytes) -> bytes:
    """A PNG file without its text chunks, which Pillow refuses past a megabyte; anything else as it is."""
    if not data.startswith(_PNG):
        return data
    kept, place = [_PNG], len(_PNG)
    while place + 8 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        stop = place + 12 + length
        if data[place + 4 : place + 8] not in _REMARKS:
            kept.append(data[place:stop])
        place = stop
    return b"".join(kept)


def completions(data: bytes) -> Iterator[tuple[bytes, ...]]:
    """Ways to complete a file that lacks a few bytes at its end, each as files that must decode to the same pixels.

    A JPEG gets its end marker, with and without bytes before it. Where all of the picture was there both give the same
    pixels; where some was missing the decoder takes these bytes for picture and they differ. Other files get one to
    eight zeros: a decoder that still lacks something says so.
    """
    if data.startswith(b"\xff\xd8"):
        whole = data.removesuffix(b"\xff")
        yield whole + _JPEG_END, whole + b"\x55\xa9" * 32 + _JPEG_END
        return
    for count in range(1, _FEW + 1):
        yield (data + bytes(count),)
