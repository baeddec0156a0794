import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cfer.pictures import PictureError, decode_picture, read_picture
from cfer.pictures.decode import MAX_OTHER
from cfer.system.resources import EXAMPLES


def encode(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def quadrants() -> Image.Image:
    """32 x 24: red, green / blue, white."""
    pixels = np.zeros((24, 32, 3), np.uint8)
    pixels[:12, :16, 0] = pixels[:12, 16:, 1] = pixels[12:, :16, 2] = 255
    pixels[12:, 16:] = 255
    return Image.fromarray(pixels)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "JPEG", "WEBP"])
def test_every_format_comes_out_as_rgb(quadrants, form):
    got = read_picture(encode(quadrants, form))
    assert got.shape == (24, 32, 3)
    assert got.dtype == np.uint8
    np.testing.assert_allclose(got[6, 8].astype(int), [255, 0, 0], atol=12)
    np.testing.assert_allclose(got[18, 24].astype(int), [255, 255, 255], atol=12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(quadrants, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quadrants.transpose(undo[orientation]) if orientation in undo else quadrants
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(read_picture(encode(stored, "PNG", exif=exif)), np.asarray(quadrants))


def test_transparency_becomes_white():
    image = Image.new("RGBA", (16, 16), (200, 0, 0, 0))
    assert (read_picture(encode(image, "PNG")) == 255).all()
    half = Image.new("LA", (16, 16), (0, 128))
    np.testing.assert_allclose(read_picture(encode(half, "PNG")), 127, atol=1)
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([10, 20, 30] * 256)
    assert (read_picture(encode(palette, "PNG", transparency=0)) == 255).all()


def test_sixteen_bits_are_scaled_not_clipped():
    deep = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    got = read_picture(encode(Image.fromarray(deep), "PNG"))
    np.testing.assert_allclose(got[..., 0], deep / 257, atol=0.51)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "YCbCr"])
def test_other_colour_modes_are_converted(mode):
    image = Image.new("RGB", (16, 16), (200, 200, 200)).convert(mode)
    form = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    got = read_picture(encode(image, form))
    assert got.shape == (16, 16, 3)
    if mode not in {"1", "P"}:  # these two dither
        np.testing.assert_allclose(got.astype(int), 200, atol=6)


