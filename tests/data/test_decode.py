"""Every mode of picture comes out as the right RGB, and damage comes out as a reason."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFile

from graftgan.data.decode import decode
from graftgan.data.header import MAX_PIXELS, Refused, read_header


def rgb(data: bytes) -> np.ndarray:
    return np.asarray(decode(data).image)


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG by hand, for what Pillow cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    middle = chunk(b"tRNS", extra) if extra else b""
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + middle + body + chunk(b"IEND", b"")


def test_16_bit_grey_keeps_its_range(encode):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        data = encode(Image.fromarray(ramp), kind)
        assert np.array_equal(rgb(data)[..., 0], np.rint(ramp / 257).astype(np.uint8)), kind
        assert "16-bit grey / 257" in decode(data).done


def test_16_bit_grey_big_endian_tiff_keeps_its_range():
    data = b"MM\0*\0\0\0\x08" + struct.pack(">H", 8)
    for tag, kind, value in (
        (256, 3, 2), (257, 3, 1), (258, 3, 16), (259, 3, 1), (262, 3, 1), (277, 3, 1),
    ):  # fmt: skip
        data += struct.pack(">HHIHH", tag, kind, 1, value, 0)
    data += struct.pack(">HHII", 273, 4, 1, 110) + struct.pack(">HHII", 279, 4, 1, 4) + b"\0\0\0\0"
    data += struct.pack(">HH", 257, 65535)
    assert rgb(data)[0, :, 0].tolist() == [1, 255]


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        (np.array([[0.0, 0.5, 1.0]]), [0, 128, 255], "float values taken as 0..1"),
        (np.array([[0.0, 100.0, 255.0]]), [0, 100, 255], "float values taken as 0..255"),
        (np.array([[-1.0, 0.0, 1.0]]), [0, 128, 255], "float values -1..1 stretched to 0..255"),
        (np.array([[0, 100, 200]], dtype=np.int32), [0, 100, 200], "32-bit values taken as 0..255"),
        (np.array([[0, 257, 65535]], dtype=np.int32), [0, 1, 255], "32-bit values taken as 0..65535"),
        (np.array([[0, 501_000, 10**6]], dtype=np.int32), [0, 128, 255], "stretched to 0..255"),
    ],
)
def test_wide_values_are_scaled_not_clipped(encode, values, expected, words):
    wide = values.astype(np.float32) if values.dtype == np.float64 else values
    picture = decode(encode(Image.fromarray(wide), "TIFF"))
    assert np.asarray(picture.image)[0, :, 0].tolist() == expected
    assert any(words in note for note in picture.done)


def test_values_that_are_not_numbers_are_refused(encode):
    with pytest.raises(Refused, match="NaN"):
        decode(encode(Image.fromarray(np.full((2, 2), np.nan, dtype=np.float32)), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_alpha_is_composited_over_white(encode, mode):
    image = Image.new("RGBA", (3, 1))
    image.putdata([(0, 0, 0, 0), (0, 0, 0, 128), (0, 0, 0, 255)])
    converted = image.convert("L").convert("P") if mode == "PA" else image.convert(mode)
    converted.putalpha(image.getchannel("A"))
    picture = decode(encode(converted, "TIFF" if mode == "PA" else "PNG"))
    assert np.asarray(picture.image)[0, :, 0].tolist() == [255, 127, 0]
    assert picture.done[-1] == "alpha over white"


def test_opaque_alpha_changes_nothing(encode, photo):
    picture = decode(encode(photo().convert("RGBA")))
    assert np.array_equal(np.asarray(picture.image), np.asarray(photo()))
    assert picture.done == ["RGBA to RGB, opaque"]


def test_palette_becomes_its_colours_and_transparent_entries_white(encode):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    assert rgb(encode(image))[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    for kind, transparency in (("PNG", 1), ("GIF", 1), ("PNG", bytes([255, 0, 255]))):
        picture = rgb(encode(image, kind, transparency=transparency))
        assert picture[0].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 255]], kind


@pytest.mark.parametrize(
    ("depth", "colour", "row", "transparent", "expected"),
    [
        (1, 0, b"\x40", b"\0\0", [255, 255]),  # 0 1: black is the transparent one
        (2, 0, b"\x60", b"\0\x01", [255, 170]),  # 1 2
        (4, 0, b"\x3c", b"\0\x03", [255, 204]),  # 3 12
        (8, 0, b"\x07\x08", b"\0\x07", [255, 8]),
        (16, 0, b"\x01\x01\x02\x02", b"\x01\x01", [255, 2]),
        (16, 2, b"\x12\x34\0\0\0\0" + b"\x20\0\0\0\0\0", b"\x12\x34\0\0\0\0", [255, 32]),
    ],
)
def test_transparent_colour_of_every_bit_depth_becomes_white(depth, colour, row, transparent, expected):
    assert rgb(png(2, 1, depth, colour, b"\0" + row, transparent))[0, :, 0].tolist() == expected


def test_grey_one_bit_cmyk_and_ycbcr_are_converted(encode):
    assert rgb(encode(Image.new("L", (2, 2), 77)))[0, 0].tolist() == [77, 77, 77]
    assert rgb(encode(Image.new("1", (2, 2), 1)))[0, 0].tolist() == [255, 255, 255]
    for kind in ("JPEG", "TIFF"):
        cyan = rgb(encode(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), kind))[4, 4]
        assert np.abs(cyan.astype(int) - [0, 255, 255]).max() <= 2, kind
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    back = rgb(encode(red.convert("YCbCr"), "TIFF"))[4, 4]
    assert np.abs(back.astype(int) - [255, 0, 0]).max() <= 2


def test_16_bit_colour_takes_the_high_byte():
    assert rgb(png(1, 1, 16, 2, b"\0" + b"\x80\x00\xff\xff\x01\x02"))[0, 0].tolist() == [128, 255, 1]


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_applied(encode, kind, turn):
    upright = np.zeros((16, 32, 3), dtype=np.uint8)
    upright[:8, :16] = 255  # white in the upper left, and wider than high
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    image = Image.fromarray(np.ascontiguousarray(stored))
    picture = decode(encode(image, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {})))
    assert picture.image.size == (32, 16)
    assert (picture.width, picture.height) == image.size
    assert np.abs(np.asarray(picture.image).astype(int) - upright).max() <= 40 * (kind == "JPEG")
    assert (f"turned (EXIF {turn})" in picture.done) == (turn > 1)


def test_unreadable_exif_does_not_cost_the_picture(encode, photo):
    data = encode(photo(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(rgb(data), np.asarray(photo()))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_an_animation_is_taken(encode, kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = decode(encode(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert picture.image.getpixel((4, 4)) == (255, 0, 0)
    assert "first frame taken" in picture.done


def test_content_of_another_format_is_noted(encode, photo):
    assert decode(encode(photo()), "jpg").done == ["content is PNG"]
    assert decode(encode(photo()), "PNG").done == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_truncation_is_refused(encode, photo, kind, part):
    data = encode(photo(width=64), kind)
    with pytest.raises(Refused, match=kind):
        decode(data[: max(16, int(len(data) * part))])


def test_flipped_bytes_never_raise_anything_else(encode, photo):
    rng = np.random.default_rng(0)
    outcomes = set()
    for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"):
        data = encode(photo(), kind)
        for _ in range(120):
            broken = bytearray(data)
            for at in rng.integers(0, min(len(data), 300), 4):
                broken[at] = rng.integers(0, 256)
            try:
                outcomes.add(decode(bytes(broken)).image.mode)
            except Refused:
                outcomes.add("refused")
    assert outcomes == {"RGB", "refused"}


def bombs() -> dict[str, bytes]:
    """Small files that announce more pixels than the limit."""
    side = 20_000
    tags = [(256, side), (257, side), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, side), (279, 1)]
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags))
    tiff += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    jpeg = BytesIO()
    Image.new("L", (8, 8)).save(jpeg, "JPEG")
    at = jpeg.getvalue().index(b"\xff\xc0") + 5
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4) + struct.pack("<I", 9_999)[:3] * 2
    return {
        "PNG": png(side, side, 8, 0, b""),
        "BMP": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, side, side, 1, 24, *[0] * 6),
        "GIF": b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0)
        + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x01\0\0;",
        "TIFF": tiff,
        "JPEG": jpeg.getvalue()[:at] + struct.pack(">HH", side, side) + jpeg.getvalue()[at + 4 :],
        "WEBP": b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "TIFF", "JPEG"])
def test_bomb_is_refused_by_its_header(kind):
    with pytest.raises(Refused, match="too many pixels: 20000 x 20000, the limit is 40 megapixels"):
        decode(bombs()[kind])


def test_webp_bomb_is_refused():
    with pytest.raises(Refused):
        decode(bombs()["WEBP"])


def test_tiff_with_huge_tiles_is_refused():
    tags = [
        (256, 8),
        (257, 8),
        (258, 8),
        (259, 1),
        (262, 1),
        (277, 1),
        (322, 20_000),
        (323, 20_000),
        (324, 8),
    ]
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags))
    data += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    with pytest.raises(Refused, match="too many pixels|broken TIFF"):
        decode(data)


def test_picture_at_the_limit_is_not_refused_by_size():
    header = read_header(png(8000, 5000, 1, 0, b""))
    assert header.size[0] * header.size[1] == MAX_PIXELS


def test_pillows_global_switches_stay_as_they_are(encode, photo):
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    decode(encode(photo()))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == before


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty file"),
        (b"<html>hello</html>", "content is text"),
        (b"PK\x03\x04" + bytes(99), "content is a zip"),
        (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC"),
        (bytes(99), "content is unknown"),
    ],
)
def test_other_content_is_refused_with_what_it_is(data, words):
    with pytest.raises(Refused, match=words):
        decode(data)
