# SPDX-License-Identifier: MIT
"""PNG in and out. At its own size a picture keeps its pixels exactly, so that they are compared one by one."""
import random
import struct
import subprocess
import zlib

import pytest
from PIL import Image

from picture import convert, fails, image, rmse, run
from pngs import CHANNELS, GRAY, GRAY_ALPHA, PALETTE, RGB, RGBA, SIGNATURE, chunk, filtered, header, packed, png, scanlines

KINDS = [(GRAY, depth) for depth in (1, 2, 4, 8, 16)] + [(PALETTE, depth) for depth in (1, 2, 4, 8)] + [
    (colour, depth) for colour in (RGB, GRAY_ALPHA, RGBA) for depth in (8, 16)]
WIDTH, HEIGHT = 19, 11


def samples(depth, colour, width=WIDTH, height=HEIGHT):
    """Rows of noise, always the same."""
    noise = random.Random(depth * 10 + colour)
    rows = [[noise.randrange(1 << depth) for _ in range(width * CHANNELS[colour])] for _ in range(height)]
    if colour in (GRAY_ALPHA, RGBA):  # colours that cannot be seen may get lost
        for row in rows:
            for at in range(CHANNELS[colour] - 1, len(row), CHANNELS[colour]):
                row[at] = (1 << depth) - 1 if noise.random() < 0.7 else 0
    return rows


def palette(depth):
    return bytes(random.Random(depth).randrange(256) for _ in range(3 << depth))


def expected(rows, depth, colour, transparent=None):
    """The pixels as RGBA of 8 bits; `transparent` is what tRNS says."""
    most = (1 << depth) - 1
    result = []
    for row in rows:
        for at in range(0, len(row), CHANNELS[colour]):
            pixel = row[at:at + CHANNELS[colour]]
            eight = [(sample * 255 * 2 + most) // (most * 2) for sample in pixel]
            alpha = eight.pop() if colour in (GRAY_ALPHA, RGBA) else 255
            if colour == PALETTE:
                eight = list(palette(depth)[3 * pixel[0]:3 * pixel[0] + 3])
                if transparent and pixel[0] < len(transparent):
                    alpha = transparent[pixel[0]]
            elif transparent and pixel == transparent:
                alpha = 0
            result.append(tuple(eight * (3 if len(eight) == 1 else 1)) + (alpha,))
    return result


def seen(data):
    """The same of a result; what cannot be seen has no colour."""
    return [pixel if pixel[3] else (0, 0, 0, 0) for pixel in image(data).convert("RGBA").getdata()]


def near(got, wanted):
    """A 16-bit sample is rounded twice on its way."""
    wanted = [pixel if pixel[3] else (0, 0, 0, 0) for pixel in wanted]
    assert len(got) == len(wanted)
    assert all(abs(one - other) <= 1 for a, b in zip(got, wanted) for one, other in zip(a, b)), (got[:4], wanted[:4])


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("colour, depth", KINDS)
def test_every_kind(colour, depth, interlaced):
    rows = samples(depth, colour)
    before = chunk(b"PLTE", palette(depth)) if colour == PALETTE else b""
    result = convert("--format", "png", source=png(rows, depth, colour, interlaced, before, pieces=3))
    near(seen(result), expected(rows, depth, colour))
    assert image(result).mode == {GRAY: "L", RGB: "RGB", PALETTE: "RGB", GRAY_ALPHA: "LA", RGBA: "RGBA"}[colour]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("colour, depth", [(colour, depth) for colour, depth in KINDS if colour <= PALETTE])
def test_transparency_of_what_has_no_alpha(colour, depth, interlaced):
    rows = samples(depth, colour)
    wanted = [0, 128, 0][:1 << depth] if colour == PALETTE else rows[2][:CHANNELS[colour]]
    before = chunk(b"PLTE", palette(depth)) if colour == PALETTE else b""
    before += chunk(b"tRNS", bytes(wanted) if colour == PALETTE else struct.pack(f">{len(wanted)}H", *wanted))
    result = convert("--format", "png", source=png(rows, depth, colour, interlaced, before))
    near(seen(result), expected(rows, depth, colour, wanted))
    assert image(result).mode == ("LA" if colour == GRAY else "RGBA")


@pytest.mark.parametrize("width", [1, 5, 64])
@pytest.mark.parametrize("colour, depth", [(colour, depth) for colour, depth in KINDS if depth >= 8])
def test_every_filter(colour, depth, width):
    """Each after each, in rows of noise."""
    rows = samples(depth, colour, width, 31)
    data = zlib.compress(filtered([packed(row, depth) for row in rows], CHANNELS[colour] * depth // 8,
                                  [0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 2, 4, 1, 3, 0, 3, 1, 4, 2]))
    before = chunk(b"PLTE", palette(depth)) if colour == PALETTE else b""
    source = SIGNATURE + header(width, 31, depth, colour) + before + chunk(b"IDAT", data) + chunk(b"IEND")
    near(seen(convert("--format", "png", source=source)), expected(rows, depth, colour))


def test_chunks_of_one_byte():
    """Even zlib's two bytes of a head are in two of them, and one has none."""
    source = png(PLAIN, pieces=10000)
    at = source.index(b"IDAT") - 4
    near(seen(convert(source=source[:at] + chunk(b"IDAT") + source[at:])), expected(PLAIN, 8, RGB))


@pytest.mark.parametrize("width, height", [(1, 1), (1, 9), (9, 1), (3, 2), (8, 8), (5, 17)])
@pytest.mark.parametrize("interlaced", [False, True])
def test_small_sides(width, height, interlaced):
    """Some passes of an interlaced one have no pixels then."""
    rows = samples(8, RGB, width, height)
    near(seen(convert(source=png(rows, 8, RGB, interlaced))), expected(rows, 8, RGB))


PLAIN = samples(8, RGB)
GARBAGE = b"\x99" * 40


@pytest.mark.parametrize("before, behind", [
    (chunk(b"tEXt", b"Comment\0hello"), b""),
    (chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 50_000_000)), b""),
    (chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"\0" * 50_000_000)), b""),
    (chunk(b"iCCP", b"Profile\0\0" + GARBAGE), b""),
    (chunk(b"iCCP", b"Profile\0\0" + zlib.compress(struct.pack(">I", 0x7fffffff) + b"\0" * 50_000_000)), b""),
    (chunk(b"iCCP", b"Profile without an end"), b""),
    (chunk(b"iCCP", GARBAGE, damaged=True), b""),
    (chunk(b"tRNS", b"\0\1", damaged=True), b""),
    (chunk(b"tRNS", b"\0\1"), b""),
    (chunk(b"oFFs", struct.pack(">iiB", 50, 50, 0)), b""),
    (chunk(b"gAMA", struct.pack(">I", 45455)), b""),
    (chunk(b"eXIf", GARBAGE), b""),
    (chunk(b"PLTE", b"\1\2\3"), b""),
    (chunk(b"abCd", GARBAGE, damaged=True), chunk(b"efGh", GARBAGE)),
    (b"", chunk(b"tIME", b"\7\xe8\1\1\0\0\0", damaged=True)),
])
def test_harmless_chunks(before, behind):
    """Odd, damaged or unfolding to any size: what only adds something is no reason to refuse a picture."""
    source = png(PLAIN, before=before, behind=behind)
    near(seen(convert(source=source)), expected(PLAIN, 8, RGB))
    near(seen(convert(source=source + GARBAGE)), expected(PLAIN, 8, RGB))