def test_the_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (16, 16), c) for c in ("red", "blue")]
    got = read_picture(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert tuple(got[0, 0]) == (255, 0, 0)


def test_a_huge_picture_is_refused_before_it_is_decoded():
    side = int(MAX_OTHER**0.5) + 1
    data = encode(Image.new("1", (side, side)), "PNG")
    assert len(data) < 100_000
    with pytest.raises(PictureError, match="megapixels"):
        read_picture(data)
    with pytest.raises(PictureError, match="megapixels"):
        read_picture(encode(Image.new("1", (40_000, 10_000)), "PNG"))  # past Pillow's own limit too


def test_files_that_are_no_pictures_are_refused_in_words(tmp_path, quadrants):
    whole = encode(quadrants, "PNG")
    for data, words in ((b"", "empty"), (b"hello", "not a picture"), (whole[: len(whole) // 2], "damaged")):
        with pytest.raises(PictureError, match=words):
            read_picture(data)
    with pytest.raises(PictureError, match=r"no file named 'gone\.png'"):
        read_picture(tmp_path / "gone.png")
    with pytest.raises(PictureError, match="too small"):
        read_picture(encode(Image.new("RGB", (3, 500)), "PNG"))
    with pytest.raises(PictureError, match="not a picture"):
        read_picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_never_raises_anything_but_a_refusal(data):
    form = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"]))
    noise = np.random.default_rng(0).integers(0, 255, (20, 20, 3), dtype=np.uint8)
    raw = bytearray(encode(Image.fromarray(noise), form))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PictureError):
        assert read_picture(bytes(raw)).dtype == np.uint8


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((20, 20, 2), np.uint8), "is no picture"),
        (np.zeros(20), "is no picture"),
        (np.full((20, 20), -1.0), "run from -1 to -1"),
        (np.full((20, 20), 300), "run from 300 to 300"),
        (np.full((20, 20), np.nan), "not numbers"),
        (np.zeros((20, 20), complex), "complex"),
        (np.zeros((4, 20), np.uint8), "too small"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_in_words(array, words):
    with pytest.raises(PictureError, match=words):
        read_picture(array)


def test_arrays_of_every_kind_become_rgb():
    grey = np.full((10, 12), 51, np.uint8)
    for array in (grey, grey / 255, grey.astype(int), grey[..., None], grey.astype(float)):
        got = read_picture(array)
        assert got.shape == (10, 12, 3)
        assert got.dtype == np.uint8
        assert (got == 51).all()
    clear = np.zeros((10, 12, 4), np.uint8)
    assert (read_picture(clear) == 255).all()  # transparent is white
    assert (read_picture(np.ones((10, 12), bool)) == 255).all()


def frames(form):
    """Three frames, red, green and blue, as an opened file."""
    first, *others = (Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue"))
    buffer = io.BytesIO()
    first.save(buffer, form, save_all=True, append_images=others)
    return Image.open(io.BytesIO(buffer.getvalue()))


@pytest.mark.parametrize("form", ["GIF", "TIFF", "WEBP", "PNG", "MPO", "AVIF"])
def test_a_frame_that_somebody_turned_to_is_what_is_read(form):
    opened = frames(form)
    for number, channel in ((2, 2), (0, 0), (1, 1)):
        opened.seek(number)
        before = opened.tell(), opened.mode, opened.size, opened.getexif().get(0x0112)
        pixels = read_picture(opened)
        assert pixels[20, 30].argmax() == channel
        assert (opened.tell(), opened.mode, opened.size, opened.getexif().get(0x0112)) == before


def test_a_large_photograph_that_somebody_opened_keeps_its_size():
    buffer = io.BytesIO()
    Image.new("RGB", (8000, 6000), (90, 120, 150)).save(buffer, "JPEG")
    opened = Image.open(io.BytesIO(buffer.getvalue()))
    assert decode_picture(opened).pixels.shape == (3000, 4000, 3)
    assert opened.size == (8000, 6000)
    assert np.abs(np.asarray(opened.resize((80, 60))).astype(int) - (90, 120, 150)).max() <= 1


def turned_by_hand(noted, stored):
    """A portrait (40 x 60) whose tag asks for a quarter turn, made of a camera's picture of 60 x 40."""
    exif = Image.Exif()
    exif[0x0112] = noted
    if stored:
        exif.get_ifd(0x8769).update({0xA002: stored[0], 0xA003: stored[1]})
    image = Image.new("RGB", (60, 40))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    return Image.open(io.BytesIO(buffer.getvalue()))


def test_a_picture_that_was_turned_by_hand_is_not_turned_again():
    camera = turned_by_hand(6, (60, 40))
    assert read_picture(camera).shape == (60, 40, 3)
    assert read_picture(camera.convert("RGB")).shape == (60, 40, 3)  # not turned yet
    by_hand = camera.rotate(-90, expand=True)
    assert by_hand.getexif()[0x0112] == 6  # Pillow leaves the tag
    assert read_picture(by_hand).shape == (60, 40, 3)
    assert decode_picture(by_hand).unturned is None


@pytest.mark.parametrize("example", sorted(p.name for p in EXAMPLES.glob("*.jpg")))
def test_where_no_size_was_noted_the_faces_say_which_way_is_up(reader, example):
    face = Image.open(EXAMPLES / example).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    face.rotate(90, expand=True).save(buffer, "JPEG", exif=exif, quality=95)  # as a camera held upright stores it
    stored = Image.open(io.BytesIO(buffer.getvalue()))
    expected = reader.read(face).faces[0].box
    for picture in (buffer.getvalue(), stored, stored.convert("RGB"), stored.rotate(-90, expand=True)):
        (found,) = reader.read(picture).faces
        assert found.box == pytest.approx(expected, abs=12)


def test_one_hot_pixel_does_not_make_twelve_bits_sixteen():
    ramp = np.linspace(0, 4095, 64 * 64).reshape(64, 64).astype(np.uint16)
    hot = ramp.copy()
    hot[3, 3] = 65535
    plain, got = (read_picture(Image.fromarray(values)) for values in (ramp, hot))
    assert plain.max() == got.max() == 255
    got[3, 3] = plain[3, 3]
    np.testing.assert_array_equal(plain, got)


def test_a_deep_picture_with_bright_lights_keeps_them():
    night = np.full((64, 64), 900, np.uint16)
    night[20:40, 20:40] = 60_000  # a lamp, not a hot pixel
    got = read_picture(Image.fromarray(night))
    assert got[0, 0, 0] == round(900 / 65535 * 255)
    assert got[30, 30, 0] == round(60_000 / 65535 * 255)


def test_all_usual_things_are_taken_for_the_picture_that_they_are(tmp_path):
    torch = pytest.importorskip("torch")
    pixels = np.asarray(Image.effect_noise((40, 32), 60).convert("RGB")).copy()
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    opened = io.BytesIO(data)
    opened.seek(7)
    channels_first = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    given = [
        *(str(path), path, data, bytearray(data), memoryview(data), opened, Image.open(path), pixels),
        *(channels_first, channels_first.float() / 255, (channels_first.float() / 255).requires_grad_()),
        *(torch.from_numpy(pixels), torch.from_numpy(pixels).to(torch.bfloat16) / 255),
    ]
    for one in given[:-1]:
        np.testing.assert_array_equal(read_picture(one), pixels)
    assert np.abs(read_picture(given[-1]).astype(int) - pixels).max() <= 1  # bfloat16 has eight bits
    assert opened.tell() == 7
    with path.open("rb") as file:
        np.testing.assert_array_equal(read_picture(file), pixels)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda path: None, "not nothing"),
        (lambda path: 7, "not a int"),
        (lambda path: [path, path], "one picture at a time"),
        (lambda path: {"path": path}, "not a dict"),
        (lambda path: path.open(errors="replace"), "open as text"),
        (lambda path: io.StringIO("x"), "open as text"),
        (lambda path: np.zeros((2, 3, 40, 40), np.uint8), "is no picture"),
        (lambda path: np.array("text"), "is no picture"),
    ],
)
def test_what_is_no_picture_is_answered_in_words(tmp_path, given, words):
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 40)).save(path)
    with pytest.raises(PictureError, match=words):
        read_picture(given(path))


