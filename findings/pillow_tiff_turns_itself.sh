#!/usr/bin/env bash
# Pillow 12.3.0: of all formats TIFF alone is turned upright by loading, and forgets that it was asked to.
#
# Guess: an orientation tag is left to the program (`ImageOps.exif_transpose`) in every format: pixels and size are as stored.
# Seen: JPEG, PNG, WebP and AVIF are as stored, before and after loading. An opened TIFF says the turned size before its pixels
# are loaded, and the tag's value 6; `load()` turns the pixels, and from then on the tag is gone. So `getexif()` before and after
# any use of the picture differ, and a program that notes the tag first and turns by it afterwards turns twice.
#
# In this project: a picture is loaded before its tag is looked at (`cfer.pictures.turning.upright`).
source "$(dirname "$0")/common.sh"
install pillow==12.3.0
"$PY" - <<'PYTHON'
import io

from PIL import Image

ORIENTATION = 0x0112
found = {}
for form in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF"):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), "grey").save(buffer, form, exif=exif)
    image = Image.open(io.BytesIO(buffer.getvalue()))
    before = image.size, image.getexif().get(ORIENTATION)
    image.load()
    found[form] = before, (image.size, image.getexif().get(ORIENTATION))
    print(form, "opened:", *before, "loaded:", *found[form][1])
for form in ("JPEG", "PNG", "WEBP", "AVIF"):
    assert found[form] == (((60, 40), 6), ((60, 40), 6)), form
assert found["TIFF"] == (((40, 60), 6), ((40, 60), None))
PYTHON