@pytest.mark.parametrize("interlaced", [False, True])
def test_what_stands_behind_the_rows_is_not_unfolded(interlaced):
    """It could be any number of bytes; here the end could not even be unfolded."""
    packer = zlib.compressobj()
    data = packer.compress(scanlines(PLAIN, 8, 3, interlaced) + bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 1000
    source = SIGNATURE + header(WIDTH, HEIGHT, interlaced=interlaced) + chunk(b"IDAT", data) + chunk(b"IEND")
    near(seen(convert(source=source)), expected(PLAIN, 8, RGB))


WHOLE = png(PLAIN, pieces=4)
DATA = WHOLE.index(b"IDAT")


@pytest.mark.parametrize("source", [
    WHOLE[:-1], WHOLE[:-12], WHOLE[:DATA + 60], WHOLE[:DATA + 6], WHOLE[:40], WHOLE[:20], WHOLE[:8],
    WHOLE[:DATA + 30] + b"\xaa" + WHOLE[DATA + 31:],
    WHOLE.replace(b"IDAT", b"JDAT", 1),
    SIGNATURE + chunk(b"IHDR", header(WIDTH, HEIGHT)[8:21], damaged=True) + WHOLE[33:],
    SIGNATURE + header(WIDTH, HEIGHT + 1) + WHOLE[33:],
    SIGNATURE + header(WIDTH + 1, HEIGHT) + WHOLE[33:],
    SIGNATURE + header(0, HEIGHT) + WHOLE[33:],
    SIGNATURE + header(WIDTH, HEIGHT, 7) + WHOLE[33:],
    SIGNATURE + header(WIDTH, HEIGHT, 8, 5) + WHOLE[33:],
    SIGNATURE + header(WIDTH, HEIGHT, 8, PALETTE) + WHOLE[33:],
    SIGNATURE + header(WIDTH, HEIGHT) + chunk(b"IDAT", zlib.compress(b"\5" * 58 * HEIGHT)) + chunk(b"IEND"),
    SIGNATURE + header(WIDTH, HEIGHT) + chunk(b"IDAT", GARBAGE) + chunk(b"IEND"),
    SIGNATURE + header(WIDTH, HEIGHT) + chunk(b"IEND"),
])
def test_broken_ones_are_never_half_a_picture(source):
    fails(4 if b"JDAT" in source else 1, source=source)


def test_apple_s_own_kind():
    """It begins with a chunk of its own, and its pixels are no zlib stream."""
    assert "CgBI" in fails(4, source=SIGNATURE + chunk(b"CgBI", b"\x50\0\x20\x02") + WHOLE[8:])


def test_a_sum_that_is_wrong_is_seen_in_every_part():
    """Any bit of the chunks that make the pixels: IHDR, IDATs and IEND are all that this file has."""
    for at in range(8, len(WHOLE), 17):
        garbled = bytearray(WHOLE)
        garbled[at] ^= 4
        done = run(source=bytes(garbled))
        assert done.returncode in (1, 3, 4) and not done.stdout, at


def test_limits():
    assert "more than 200 pixels" in fails(3, "--max-pixels", 200, source=WHOLE)
    # The sides are refused before memory is taken for them.
    fails(3, source=SIGNATURE + header(0x7fffffff, 0x7fffffff, 16, RGBA, True) + WHOLE[33:])


def exif(orientation, order=">"):
    return (b"MM" if order == ">" else b"II") + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x112, 3, 1, orientation, 0, 0)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_orientation(behind, order, prefix):
    """Six: what is stored at the left is seen at the top. The prefix is JPEG's, and some programs write it."""
    rows = [[255, 0, 0] * 4 + [0, 0, 255] * 4 for _ in range(4)]
    block = chunk(b"eXIf", prefix + exif(6, order))
    result = image(convert(source=png(rows, **{"behind" if behind else "before": block})))
    assert result.size == (4, 8)
    assert result.getpixel((1, 1)) == (255, 0, 0) and result.getpixel((1, 6)) == (0, 0, 255)