def test_a_file_that_was_closed_is_answered_in_words(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 40)).save(path)
    with path.open("rb") as file:
        pass
    with pytest.raises(PictureError, match="Was it closed"):
        read_picture(file)


def test_numbers_a_hair_above_one_are_numbers_to_one():
    plain = np.linspace(0, 1, 64 * 64 * 3).reshape(64, 64, 3).astype(np.float32)
    expected = read_picture(plain)
    over = plain.copy()
    over[0, 0] = 1.0000001
    np.testing.assert_array_equal(read_picture(over)[1:], expected[1:])
    assert np.abs(read_picture(plain * 1.005).astype(int) - expected).max() <= 2


@pytest.mark.parametrize("hot", [[5000], [8000], [5000, 9000, 17000, 33000], list(range(5000, 60_000, 5500)), "column"])
def test_hot_pixels_of_any_kind_do_not_make_twelve_bits_sixteen(hot):
    ramp = np.linspace(0, 4095, 384 * 384).reshape(384, 384).astype(np.uint16)
    with_hot = ramp.copy()
    if hot == "column":
        with_hot[:, 200] = 40_000
    else:
        with_hot.flat[np.arange(len(hot)) * 977] = hot
    got, plain = (read_picture(Image.fromarray(each)).astype(int) for each in (with_hot, ramp))
    assert (np.abs(got - plain) > 1).mean() < 4e-3


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_twelve_bits_in_sixteen_are_read_in_colour_and_with_alpha(channels, tmp_path):
    ramp = np.linspace(0, 4095, 64 * 64).reshape(64, 64).astype(np.uint16)
    layers = [ramp] * (1 if channels == 2 else 3) + ([np.full_like(ramp, 65535)] if channels in (2, 4) else [])
    got = read_picture(png_of(np.stack(layers, 2)))
    expected = read_picture(Image.fromarray(ramp))
    assert np.abs(got.astype(int) - expected).max() <= 1
    full = read_picture(
        png_of(np.stack([layer * np.uint16(16) if k < 3 else layer for k, layer in enumerate(layers)], 2))
    )
    assert np.abs(full.astype(int) - expected).max() <= 2


def png_of(values):
    """A PNG of 16 bits a channel, (H, W, 2, 3 or 4)."""
    height, width, channels = values.shape
    kind = {2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_what_was_cut_after_turning_is_in_doubt():
    """A square or a cut of another shape may have been turned by hand before: the faces are asked."""
    by_hand = turned_by_hand(6, (60, 40)).rotate(-90, expand=True)
    for box in ((0, 0, 40, 40), (0, 10, 40, 40)):
        assert decode_picture(by_hand.crop(box)).unturned is not None
    smaller = turned_by_hand(6, (600, 400)).resize((61, 40))  # rounded
    assert decode_picture(smaller).unturned is None


@pytest.mark.parametrize("state", ["cut off", "closed"])
def test_an_image_that_cannot_be_read_is_answered_in_words(state):
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 60).save(buffer, "PNG")
    image = Image.open(io.BytesIO(buffer.getvalue()[: 1500 if state == "cut off" else None]))
    if state == "closed":
        image.close()
    with pytest.raises(PictureError, match="This image cannot be read"):
        read_picture(image)


def test_an_address_on_the_web_is_not_taken_for_a_file():
    with pytest.raises(PictureError, match="A picture on the web is not fetched"):
        read_picture("https://example.org/a.jpg")


def test_an_array_may_change_afterwards():
    values = np.zeros((20, 20, 3), np.uint8)
    got = read_picture(values)
    values[:] = 9
    assert got.max() == 0