@pytest.fixture(scope="module", name="photo")
def fixture_photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("png") / "photo.png"
    subprocess.run(["/usr/bin/convert", "-size", "640x480", "plasma:tomato-steelblue", "-seed", "3", "-fill", "white", "-draw",
                    "circle 320,240 320,120", "-alpha", "off", "-depth", "8", path], check=True)
    return path


def chunks(data):
    at, found = 8, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        found.append(kind)
        at += 12 + length
    return found


def test_a_result_has_only_pixels(photo):
    """No time, no text, no profile; and the same bytes on every run."""
    results = {convert("--size", "320x320", "--format", "png", source=photo) for _ in range(3)}
    assert len(results) == 1
    assert set(chunks(results.pop())) == {b"IHDR", b"IDAT", b"IEND"}


def test_effort_only_costs_bytes(photo):
    results = [convert("--effort", effort, "--format", "png", source=photo) for effort in range(10)]
    assert len(results[0]) > len(results[1]) > len(results[2]) > len(results[9])
    assert all(rmse(image(result), Image.open(photo)) == 0 for result in results)
    assert convert("--format", "png", source=photo) == results[1]


@pytest.mark.parametrize("kind", ["-alpha off", "-alpha off -colorspace Gray", "-channel A -evaluate set 60%", ""])
def test_a_result_is_about_as_small_as_another_encoder_makes_it(kind, photo, tmp_path):
    """Other filters would make it a third larger."""
    subprocess.run(["/usr/bin/convert", photo, *kind.split(), "-define", "png:compression-level=6", "-define", "png:compression-filter=5",
                    "-strip", tmp_path / "other.png"], check=True)
    result = convert("--format", "png", source=tmp_path / "other.png")
    assert len(result) < 1.06 * (tmp_path / "other.png").stat().st_size
    assert list(image(result).getdata()) == list(Image.open(tmp_path / "other.png").getdata())


def test_a_large_result_is_compressed_as_it_comes(photo, tmp_path):
    """Above 16 MiB of pixels; they are the same, in several chunks."""
    subprocess.run(["/usr/bin/convert", photo, "-sample", "2500x2400!", tmp_path / "large.png"], check=True)
    result = convert("--format", "png", source=tmp_path / "large.png")
    assert chunks(result).count(b"IDAT") > 1
    assert rmse(image(result), Image.open(tmp_path / "large.png")) == 0


def test_black_and_white_has_one_bit(photo):
    result = convert("--bitonal", "--size", "301x", "--format", "png", source=photo)
    assert struct.unpack(">IIBB", result[16:26]) == (301, 226, 1, GRAY)
    gray = image(convert("--gray", "--size", "301x", "--format", "png", source=photo))
    assert rmse(image(result).convert("L"), gray.point(lambda sample: 255 if sample >= 128 else 0)) == 0
